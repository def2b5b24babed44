"""Times as the ledger writes them: `2026-11-21T03:04:05.678Z`, UTC, milliseconds."""

import re
from datetime import UTC, datetime
from functools import lru_cache

from ledger.errors import MalformedError, RefusedError

SKEW_MS = 5 * 60 * 1000
DAY_MS = 24 * 60 * 60 * 1000
LAST_MS = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z, the last time that has this form
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d\.\d{3}Z", re.ASCII)
# The same in two parts: the first repeats from event to event, so it is read and written once.
_MINUTE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d", re.ASCII)
_REST = re.compile(r":[0-5]\d\.\d{3}Z", re.ASCII)


def to_text(time_ms: int) -> str:
    """Return milliseconds since 1970 as text. The texts sort in the order of the times."""
    minutes, ms = divmod(time_ms, 60_000)
    return f"{_minute(minutes)}:{ms // 1000:02d}.{ms % 1000:03d}Z"


@lru_cache(maxsize=1_024)
def _minute(minutes: int) -> str:
    return f"{datetime.fromtimestamp(minutes * 60, UTC):%Y-%m-%dT%H:%M}"


def to_ms(text: str) -> int:
    """Return milliseconds since 1970; raise MalformedError `time_invalid` for another format."""
    try:
        if not _REST.fullmatch(text, 16):
            raise ValueError(text)
        return _minute_ms(text[:16]) + int(text[17:19] + text[20:23])
    except ValueError as error:
        raise MalformedError(
            "time_invalid", "a time must have the form YYYY-MM-DDThh:mm:ss.sssZ"
        ) from error


@lru_cache(maxsize=1_024)
def _minute_ms(text: str) -> int:
    """Return the milliseconds since 1970 at the start of a minute."""
    # From Python 3.14 on `fromisoformat` takes 24:00, another spelling of the next day's 00:00.
    if not _MINUTE.fullmatch(text) or text[11:13] > "23":
        raise ValueError(text)
    return round(datetime.fromisoformat(f"{text}:00Z").timestamp()) * 1000


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


def stale_ms(time_ms: int, freshness_ms: int = SKEW_MS) -> int:
    """Return when a signed time stops being fresh."""
    return time_ms + freshness_ms + 1


def is_fresh(time_ms: int, *, now_ms: int, freshness_ms: int = SKEW_MS) -> bool:
    """Tell whether a signed time is at most so long ago, and at most five minutes ahead."""
    return -SKEW_MS <= now_ms - time_ms <= freshness_ms


def require_after(signed_s: int, created_ms: int) -> None:
    """Require that nobody signed about a document before it was made, however old it may be.

    The clocks of signer and drafter may each differ by five minutes. Raises RefusedError
    `iat_stale`.
    """
    if signed_s * 1000 < created_ms - 2 * SKEW_MS:
        raise RefusedError("iat_stale", "signed before the time of the document")
