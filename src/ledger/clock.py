"""Times as the ledger writes them: `2026-11-21T03:04:05.678Z`, UTC, milliseconds."""

import re
from datetime import UTC, datetime
from functools import lru_cache

from ledger.errors import MalformedError

SKEW_MS = 5 * 60 * 1000
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d\.\d{3}Z", re.ASCII)


def to_text(time_ms: int) -> str:
    """Return milliseconds since 1970 as text. The texts sort in the order of the times."""
    seconds, ms = divmod(time_ms, 1000)
    return f"{_second(seconds)}.{ms:03d}Z"


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def to_ms(text: str) -> int:
    """Return milliseconds since 1970; raise MalformedError `time_invalid` for another format."""
    try:
        # From Python 3.14 on `fromisoformat` takes 24:00, another spelling of the next day's 00:00.
        if not TIME.fullmatch(text) or text[11:13] > "23":
            raise ValueError(text)
        minute = _minute_s(text[:16])
    except ValueError as error:
        raise MalformedError(
            "time_invalid", "a time must have the form YYYY-MM-DDThh:mm:ss.sssZ"
        ) from error
    return (minute + int(text[17:19])) * 1000 + int(text[20:23])


@lru_cache(maxsize=1_024)
def _minute_s(text: str) -> int:
    """Return the seconds since 1970 at the start of a minute."""
    return round(datetime.fromisoformat(f"{text}:00Z").timestamp())


def from_rfc3339(text: str) -> str:
    """Return a time with any offset as the log writes times; raise MalformedError `time_invalid`.

    RFC 3339 section 5.6. Seconds are optional. Digits after the millisecond are dropped.
    """
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None or len(text) < len("2026-11-21T03:04Z"):
            raise ValueError(text)
        return to_text(int(moment.timestamp() * 1000))
    except (ValueError, OverflowError) as error:
        raise MalformedError(
            "time_invalid", "a time must look like 2026-11-21T03:04:05Z"
        ) from error


def stale_ms(time_ms: int) -> int:
    """Return when a signed time stops being fresh."""
    return time_ms + SKEW_MS + 1


def is_fresh(time_ms: int, *, now_ms: int) -> bool:
    """Tell whether a signed time is within five minutes of the server's clock."""
    return abs(time_ms - now_ms) <= SKEW_MS
