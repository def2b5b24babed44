"""Turn commands into events in two phases: load what is needed, then decide.

A decision is a pure function of a `Reading`. It runs on what this process knows; if something is
missing, it is loaded in one round trip and the decision runs again. The log takes the events only
if everything that the decision read is unchanged; otherwise that is loaded, and the decision is
repeated. So decisions are serializable in log order, for any number of processes.
"""

import asyncio
from collections.abc import Callable
from functools import reduce
from typing import Any, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

import msgspec

from ledger import clock
from ledger.commands.known import KnownLog, Loaded, Reads
from ledger.commands.ledger_clock import LedgerClock
from ledger.commands.reading import NotLoadedError, Reading
from ledger.domain.charter import STREAM
from ledger.domain.erasure import StatedErasure
from ledger.domain.events import (
    Body,
    Effect,
    Event,
    actor,
    claims,
    memberships,
)
from ledger.domain.receipts import request_key
from ledger.errors import LedgerError, StaleError, UnavailableError
from ledger.store.async_log import AsyncLog
from ledger.store.log import EVENTS
from ledger.store.ports.log import Receipt, Write
from ledger.store.results import require_stored

MAX_TRIES = 20
# Decisions over more text than this run in a thread, so that the event loop answers others.
LARGE_BYTES = 64 * 1024

T = TypeVar("T")


class Answer(msgspec.Struct, frozen=True):
    """The answer to a durable command: its JSON, and whether the request was a repetition.

    `of_change` is whether it decided on a change.
    """

    body: bytes
    position: int
    repeated: bool
    actor: str | None = None
    of_change: bool = False


class Plan(msgspec.Struct, frozen=True):
    """The events to append to one stream whose state is `before`, and the answer's members.

    `effects` follow them in the same commit, each in the stream that it concerns; the decision has
    read these streams. The decision holds at any time before `until_ms`; None for no end.
    """

    stream: UUID
    before: Any
    evolve: Callable[[Any, Event], Any]
    bodies: tuple[Body, ...]
    answer: dict[str, object]
    until_ms: int | None = None
    effects: tuple[Effect, ...] = ()


Decider = Callable[[Reading], Plan]


class Request(msgspec.Struct, frozen=True):
    """A command as it was asked for: its kind, its evidence, and the stream it writes to.

    `needs` are the streams and names that its decision reads in any case; naming them saves round
    trips, and nothing else.
    """

    kind: str
    evidence: str
    stream: UUID
    streams: tuple[UUID, ...] = ()
    names: tuple[str, ...] = ()


class _StreamLock(asyncio.Lock):
    """Held by one writer of a stream at a time, so that none makes another's decision stale.

    It is held to decide and to store, and never to load: otherwise many forgeries about a statement
    would wait for the database one after the other, and everybody else with them.
    """

    stored = 0  # how many requests were stored under it


class Writer:
    """Turn decisions into durable events, exactly once for each piece of evidence."""

    def __init__(self, log: AsyncLog, clock: LedgerClock) -> None:
        self._log = log
        self._clock = clock
        self.seen = KnownLog()  # what this process knows of the log
        self.blocked: frozenset[str] = frozenset()  # by the organisation, as of now
        self._locks: WeakValueDictionary[UUID, _StreamLock] = WeakValueDictionary()

    def now_ms(self) -> int:
        """Return the time in milliseconds since 1970, for reading."""
        return self._clock.now_ms()

    def steady_ms(self) -> int:
        """Return `LedgerClock.steady_ms`."""
        return self._clock.steady_ms()

    async def ask(self, question: Callable[[Reading], T], *, fresh: bool = False) -> T:
        """Return the answer to a question about the log; it may be asked several times.

        Use `fresh` for answers that no commit checks: it loads everything that the question reads,
        because what this process knows may be older than another process's commit. Refusals are
        always fresh. Raises what the question raises.
        """
        loaded = Loaded()
        while True:
            reading = Reading(self.seen, loaded, self._clock.now_ms(), self.blocked)
            try:
                answer = question(reading)
            except NotLoadedError:
                await self._load(reading.reads, loaded)
            except LedgerError:
                if not await self._refresh(reading, loaded):
                    raise
            else:
                if not fresh or not await self._refresh(reading, loaded):
                    return answer

    async def known(self, kind: str, evidence: str) -> Answer | None:
        """Return the earlier answer to this evidence, None if there is none."""
        return await self._known(request_key(kind, evidence))

    async def _known(self, key: bytes) -> Answer | None:
        receipt = await self._load(Reads(), Loaded(), key)
        return None if receipt is None else _answer(receipt)

    async def write(self, request: Request, decide: Decider) -> Answer:
        """Decide, append and answer; repeat the first answer for the same evidence.

        Raises what `decide` raises, and UnavailableError `contended` or as `require_stored` and
        `LedgerClock.decision_ms`.
        """
        key = request_key(request.kind, request.evidence)
        large = len(request.evidence) > LARGE_BYTES
        lock = self._locks.setdefault(request.stream, _StreamLock())
        loaded, before = Loaded(), lock.stored
        receipt = await self._load_unknown(request, loaded, key)
        for _ in range(MAX_TRIES):
            if receipt is not None:
                return _answer(receipt)
            async with lock:
                try:
                    now_ms = self._clock.decision_ms()
                except UnavailableError:
                    answer = await self._known(key)  # a repetition writes nothing
                    if answer is None:
                        raise
                    return answer
                reading = Reading(self.seen, loaded, now_ms, self.blocked)
                try:
                    plan = await asyncio.to_thread(decide, reading) if large else decide(reading)
                except NotLoadedError:
                    missing = reading.reads
                except LedgerError:
                    # Another request was stored since the load: it may have been the same one.
                    is_old = lock.stored != before
                    missing = reading.reads if is_old else reading.reads.without(loaded)
                    if not missing:
                        raise
                else:
                    try:
                        return await self._store(key, plan, reading, lock)
                    except StaleError:
                        missing = reading.reads
            before = lock.stored
            receipt = await self._load(missing, loaded, key)
        raise UnavailableError("contended", "too many concurrent requests; try again")

    async def _store(self, key: bytes, plan: Plan, reading: Reading, lock: "_StreamLock") -> Answer:
        """Append what was decided; raise StaleError if what it read has changed."""
        events = _events(plan, reading)
        stored = require_stored(await self._log.append(_to_write(key, plan, events, reading)))
        if stored.repeated:
            return _answer(stored)
        lock.stored += 1
        self._clock.saw(stored.at_ms)
        if stored.at_ms != reading.now_ms:
            events = _stamped(events, stored.at_ms)
        own = len(plan.bodies)
        self.seen.keep(plan.stream, reduce(plan.evolve, events[:own], plan.before))
        for event in events[own:]:
            self.seen.follow(event)
        return _answer(stored, actor(events[0]))

    async def _load_unknown(self, request: Request, loaded: Loaded, key: bytes) -> Receipt | None:
        """Load what the request is known to need and this process does not know, if anything."""
        if self.seen.has(request.streams, request.names):
            return None
        missing = Reads(
            {each for each in request.streams if self.seen.state(each) is None},
            {each for each in request.names if self.seen.owner(each) is None},
        )
        return await self._load(missing, loaded, key)

    async def _refresh(self, reading: Reading, loaded: Loaded) -> bool:
        """Load what the reading took from before the request; return False if there is nothing."""
        unread = reading.reads.without(loaded)
        if unread:
            await self._load(unread, loaded)
        return bool(unread)

    async def _load(self, reads: Reads, loaded: Loaded, key: bytes = b"") -> Receipt | None:
        """Load in one round trip; return the receipt of an earlier request with this key."""
        if self.seen.losses is None:  # people are folded with them
            reads = Reads(reads.streams | {STREAM}, reads.names, reads.groups)
        known = self.seen.states(reads.streams)
        needs = reads.needs(key, known)
        facts = await self._log.load(needs)
        self.seen.learn(facts, known, reads.names)
        self._clock.saw(facts.head.at_ms)
        loaded.note(reads, needs, facts)
        return facts.receipt


def _to_write(key: bytes, plan: Plan, events: tuple[Event, ...], reading: Reading) -> Write:
    groups = memberships(events)
    ends = [end for end in (plan.until_ms, reading.until_ms) if end is not None]
    written = {event.stream for event in events}
    return Write(
        key=key,
        events=tuple(map(EVENTS.to_stored_event, events)),
        answer=msgspec.json.encode(plan.answer),
        claims=tuple((name, event.stream) for event in events for name in claims(event)),
        joins=tuple(moved for moved, present in groups.items() if present),
        leaves=tuple(moved for moved, present in groups.items() if not present),
        reads=tuple((s, v) for s, v in reading.versions.items() if s not in written),
        groups=tuple(reading.groups.items()),
        until_ms=min(ends) if ends else None,
        erases=tuple(
            (nth, position)
            for nth, event in enumerate(events)
            if isinstance(event.body, StatedErasure)
            for position in event.body.positions
        ),
    )


def _events(plan: Plan, reading: Reading) -> tuple[Event, ...]:
    at = clock.to_text(reading.now_ms)
    newest = reading.versions | {plan.stream: 0 if plan.before is None else plan.before.version}
    events = []
    for stream, body in [*((plan.stream, body) for body in plan.bodies), *plan.effects]:
        newest[stream] += 1
        events.append(Event(stream=stream, version=newest[stream], at=at, body=body))
    return tuple(events)


def _stamped(events: tuple[Event, ...], at_ms: int) -> tuple[Event, ...]:
    """Return events with the time at which the log stored them, which may be later."""
    at = clock.to_text(at_ms)
    return tuple(msgspec.structs.replace(each, at=at) for each in events)


def _answer(receipt: Receipt, who: str | None = None) -> Answer:
    place = b'{"position":%d,"leafIndex":%d' % (receipt.position, receipt.position - 1)
    rest = receipt.answer[1:]
    body = place + (b"," if rest != b"}" else b"") + rest
    return Answer(body=body, position=receipt.position, repeated=receipt.repeated, actor=who)
