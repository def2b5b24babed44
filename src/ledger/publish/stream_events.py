"""The events of a log's streams, read a few at a time: a decision can be as long as a document."""

from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

from ledger.domain import entry, events
from ledger.domain.events import ErasedEvent, Event, Recorded
from ledger.store.ports.log import StoreReader

# Read at once; fewer where they are long, because a state is copied a few times as it is read.
_MOST_AT_ONCE = 64
_MOST_BYTES = 250_000


class StreamEvent(NamedTuple):
    """An event, or what is left of an erased one, with its state as the log has it."""

    position: int
    state: bytes
    event: Event | ErasedEvent


class StreamEvents:
    """The streams of a log up to a position."""

    def __init__(self, store: StoreReader, last: int) -> None:
        self._store = store
        self._last = last

    def stored(self, stream: UUID) -> Iterator[StreamEvent]:
        """Yield a stream's events, the erased ones too, in order; raise as `events.read` does."""
        version, limit = 0, 1
        while rows := self._store.placed(stream, self._last, gt=version, limit=limit):
            is_long = sum(len(state) for _, state in rows) > _MOST_BYTES
            limit = max(1, limit // 2) if is_long else min(_MOST_AT_ONCE, limit * 2)
            for position, state in rows:
                each = StreamEvent(position, state, events.read(state))
                version = max(version + 1, each.event.version)
                yield each

    def recorded(self, stream: UUID) -> Iterator[Recorded]:
        """Yield a stream's events but for those that were erased; raise as `stored`."""
        for each in self.stored(stream):
            if isinstance(each.event, Event):
                yield Recorded(each.position, each.event)

    def extent(self, stream: UUID) -> tuple[int, int]:
        """Return how many events a stream has, and their bytes; reads none of them."""
        return self._store.extent(self._last, stream)

    def newest(self, stream: UUID) -> int:
        """Return the position of a stream's newest event, 0 without one."""
        count, _ = self.extent(stream)
        rows = self._store.placed(stream, self._last, gt=count - 1, limit=1)
        return rows[-1][0] if rows else 0

    def signature(self, position: int) -> bytes:
        """Return the signature of the event at a position."""
        return events.signature_of(events.decode(self._state(position)).body).encode()

    def body(self, position: int) -> bytes:
        """Return salt and body of the event at a position."""
        return entry.cut(self._state(position))[1]

    def _state(self, position: int) -> bytes:
        ((_, state),) = self._store.states([position])
        return state
