"""Decisions that a retraction took back: which ones, and from which position on.

A retraction is rare, so its effect is worked out when it arrives: a row for each earlier decision
of its person on the statement. Readers of a past position compare.
"""

import sqlite3

from ledger.domain.events import ApprovalRetracted
from projections.facts import Batch

TABLES = (
    "CREATE TABLE retracted(statement INTEGER NOT NULL, decision INTEGER NOT NULL,"
    " position INTEGER NOT NULL, PRIMARY KEY(statement, decision)) STRICT, WITHOUT ROWID",
)
# The condition that the decision `d` was taken back by the position :at.
RETRACTED = (
    "EXISTS(SELECT 1 FROM retracted r WHERE r.statement = d.statement"
    " AND r.decision = d.position AND r.position <= :at)"
)
_ADD = (
    "INSERT OR IGNORE INTO retracted SELECT statement, position, :position FROM decision"
    " WHERE statement = :statement AND person = :person AND position < :position"
)


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Add the decisions that the retractions of a batch took back.

    The decisions of the batch must be in their table. A retraction is among them, so that a later
    one takes it back too: it says nothing any more.
    """
    for fact in batch.of(ApprovalRetracted):
        given = {"statement": fact.stream, "person": fact.actor, "position": fact.position}
        db.execute(_ADD, given)
