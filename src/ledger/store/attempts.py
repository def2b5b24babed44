"""Whether a request has tried to store anything yet, so that a stop can tell its client."""

from contextvars import ContextVar


class Attempt:
    """What one request has done so far; for the event loop's thread."""

    def __init__(self) -> None:
        self.has_begun = False


_CURRENT: ContextVar[Attempt | None] = ContextVar("attempt", default=None)


def watch() -> Attempt:
    """Return the attempt of the current request, which begins now."""
    attempt = Attempt()
    _CURRENT.set(attempt)
    return attempt


def current() -> Attempt | None:
    """Return the attempt of the current request; None outside of requests."""
    return _CURRENT.get()


def begin(attempt: Attempt | None) -> None:
    """Note that something of this request is handed to a storage engine to be stored."""
    if attempt is not None:
        attempt.has_begun = True
