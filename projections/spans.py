"""Find what is pending among a million statements that are not, at any position.

A span sums up the statements drafted at 1,024 consecutive positions: when the last of its closed
ones closed, and between which times its open ones expire. A list of pending statements reads the
spans newest first and looks only into those that can hold one; the past costs what the present
does, because a span that was open then closed later.
"""

import sqlite3
from collections.abc import Iterable
from typing import Any

from projections.facts import OPEN
from projections.paging import collect
from projections.rows import write

POSITIONS = 1024
# Spans that one page may look into before it hands out a cursor instead of searching on.
LOOKED_INTO = 256

# Among the open ones: `~` sorts behind every time and stands for never.
TABLE = (
    "CREATE TABLE span(id INTEGER PRIMARY KEY, closed INTEGER NOT NULL,"
    " first_expiry TEXT NOT NULL, last_expiry TEXT NOT NULL) STRICT"
)

_REFRESH = f"""
INSERT OR REPLACE INTO span
SELECT v.column1,
    max(CASE WHEN s.final < {OPEN} THEN s.final ELSE 0 END),
    min(CASE WHEN s.final = {OPEN} THEN coalesce(s.expires_at, '~') ELSE '~' END),
    max(CASE WHEN s.final = {OPEN} THEN coalesce(s.expires_at, '~') ELSE '' END)
FROM ({{rows}}) v CROSS JOIN statement s
    ON s.id BETWEEN v.column1 * {POSITIONS} AND v.column1 * {POSITIONS} + {POSITIONS - 1}
GROUP BY v.column1
"""  # noqa: S608  # constants of this file

STATUSES = ("pending", "expired")
# Which spans can hold one, and which of their statements are one, for each of the two.
_CAN_HOLD = {
    "pending": "(p.closed > :at OR p.last_expiry > :now)",
    "expired": "(p.closed > :at OR p.first_expiry <= :now)",
}
_IS_ONE = {
    "pending": "s.final > :at AND (s.expires_at IS NULL OR s.expires_at > :now)",
    "expired": "s.final > :at AND s.expires_at <= :now",
}


def refresh(db: sqlite3.Connection, statements: Iterable[int]) -> None:
    """Sum up anew the spans of these statements, which were added or closed."""
    touched = sorted({number // POSITIONS for number in statements})
    write(db, _REFRESH, [(span,) for span in touched])


def search(
    db: sqlite3.Connection, status: str, matches: str, given: dict[str, Any], limit: int
) -> tuple[list[int], int | None]:
    """Return up to `limit` pending or expired statements, newest first, and where to go on.

    `matches` is an SQL condition on `s`, ticked off row by row; `given` has its parameters beside
    `at`, `now` and `below`, the number under which to look.
    """
    floor = _floor(db, status, given)
    sql = f"""
        SELECT s.id, {matches}
        FROM span p CROSS JOIN statement s
            ON s.id BETWEEN p.id * {POSITIONS} AND p.id * {POSITIONS} + {POSITIONS - 1}
        WHERE p.id > :floor AND p.id <= :below / {POSITIONS} AND {_CAN_HOLD[status]}
            AND s.id < :below AND {_IS_ONE[status]}
        ORDER BY p.id DESC, s.id DESC
    """  # noqa: S608  # constants of this file, conditions of its callers
    found, behind = collect(db.execute(sql, given | {"floor": floor}), limit)
    if behind is None and floor >= 0:
        behind = (floor + 1) * POSITIONS
    return found, behind


def _floor(db: sqlite3.Connection, status: str, given: dict[str, Any]) -> int:
    """Return the span to stop above, -1 if all of them may be looked into."""
    sql = f"""
        SELECT p.id FROM span p
        WHERE p.id <= :below / {POSITIONS} AND {_CAN_HOLD[status]}
        ORDER BY p.id DESC LIMIT 1 OFFSET {LOOKED_INTO}
    """  # noqa: S608  # constants of this file
    row = db.execute(sql, given).fetchone()
    return -1 if row is None else int(row[0])
