"""The statements that a person drafted or decided on, in the order of the person's last act."""

import sqlite3

from projections.facts import find_stream
from projections.summaries import StatementSummary, summaries

ACTS = 100  # how many of a person's last acts are looked at
_LAST = (
    "SELECT a.stream FROM (SELECT stream, position FROM timeline WHERE actor = :user"
    " AND position <= :at ORDER BY position DESC LIMIT :acts) a"
    " JOIN statement s ON s.id = a.stream GROUP BY a.stream ORDER BY max(a.position) DESC"
)


def involved(db: sqlite3.Connection, user: str, *, at: int, now: str) -> list[StatementSummary]:
    """Return the statements of a person's last acts as of a position, the last act first.

    Who drafted a statement or decided on it may read it, so none is left out.
    """
    given = {"user": find_stream(db, user), "at": at, "acts": ACTS}
    numbers = [number for (number,) in db.execute(_LAST, given)]
    found = {each.position: each for each in summaries(db, numbers, at=at, now=now)}
    return [found[number] for number in numbers]
