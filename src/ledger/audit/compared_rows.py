"""Stored rows as reports may use them: each compared with its entry, its body and its leaf hash.

Who changes the database can change a row that no report shows, and so what another row seems to
mean. Therefore reports take times and erasures from compared rows too.
"""

from typing import NamedTuple
from uuid import UUID

from ledger import clock
from ledger.audit.source import AuditedLog, EventRow
from ledger.domain import entry, events
from ledger.domain.entry import Entry
from ledger.domain.erasure import StatedErasure
from ledger.domain.events import ErasedEvent, Event
from ledger.errors import CorruptError, LedgerError, MalformedError

MOST_SHOWN = 10


class ComparedRow(NamedTuple):
    """A row whose columns, entry, body and leaf hash agree; an erased body is not there."""

    position: int
    envelope: Entry
    event: Event | ErasedEvent
    leaf: bytes


def compared(row: EventRow) -> ComparedRow:
    """Return what a row says; raise CorruptError if stored bytes contradict each other."""
    position, stream, version, tag, state, leaf = row
    if not isinstance(state, bytes):
        raise _missing(position)
    try:
        envelope, event = events.read_with_entry(state)
    except LedgerError as error:
        detail = f"at position {position}, {error.detail}"
        raise CorruptError(error.code, detail, position=position) from error
    hashed = entry.leaf_hash(state)
    if hashed != leaf:
        detail = f"at position {position}, the stored leaf hash does not match the entry"
        raise CorruptError("leaf_mismatch", detail, position=position)
    if (stream, version, tag) != (envelope.stream.bytes, envelope.seq, envelope.type):
        detail = f"at position {position}, the row's columns do not match its entry"
        raise CorruptError("columns_mismatch", detail, position=position)
    return ComparedRow(position, envelope, event, hashed)


def compared_at(rows: AuditedLog, position: int) -> ComparedRow:
    """Return what the row at a position says; raise CorruptError as `compared`."""
    row = next(rows.events(position - 1, position), None)
    if row is None:
        raise _missing(position)
    return compared(row)


def time_ms_at(rows: AuditedLog, position: int) -> int:
    """Return the time of a position in milliseconds since 1970; raise CorruptError."""
    try:
        return clock.to_ms(compared_at(rows, position).envelope.at)
    except MalformedError as error:
        raise CorruptError("entry_malformed", error.detail, position=position) from error


def erasures_of(rows: AuditedLog) -> dict[UUID, StatedErasure]:
    """Return what a log states of erasures, by stream.

    Raises CorruptError as `compared`, or `erasure_unknown` if an erased body is recorded with an
    event that does not state its position.
    """
    places: dict[object, list[object]] = {}
    for position, by in rows.erased():
        places.setdefault(by, []).append(position)
    found: dict[UUID, StatedErasure] = {}
    for by, positions in places.items():
        event = compared_at(rows, by).event if isinstance(by, int) else None
        body = event.body if isinstance(event, Event) else None
        if event is None or not isinstance(body, StatedErasure) or {*positions} - {*body.positions}:
            shown = ", ".join(map(repr, positions[:MOST_SHOWN]))
            detail = f"position {by!r} is recorded as erasing {shown}, and does not state it"
            raise CorruptError("erasure_unknown", detail)
        found[event.stream] = body
    return found


def _missing(position: object) -> CorruptError:
    return CorruptError("position_missing", f"the event at position {position} is missing")
