"""The restores that lost something, and what they stop or end in the views."""

import sqlite3

from ledger.domain.events import LedgerRestored
from ledger.sqlite.bulk_insert import write
from projections.facts import Batch, Fact

TABLE = (
    "CREATE TABLE loss(position INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, at TEXT NOT NULL)"
    " STRICT"
)
# SQL as of :at: the position of the last loss, 0 without one.
LAST = "coalesce((SELECT max(position) FROM loss WHERE position <= :at), 0)"


def losses(batch: Batch) -> list[Fact]:
    """Return the restores of a batch that lost something, or may have."""
    return [fact for fact in batch.of(LedgerRestored) if fact.body.lost]


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Add the losses of a batch."""
    rows = [(each.position, each.body.epoch, each.at) for each in losses(batch)]
    write(db, "INSERT INTO loss {rows}", rows)


def precedes(db: sqlite3.Connection, position: int, *, at: int) -> bool:
    """Tell whether a position is older than a loss up to another one."""
    (last,) = db.execute(f"SELECT {LAST}", {"at": at}).fetchone()  # a constant
    return bool(position < last)
