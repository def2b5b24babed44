"""Event streams: how many are open, of each member and in all."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from ledger.errors import TooManyError

MAX_STREAMS = 256
MAX_STREAMS_EACH = 16
PATH = "/api/stream"


class EventStreams:
    """The open event streams of one process."""

    def __init__(self, *, each: int = MAX_STREAMS_EACH, in_all: int = MAX_STREAMS) -> None:
        self._each = each
        self._in_all = in_all
        self._by_member: Counter[str] = Counter()

    @property
    def open(self) -> int:
        """How many streams are open."""
        return self._by_member.total()

    @contextmanager
    def one(self, member: str) -> Iterator[None]:
        """Count one more stream inside the block; raise TooManyError `too_many_streams`."""
        if self.open >= self._in_all or self._by_member[member] >= self._each:
            raise TooManyError("too_many_streams", "too many event streams are open")
        self._by_member[member] += 1
        try:
            yield
        finally:
            self._by_member[member] -= 1
            if not self._by_member[member]:
                del self._by_member[member]
