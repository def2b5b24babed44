"""Events as a report reads them: each entry compared with its row, its body and its leaf hash.

No decision is recomputed here: `ledger audit` does that. Reports of a person or of a statement read
only the rows that a filter finds, so they do not show that no event is missing; an audit does.
"""

from collections.abc import Iterator
from typing import NamedTuple

from ledger.audit.source import AuditedLog, EventRow, RowFilter
from ledger.domain import entry, events
from ledger.domain.events import Event
from ledger.errors import CorruptError, LedgerError

EVERYTHING = RowFilter()


class StoredEvent(NamedTuple):
    """An event with its position, its leaf hash, and the hash that its entry commits to, in hex."""

    position: int
    event: Event
    leaf: bytes
    body_sha256: str


def stored_events(rows: AuditedLog, wanted: RowFilter = EVERYTHING) -> Iterator[StoredEvent]:
    """Yield the events that a filter finds, in order.

    Raises CorruptError if stored bytes contradict each other, or a position of a period is missing.
    """
    dense = wanted.is_period
    last = wanted.after
    for row in rows.filtered(wanted):
        if dense and row[0] != last + 1:
            raise CorruptError("position_missing", f"position {last + 1} is missing")
        last = row[0]
        yield stored_event(row)
    if dense and wanted.last is not None and last < wanted.last:
        raise CorruptError("position_missing", f"position {last + 1} is missing")


def stored_event(row: EventRow) -> StoredEvent:
    """Return the event of a row; raise CorruptError if stored bytes contradict each other."""
    position, stream, version, tag, state, leaf = row
    if not isinstance(state, bytes):
        raise CorruptError("position_missing", f"the event at position {position} is missing")
    try:
        envelope, body = entry.unseal(state)
        event = events.decode_body(envelope, body)
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
    return StoredEvent(position, event, hashed, envelope.body.sha256)
