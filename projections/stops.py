"""When statements ended, also those that a change of their type or a loss ended."""

import sqlite3

from ledger.domain.events import LedgerRestored, TypeDefined, TypeRetired
from projections import timeline
from projections.facts import OPEN, Batch
from projections.summaries import StatementSummary


def fold(db: sqlite3.Connection, batch: Batch) -> list[int]:
    """Close such statements as expired at the event's position; return their stream numbers.

    A change of a type ends the pending ones of that type, and a loss every pending one.

    Those that expired by time before stay as they are: no event records that.
    """
    found: list[int] = []
    for fact in batch.of(TypeDefined, TypeRetired, LedgerRestored):
        body = fact.body
        ends = body.lost if isinstance(body, LedgerRestored) else body.pending == "stop"
        if not ends:
            continue
        name = None if isinstance(body, LedgerRestored) else body.name
        rows = db.execute(
            "UPDATE statement SET final = :position, status = 'expired'"
            " WHERE (type = :name OR :name IS NULL)"
            " AND id < :position AND final = :open AND expires_at > :at RETURNING id",
            {"name": name, "position": fact.position, "open": OPEN, "at": fact.at},
        ).fetchall()
        found += [number for (number,) in rows]
    return found


def final_at(db: sqlite3.Connection, summary: StatementSummary, at: int) -> str | None:
    """Return when a statement became final, None if it is pending."""
    if summary.status == "pending":
        return None
    row = db.execute("SELECT final FROM statement WHERE id = ?", (summary.position,)).fetchone()
    # A statement can expire by a change of its type, or by time alone, which no event records.
    return summary.expires_at if row[0] > at else timeline.time_of(db, row[0])
