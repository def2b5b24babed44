"""The log as an application of the eventsourcing library, with our mapper and permanent tags.

It is for threads and commands of the operator, which may wait for the storage. A running server's
commands use `store.async_log` instead.
"""

import os
from collections.abc import Iterable, Sequence
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

from ledger.domain import charter, entry, events
from ledger.domain.charter import Charter
from ledger.domain.events import (
    ErasedEvent,
    Event,
    LedgerCreated,
    Recorded,
)
from ledger.errors import ConflictError, CorruptError
from ledger.store.ports.log import LogStore
from ledger.store.recorder import Recorder
from ledger.store.startup_check import UNFINISHED


class EventMapper(Mapper[UUID]):
    """Map events to stored states and back, with permanent tags instead of Python paths."""

    def to_stored_event(self, domain_event: Event) -> StoredEvent:  # type: ignore[override]  # the library's protocol names no body
        """Return the event encoded with a fresh salt."""
        state = events.encode(domain_event, salt=os.urandom(entry.SALT_BYTES))
        tag = domain_event.body.TAG
        return StoredEvent(domain_event.stream, domain_event.version, tag, state)

    def to_domain_event(self, stored_event: StoredEvent) -> Event:
        """Return the event of a state whose entry commits to its body.

        Raises CorruptError as `events.read`, `columns_mismatch` if columns and entry differ, and
        `body_erased`.
        """
        event = self.read(stored_event)
        if isinstance(event, ErasedEvent):
            raise CorruptError("body_erased", "the body of this event was erased")
        return event

    def read(self, stored_event: StoredEvent) -> Event | ErasedEvent:
        """Return the event, or what is left of an erased one; raise as `to_domain_event`."""
        event = events.read(stored_event.state)
        tag = event.tag if isinstance(event, ErasedEvent) else event.body.TAG
        stored = (stored_event.originator_id, stored_event.originator_version, stored_event.topic)
        if (event.stream, event.version, tag) != stored:
            raise CorruptError("columns_mismatch", "the row's columns do not match its entry")
        return event


EVENTS = EventMapper(JSONTranscoder())


def _decode(state: bytes) -> Event:
    return events.decode_body(*entry.unseal(state))


class _Factory(InfrastructureFactory[TrackingRecorder]):
    """Give the library our recorder."""

    def __init__(self, env: Environment, store: LogStore) -> None:
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

    def __init__(self, store: LogStore) -> None:
        self.store = store
        super().__init__()

    def construct_env(self, name: str, env: object = None) -> Environment:
        """Return fixed settings; by default the library reads environment variables."""
        return Environment(name)

    def construct_factory(self, env: Environment) -> InfrastructureFactory:
        """Return the factory of our recorder."""
        return _Factory(env, self.store)

    def construct_mapper(self) -> Mapper[UUID]:
        """Return the mapper of permanent tags."""
        return EVENTS

    # --- loading -------------------------------------------------------------------------------

    def charter(self) -> Charter | None:
        """Return the ledger's charter; None before the founding."""

        def project(state: Charter | None, stream_events: Iterable[Event]) -> Charter | None:
            for event in stream_events:
                if state is None and not isinstance(event.body, LedgerCreated):
                    return None
                state = charter.evolve(state, event)
            return state

        try:
            return self.repository.get(charter.STREAM, projector_func=project)  # type: ignore[type-var]  # the library's aggregates carry an id, ours need none
        except AggregateNotFoundError:
            return None

    def require_open(self) -> None:
        """Raise ConflictError `log_closed` if the log was copied to another place.

        `ledger copy` then raises the epoch above that of the last restore. Raises ConflictError
        `copy_unfinished` for a copy that has no head yet.
        """
        known, head = self.charter(), self.store.head()
        if known is not None and not head.stored:
            raise ConflictError("copy_unfinished", UNFINISHED)
        if known is not None and head.epoch > known.epoch:
            detail = (
                "this log is closed: `ledger copy` moved it to another place; start the server"
                " there, or run that command again if it was interrupted"
            )
            raise ConflictError("log_closed", detail)

    # --- reading by position -------------------------------------------------------------------

    def head(self) -> int:
        """Return the newest sealed position."""
        return self.store.head().sealed

    def read(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Return up to `limit` (position, state) pairs after `after`."""
        return self.store.read(after, limit)

    def events_at(self, positions: Sequence[int]) -> list[Recorded]:
        """Return the events at these positions, in the order asked for.

        Raises CorruptError as `entry.unseal`: what is served is what the entries commit to.
        """
        return [Recorded(pos, _decode(state)) for pos, state in self.store.states(positions)]
