"""Event streams: how many are open, of each member and in all."""

from collections.abc import Iterator
from contextlib import contextmanager

from ledger.errors import TooManyError
from ledger.http.shared_holdings import MAX_STREAMS as MAX_STREAMS  # re-exported
from ledger.http.shared_holdings import Holding, Holdings

MAX_STREAMS_EACH = 16
PATH = "/api/stream"


class EventStreams:
    """The open event streams of a server; with workers, the bounds hold for all of them."""

    def __init__(
        self,
        *,
        each: int = MAX_STREAMS_EACH,
        in_all: int = MAX_STREAMS,
        holding: Holding | None = None,
    ) -> None:
        """`holding` is what this worker holds; without it the server has no others."""
        self._each = each
        self._in_all = in_all
        self._holding = holding or Holdings().row(0)

    @property
    def open(self) -> int:
        """How many streams are open."""
        return self._holding.all.streams("")[0]

    @contextmanager
    def one(self, member: str) -> Iterator[None]:
        """Count one more stream inside the block; raise TooManyError `too_many_streams`."""
        opened, own = self._holding.all.streams(member)
        if opened >= self._in_all or own >= self._each:
            raise TooManyError("too_many_streams", "too many event streams are open")
        place = self._holding.open_stream(member)
        try:
            yield
        finally:
            self._holding.close_stream(place)
