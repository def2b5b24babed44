"""What this process knows of the log: folded streams, owners of names, groups.

All of it was true once and may be out of date. When the events of an accepted decision are
appended, the log compares what the decision read. A refusal is repeated on states that were loaded
after the request arrived.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from eventsourcing.persistence import StoredEvent

from ledger.domain import charter, erasure, events, person, statement
from ledger.domain.charter import STREAM, Charter
from ledger.domain.epochs import Loss
from ledger.domain.events import ErasedEvent, Event
from ledger.domain.person import Person
from ledger.domain.statement import Statement
from ledger.store.log import EVENTS
from ledger.store.ports.log import Facts, Membership, Needs

CACHED_STREAMS = 20_000  # some 100 MiB of statements
CACHED_NAMES = 100_000

State = Charter | Person | Statement
_EVOLVE: dict[events.StreamKind, Callable[[Any, Event], State]] = {
    "ledger": charter.evolve,
    "statement": statement.evolve,
}


def _next(state: Any, event: Event, losses: Sequence[Loss]) -> State:
    kind = event.body.MEANING.stream
    if kind == "person":
        return person.evolve(state, event, losses)
    return _EVOLVE[kind](state, event)


class KnownLog:
    """Caches of bounded size; an absent entry is not known, and says nothing of the log."""

    def __init__(self) -> None:
        self._states: OrderedDict[UUID, State] = OrderedDict()
        self._owners: dict[str, UUID] = {}
        self._groups: dict[str, Membership] = {}
        # Those of the ledger, which a person is folded with; None before its stream was loaded.
        self.losses: tuple[Loss, ...] | None = None

    def state(self, stream: UUID) -> State | None:
        """Return a stream as it was when last seen, None if it is not known."""
        state = self._states.get(stream)
        if state is not None:
            try:  # noqa: SIM105  # of all calls in an approval, a thirtieth were of `suppress` here
                self._states.move_to_end(stream)
            except KeyError:  # a decision in a thread can meet an eviction
                pass
        return state

    def states(self, streams: Iterable[UUID]) -> dict[UUID, State]:
        """Return those of these streams that are known."""
        found = ((stream, self._states.get(stream)) for stream in streams)
        return {stream: state for stream, state in found if state is not None}

    def has(self, streams: Iterable[UUID], names: Iterable[str]) -> bool:
        """Tell whether all of these streams and owners of names are known."""
        return all(map(self._states.__contains__, streams)) and all(
            map(self._owners.__contains__, names)
        )

    def owner(self, name: str) -> UUID | None:
        """Return the stream that claimed a name; None if it is not known."""
        return self._owners.get(name)

    def group(self, name: str) -> Membership | None:
        """Return a group as it was when last seen, None if it is not known."""
        return self._groups.get(name)

    def keep(self, stream: UUID, state: State) -> None:
        """Keep the newest state of a stream."""
        known = self._states.get(stream)
        if known is None or known.version < state.version:
            self._states[stream] = state
            if isinstance(state, Charter):
                self._lose(state.losses)
            self._states.move_to_end(stream)
            if len(self._states) > CACHED_STREAMS:
                self._states.popitem(last=False)

    def _lose(self, losses: tuple[Loss, ...]) -> None:
        """Forget everybody if there is a new loss: their later events were folded without it."""
        if losses != (self.losses or ()):
            people = [each for each, state in self._states.items() if isinstance(state, Person)]
            for each in people:
                del self._states[each]
        self.losses = losses

    def follow(self, event: Event) -> None:
        """Fold an event that was appended after the newest known state of its stream."""
        known = self._states.get(event.stream)
        if known is not None and known.version + 1 == event.version:
            self.keep(event.stream, _next(known, event, self.losses or ()))

    def learn(self, facts: Facts, before: dict[UUID, State], names: Iterable[str] = ()) -> None:
        """Fold what was loaded into what is known; `names` are those that were looked up.

        `before` are the states whose versions were stated as known; the cache may have dropped some
        since, and the events that were loaded continue them.
        """
        # The ledger's own stream comes first: people are folded with its losses.
        for stream, stored in sorted(facts.events.items(), key=lambda each: each[0] != STREAM):
            kept, stated = self._states.get(stream), before.get(stream)
            is_newer = kept is not None and (stated is None or kept.version > stated.version)
            state = _fold(kept if is_newer else stated, stored, self.losses or ())
            if state is not None:
                self.keep(stream, state)
        if len(self._owners) > CACHED_NAMES:
            self._owners.clear()
        for name in names:  # a person's name is free again once it is erased
            self._owners.pop(name, None)
        self._owners |= facts.owners
        self._groups |= facts.groups


class Reads(msgspec.Struct):
    """Which streams, names and groups a decision read."""

    streams: set[UUID] = msgspec.field(default_factory=set)
    names: set[str] = msgspec.field(default_factory=set)
    groups: set[str] = msgspec.field(default_factory=set)
    placed: set[UUID] = msgspec.field(default_factory=set)  # streams whose positions it read

    def without(self, other: "Reads") -> "Reads":
        """Return what is here and not in the other."""
        return Reads(
            self.streams - other.streams,
            self.names - other.names,
            self.groups - other.groups,
            self.placed - other.placed,
        )

    def add(self, other: "Reads") -> None:
        """Add everything that the other has."""
        self.streams |= other.streams
        self.names |= other.names
        self.groups |= other.groups
        self.placed |= other.placed

    def needs(self, key: bytes, known: dict[UUID, State]) -> Needs:
        """Return what to load so that all of this is up to date, given the states known."""
        versions = {stream: state.version for stream, state in known.items()}
        return Needs(
            key=key,
            streams=tuple((stream, versions.get(stream, 0)) for stream in self.streams),
            names=tuple(self.names),
            groups=tuple(self.groups),
            placed=tuple(self.placed),
        )

    def __bool__(self) -> bool:
        return bool(self.streams or self.names or self.groups or self.placed)


class Loaded(Reads):
    """What was loaded since a request arrived, and which streams and names did not exist.

    A stream that was loaded and is not known any more was pushed out of the cache by others.
    """

    absent: set[UUID | str] = msgspec.field(default_factory=set)
    positions: dict[UUID, tuple[int, ...]] = msgspec.field(default_factory=dict)

    def note(self, reads: Reads, needs: Needs, facts: Facts) -> None:
        """Note what a load answered."""
        self.add(reads)
        self.positions |= facts.placed
        self.absent.update(name for name in needs.names if name not in facts.owners)
        self.absent.update(
            stream for stream, after in needs.streams if not after and not facts.events[stream]
        )


def _fold(
    state: State | None, stored: Iterable[StoredEvent], losses: Sequence[Loss]
) -> State | None:
    for each in stored:
        # An event can arrive that a commit has brought before, or one that does not continue what
        # is known, because the cache forgot the stream during the load.
        if each.originator_version == (0 if state is None else state.version) + 1:
            event = EVENTS.read(each)
            if isinstance(event, ErasedEvent):
                state = (
                    erasure.next_unnamed(state, event)
                    if isinstance(state, Person)
                    else statement.without_bodies(event)
                )
            else:
                state = _next(state, event, losses)
    return state
