"""The log as an application of the eventsourcing library: load, save, group commit.

The library's repository loads aggregates from our events, with our mapper and permanent tags.
Writes go to the store in batches: all writes queued during one commit form the next batch.
"""

from __future__ import annotations  # annotations of nested functions cost nothing on the hot path

import asyncio
import contextlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.persistence import (
    ApplicationRecorder,
    InfrastructureFactory,
    JSONTranscoder,
    Mapper,
    ProcessRecorder,
    StoredEvent,
    TrackingRecorder,
)
from eventsourcing.utils import Environment

from ledger.domain import charter, entry, events, person, statement
from ledger.domain.charter import Charter
from ledger.domain.events import (
    Body,
    Event,
    LedgerCreated,
    Recorded,
    StatementDrafted,
    UserRegistered,
)
from ledger.domain.person import Person
from ledger.domain.statement import Statement
from ledger.errors import CorruptError, UnavailableError
from ledger.store.recorder import Recorder
from ledger.store.sqlite.store import SqliteLog
from ledger.store.writes import CommitOutcome, Receipt, Write

CACHED_AGGREGATES = 50_000
MAX_BATCH = 500
MAX_QUEUED = 20_000

State = TypeVar("State", Charter, Person, Statement)


class EventMapper(Mapper[UUID]):
    """Map events to stored states and back, with permanent tags instead of Python paths."""

    def to_stored_event(self, domain_event: Event) -> StoredEvent:  # type: ignore[override]  # the library's protocol names no body
        """Return the event encoded with a fresh salt."""
        state = events.encode(domain_event, salt=os.urandom(entry.SALT_BYTES))
        tag = domain_event.body.TAG
        return StoredEvent(domain_event.stream, domain_event.version, tag, state)

    def to_domain_event(self, stored_event: StoredEvent) -> Event:
        """Return the event; raise CorruptError if its columns and its entry differ."""
        event = events.decode(stored_event.state)
        stored = (stored_event.originator_id, stored_event.originator_version, stored_event.topic)
        if (event.stream, event.version, event.body.TAG) != stored:
            raise CorruptError("columns_mismatch", "the row's columns do not match its entry")
        return event


class _Factory(InfrastructureFactory[TrackingRecorder]):
    """Give the library our recorder."""

    def __init__(self, env: Environment, store: SqliteLog) -> None:
        super().__init__(env)
        self._store = store

    def application_recorder(self) -> ApplicationRecorder:
        return Recorder(self._store)

    def aggregate_recorder(self, purpose: str = "events") -> ApplicationRecorder:
        return self.application_recorder()

    def tracking_recorder(
        self, tracking_recorder_class: type[TrackingRecorder] | None = None
    ) -> TrackingRecorder:
        raise NotImplementedError("read models keep their own tracking")

    def process_recorder(self) -> ProcessRecorder:
        raise NotImplementedError("read models keep their own tracking")

    def close(self) -> None:
        self._store.close()


class Log(Application[UUID]):
    """All streams of one ledger."""

    def __init__(self, store: SqliteLog) -> None:
        self.store = store
        super().__init__()

    def construct_env(self, name: str, env: object = None) -> Environment:
        """Return fixed settings; by default the library reads environment variables."""
        return Environment(
            name,
            {
                "AGGREGATE_CACHE_MAXSIZE": str(CACHED_AGGREGATES),
                # A stale aggregate leads to a stale write, which `Writer` decides again.
                "AGGREGATE_CACHE_FASTFORWARD": "n",
                "DEEPCOPY_FROM_AGGREGATE_CACHE": "n",
            },
        )

    def construct_factory(self, env: Environment) -> InfrastructureFactory:
        """Return the factory of our recorder."""
        return _Factory(env, self.store)

    def construct_mapper(self) -> Mapper[UUID]:
        """Return the mapper of permanent tags."""
        return EventMapper(JSONTranscoder())

    # --- loading -------------------------------------------------------------------------------

    def charter(self) -> Charter | None:
        """Return the ledger's charter; None before the founding."""
        return self._load(charter.STREAM, Charter, charter.evolve, LedgerCreated)

    def person(self, user: UUID) -> Person | None:
        """Return a person; None for an unknown stream or one of another kind."""
        return self._load(user, Person, person.evolve, UserRegistered)

    def statement(self, statement_id: UUID) -> Statement | None:
        """Return a statement; None for an unknown stream or one of another kind."""
        return self._load(statement_id, Statement, statement.evolve, StatementDrafted)

    def _load(
        self,
        stream: UUID,
        kind: type[State],
        evolve: Callable[[State | None, Event], State],
        first: type[Body],
    ) -> State | None:
        def project(state: State | None, stream_events: Iterable[Event]) -> State | None:
            for event in stream_events:
                if state is None and not isinstance(event.body, first):
                    return None
                state = evolve(state, event)
            return state

        try:
            found = self.repository.get(stream, projector_func=project)  # type: ignore[type-var]  # the library's aggregates carry an id, ours need none
        except AggregateNotFoundError:
            return None
        # A request may name any id, and the cache holds every kind. Never return a statement as a
        # person.
        return found if isinstance(found, kind) else None

    def remember(self, stream: UUID, state: Charter | Person | Statement) -> None:
        """Cache the state after a commit."""
        if self.repository.cache is not None:
            self.repository.cache.put(stream, state)  # type: ignore[arg-type]  # as in _load

    def forget(self, streams: Iterable[UUID]) -> None:
        """Remove the cached states that a stale write was decided on."""
        for stream in streams:
            if self.repository.cache is not None:
                with contextlib.suppress(KeyError):
                    self.repository.cache.get(stream, evict=True)

    # --- reading by position -------------------------------------------------------------------

    def head(self) -> int:
        """Return the newest position."""
        return self.store.head()

    def read(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Return up to `limit` (position, state) pairs after `after`."""
        return self.store.read(after, limit)

    def events_at(self, positions: Sequence[int]) -> list[Recorded]:
        """Return the events at these positions, in the order asked for."""
        return [Recorded(pos, events.decode(state)) for pos, state in self.store.states(positions)]


class CommitTimes(NamedTuple):
    """The duration of one group commit, and how many events of each type it appended."""

    commit_s: float
    sync_s: float | None
    events: Counter[str]


class GroupCommit:
    """Commit the concurrent writes of an event loop together, in one durable transaction."""

    def __init__(
        self,
        store: SqliteLog,
        committed: Callable[[int], None],
        admit: Callable[[], None] = lambda: None,
        timed: Callable[[CommitTimes], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._committed = committed
        self._admit = admit
        self._timed = timed
        self._queue: list[tuple[Write, asyncio.Future[Receipt]]] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="group-commit")
        self._running: asyncio.Task[None] | None = None

    @property
    def queued(self) -> int:
        """How many writes wait for the next commit."""
        return len(self._queue)

    async def append(self, write: Write) -> Receipt:
        """Return the receipt once the write is durable.

        Raises what `admit` raises, and the error that `SqliteLog.commit` returns for the write.
        """
        self._admit()
        if len(self._queue) >= MAX_QUEUED:
            raise UnavailableError("overloaded", "too many writes are waiting; try again")
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._queue.append((write, future))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._queue:
            await self._gather()
            batch, self._queue = self._queue[:MAX_BATCH], self._queue[MAX_BATCH:]
            writes = [write for write, _ in batch]
            began_s = time.perf_counter()
            try:
                outcomes = await loop.run_in_executor(self._thread, self._store.commit, writes)
            except Exception as error:  # noqa: BLE001  # a bug in the store must not leave requests hanging
                self._refuse(batch, error)
                trouble = {"message": "a batch of writes was not committed", "exception": error}
                loop.call_exception_handler(trouble)
            else:
                self._answer(batch, outcomes)
                self._timed(self._times(writes, outcomes, time.perf_counter() - began_s))

    async def _gather(self) -> None:
        """Let all ready requests reach the queue, so that one commit serves them.

        Otherwise their decisions and the commit's thread compete for the interpreter lock.
        """
        waiting = 0
        while waiting < len(self._queue) < MAX_BATCH:
            waiting = len(self._queue)
            await asyncio.sleep(0)

    def _answer(
        self, batch: list[tuple[Write, asyncio.Future[Receipt]]], outcomes: list[CommitOutcome]
    ) -> None:
        newest = 0
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Receipt):
                newest = max(newest, outcome.position)
            if future.cancelled():  # the client disconnected; the event is durable anyway
                continue
            if isinstance(outcome, Receipt):
                future.set_result(outcome)
            else:
                future.set_exception(outcome)
        if newest:
            self._committed(newest)

    def _times(
        self, writes: list[Write], outcomes: list[CommitOutcome], commit_s: float
    ) -> CommitTimes:
        appended = Counter(
            event.topic
            for write, outcome in zip(writes, outcomes, strict=True)
            if isinstance(outcome, Receipt) and not outcome.repeated
            for event in write.events
        )
        return CommitTimes(commit_s, self._store.sync_s, appended)

    @staticmethod
    def _refuse(batch: list[tuple[Write, asyncio.Future[Receipt]]], error: Exception) -> None:
        failure = UnavailableError("storage_failed", "nothing was stored; try again")
        failure.__cause__ = error
        for _, future in batch:
            if not future.done():
                future.set_exception(failure)

    def close(self) -> None:
        """Finish the running batch."""
        self._thread.shutdown()
