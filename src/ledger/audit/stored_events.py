"""Events as a report reads them: each entry compared with its row, its body and its leaf hash.

No decision is recomputed here: `ledger audit` does that. Reports of a person or of a statement read
only the rows that a filter finds, so they do not show that no event is missing; an audit does.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple
from uuid import UUID

from ledger.audit.compared_rows import compared, erasures_of
from ledger.audit.source import AuditedLog, EventRow, RowFilter
from ledger.domain.erasure import StatedErasure
from ledger.domain.events import ErasedEvent, Event
from ledger.errors import CorruptError

EVERYTHING = RowFilter()


class StoredEvent(NamedTuple):
    """An event with its position, its leaf hash, and the hash that its entry commits to, in hex."""

    position: int
    event: Event
    leaf: bytes
    body_sha256: str


class ErasedRow(NamedTuple):
    """What is left of an event whose body a change erased; the hashes are those of its entry."""

    position: int
    event: ErasedEvent
    change: str
    leaf: bytes
    body_sha256: str


def stored_events(rows: AuditedLog, wanted: RowFilter = EVERYTHING) -> Iterator[StoredEvent]:
    """Yield the events that a filter finds, in order, but erased ones; raise as `stored_rows`."""
    return (each for each in stored_rows(rows, wanted) if isinstance(each, StoredEvent))


def stored_rows(
    rows: AuditedLog, wanted: RowFilter = EVERYTHING
) -> Iterator[StoredEvent | ErasedRow]:
    """Yield the events that a filter finds, in order, erased ones too.

    Raises CorruptError if stored bytes contradict each other, or a position of a period is missing.
    """
    dense = wanted.is_period
    last = wanted.after
    erasures = erasures_of(rows)
    for row in rows.filtered(wanted):
        if dense and row[0] != last + 1:
            raise CorruptError("position_missing", f"position {last + 1} is missing")
        last = row[0]
        yield _stored(row, erasures)
    if dense and wanted.last is not None and last < wanted.last:
        raise CorruptError("position_missing", f"position {last + 1} is missing")


def _stored(row: EventRow, erasures: Mapping[UUID, StatedErasure]) -> StoredEvent | ErasedRow:
    """Return the event of a row; raise CorruptError if stored bytes contradict each other."""
    position, envelope, event, leaf = compared(row)
    if isinstance(event, Event):
        return StoredEvent(position, event, leaf, envelope.body.sha256)
    stated = erasures.get(event.stream)
    if stated is None or position not in stated.positions:
        detail = f"the body of position {position} is missing, and no change erased it"
        raise CorruptError("body_missing", detail, position=position)
    return ErasedRow(position, event, stated.change, leaf, envelope.body.sha256)
