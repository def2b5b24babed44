"""Every statement of a log in outline: its title, type, status and times, from one pass.

Statuses are those that the events record; `ledger audit` recomputes them.
"""

from collections.abc import Iterator
from uuid import UUID

import msgspec

from ledger import clock
from ledger.audit.compared_rows import time_ms_at
from ledger.audit.named import drafted_statement
from ledger.audit.source import STATEMENT_TAGS, AuditedLog, RowFilter
from ledger.audit.stored_events import StoredEvent, stored_events
from ledger.domain import charter
from ledger.domain.charter import Charter
from ledger.domain.document import DocumentType
from ledger.domain.events import (
    BodiesErased,
    Body,
    Event,
    StatementDrafted,
    StatementRejected,
    StatementSigned,
    StatementSuperseded,
    StatementWithdrawn,
    StatementWithdrawnByChange,
)
from ledger.domain.policy import Policy
from ledger.domain.vocabulary import Status
from ledger.errors import CorruptError


class OutlinedStatement(msgspec.Struct):
    """A statement; `status` is the recorded one, and `since` the time of the event that set it."""

    id: str
    position: int
    title: str
    sha256: str
    type: DocumentType | None
    creator: str
    drafted_at: str
    ends_ms: int
    policy: Policy
    status: Status = "pending"
    since: str = ""

    @property
    def type_in_words(self) -> str:
        """The name and version of its type, such as `offer 2`; empty without a type."""
        return "" if self.type is None else f"{self.type.name} {self.type.version}"

    def status_at(self, now_ms: int, known: Charter) -> Status:
        """Return the status at a time; a pending statement expires without an event."""
        stopped = known.stops(self.type, self.drafted_at)
        ended = self.status == "pending" and (stopped or self.ends_ms <= now_ms)
        return "expired" if ended else self.status


class StatementOutline:
    """The statements as of the events taken so far, by stream."""

    def __init__(self) -> None:
        self.statements: dict[UUID, OutlinedStatement] = {}

    def take(self, found: StoredEvent) -> None:
        """Take the next event of a statement; raise CorruptError `stream_unknown`."""
        position, event, *_ = found
        body = event.body
        if isinstance(body, StatementDrafted):
            self.statements[event.stream] = _outlined(position, event, body)
            return
        if isinstance(body, BodiesErased):
            return  # nothing is known of it but its entries
        known = self.statements.get(event.stream)
        if known is None:
            raise CorruptError("stream_unknown", f"there is no draft of {event.stream}")
        status = recorded_status(body)
        if status is not None and status != known.status:
            known.status, known.since = status, event.at


def recorded_status(body: Body) -> Status | None:
    """Return the status that an event records, None if it leaves the status as it was."""
    if isinstance(body, StatementSigned | StatementRejected):
        return body.status
    if isinstance(body, StatementWithdrawn | StatementWithdrawnByChange):
        return "withdrawn"
    return "superseded" if isinstance(body, StatementSuperseded) else None


def events_of_statements(rows: AuditedLog, last: int | None = None) -> Iterator[StoredEvent]:
    """Yield the events of all statements, changes too, up to a position."""
    return stored_events(rows, RowFilter(last=last, tags=STATEMENT_TAGS))


def charter_at(rows: AuditedLog, last: int | None = None) -> Charter:
    """Return the charter as of a position; raise CorruptError `position_missing` without one."""
    state: Charter | None = None
    for each in stored_events(rows, RowFilter(last=last, stream=charter.STREAM.bytes)):
        state = charter.evolve(state, each.event)
    if state is None:
        raise CorruptError("position_missing", "the log does not begin with the ledger's creation")
    return state


def newest_ms(rows: AuditedLog, last: int | None = None) -> int:
    """Return the time of the newest event up to a position, in milliseconds since 1970.

    Raises CorruptError as `compared_rows.compared`.
    """
    return time_ms_at(rows, rows.newest() if last is None else last)


def _outlined(position: int, event: Event, body: StatementDrafted) -> OutlinedStatement:
    draft = drafted_statement(body)
    return OutlinedStatement(
        id=draft.id,
        position=position,
        title=draft.title,
        sha256=draft.sha256,
        type=draft.type,
        creator=draft.creator,
        drafted_at=event.at,
        ends_ms=clock.to_ms(draft.ends_at),
        policy=draft.policy,
        since=event.at,
    )
