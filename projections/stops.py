"""The pending statements that a new version or the end of their type ends."""

import sqlite3

from ledger.domain.events import TypeDefined, TypeRetired
from projections.facts import OPEN, Batch


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
