"""The events that a bundle is of, in outline: all their bodies can be more than the memory."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from ledger.domain import events
from ledger.domain.charter import STREAM
from ledger.domain.events import (
    ErasedEvent,
    KeyAdded,
    KeyAttested,
    Recorded,
    ServiceAccountAdded,
    StatementDrafted,
    StatementRecord,
    UserRegistered,
)
from ledger.publish.stream_events import StreamEvents
from ledger.store.ports.log import StoreReader
from ledger.verify.container import Mode
from ledger.verify.involved import involved

KEYS = (KeyAttested.TAG, ServiceAccountAdded.TAG)
_PAGE = 16


class Involved(msgspec.Struct, frozen=True):
    """What a bundle is of: its streams, and its events without their bodies.

    `statements` are the drafted ones among the streams, and `used` the invitations by which people
    among the events registered.
    """

    named: tuple[str, ...]
    mode: Mode
    streams: tuple[UUID, ...]
    events: tuple["EventOutline", ...]
    used: frozenset[str | None]

    @property
    def statements(self) -> frozenset[str]:
        """The statements that are drafted in the events, those that are named too."""
        return frozenset(
            str(each.stream) for each in self.events if each.tag == StatementDrafted.TAG
        )

    @property
    def heads(self) -> dict[str, int]:
        """How many events each stream has."""
        return {str(each.stream): each.version for each in self.events if not each.is_erased}


class EventOutline(NamedTuple):
    """Where an event stands, and its type."""

    position: int
    stream: UUID
    version: int
    tag: str
    is_erased: bool


class InvolvedEvents:
    """Finds the events that bundles of a log, up to a position, are of."""

    def __init__(self, store: StoreReader, last: int) -> None:
        self._store = store
        self._last = last
        self._events = StreamEvents(store, last)
        self._outlines: dict[int, EventOutline] = {}
        self._used: set[str | None] = set()

    def of(self, statements: Sequence[str], mode: Mode) -> Involved:
        """Return what the bundle of these statements is of; raise as `events.read` does."""
        names = [UUID(each) for each in statements]
        streams = self._of_full_log(names) if mode == "full" else involved(names, self._outlined)
        in_order = tuple(self._outlines[position] for position in sorted(self._outlines))
        return Involved(tuple(statements), mode, tuple(streams), in_order, frozenset(self._used))

    def _outlined(self, stream: UUID) -> Iterator[Recorded]:
        for position, _, event in self._events.stored(stream):
            is_erased = isinstance(event, ErasedEvent)
            tag = event.tag if isinstance(event, ErasedEvent) else event.body.TAG
            outline = EventOutline(position, stream, event.version, tag, is_erased)
            self._outlines[position] = outline
            if isinstance(event, ErasedEvent):
                continue
            if isinstance(event.body, UserRegistered):
                self._used.add(event.body.invitation)
            yield Recorded(position, event)

    def _of_full_log(self, names: Sequence[UUID]) -> list[UUID]:
        """Return the streams of the whole log from which its exhibits follow.

        They are those of the ledger, of the statements, and of the owners of the keys that signed.
        """
        bodies = (each.event.body for name in names for each in self._outlined(name))
        kids = {body.kid for body in bodies if isinstance(body, StatementRecord)}
        attested = [each for tag in KEYS for each in self._store.positions(tag, self._last)]
        owners = {
            event.stream
            for start in range(0, len(attested), _PAGE)
            for _, state in self._store.states(attested[start : start + _PAGE])
            for event in [events.decode(state)]
            if isinstance(event.body, KeyAdded) and event.body.kid in kids
        }
        others = {STREAM, *owners}.difference(names)
        for name in others:
            for _ in self._outlined(name):
                pass  # its events are outlined
        return [*names, *others]
