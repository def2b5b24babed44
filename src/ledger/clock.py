"""Times as the ledger writes them: `2026-11-21T03:04:05.678Z`, UTC, milliseconds."""

import re
from datetime import UTC, datetime
from functools import lru_cache

from ledger.errors import MalformedError

SKEW_MS = 5 * 60 * 1000
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)


def to_text(time_ms: int) -> str:
    """Return milliseconds since 1970 as text; such texts sort as the times do."""
    seconds, ms = divmod(time_ms, 1000)
    return f"{_second(seconds)}.{ms:03d}Z"


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def to_ms(text: str) -> int:
    """Return milliseconds since 1970; raise MalformedError `time_invalid` for any other form."""
    try:
        if not _TIME.fullmatch(text):
            raise ValueError(text)
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise MalformedError("time_invalid", "a time is YYYY-MM-DDThh:mm:ss.sssZ") from error
    return round(moment.timestamp() * 1000)


def is_fresh(time_ms: int, *, now_ms: int) -> bool:
    """Tell whether a signer's clock is within five minutes of the server's."""
    return abs(time_ms - now_ms) <= SKEW_MS
