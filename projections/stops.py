"""When statements ended, also those that a new version or the end of their type ended."""

import sqlite3

from ledger.domain.events import TypeDefined, TypeRetired
from projections import timeline
from projections.facts import OPEN, Batch
from projections.summaries import StatementSummary


def fold(db: sqlite3.Connection, batch: Batch) -> list[int]:
    """Close such statements as expired at the event's position; return their stream numbers.

    Those that expired by time before stay as they are: no event records that.
    """
    found: list[int] = []
    for fact in batch.of(TypeDefined, TypeRetired):
        if fact.body.pending != "stop":
            continue
        rows = db.execute(
            "UPDATE statement SET final = :position, status = 'expired' WHERE type = :name"
            " AND id < :position AND final = :open AND expires_at > :at RETURNING id",
            {"name": fact.body.name, "position": fact.position, "open": OPEN, "at": fact.at},
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
