"""Find the few pending statements among millions of closed ones, at any position.

A span summarizes the statements drafted at 512 consecutive positions: when the last of its closed
ones closed, whether a change ended one, and the first and last expiry of its open ones. A wide span
summarizes 512 spans.

A query goes through the spans newest first and reads only those that can contain a match. A query
at a past position costs the same: a span that had an open statement then has a later close.
"""

import sqlite3
from collections.abc import Iterable
from typing import Any, Literal

from ledger.sqlite.bulk_insert import write
from projections.facts import OPEN
from projections.paging import collect

FAN_OUT = 512
# Spans that one page may read. At the limit it returns a cursor instead of searching on.
LOOKED_INTO = 256

# The expiry columns are about the open statements. `~` means none; it sorts after every time.
_COLUMNS = (
    "closed INTEGER NOT NULL, stopped INTEGER NOT NULL,"
    " first_expiry TEXT NOT NULL, last_expiry TEXT NOT NULL"
)
TABLES = (
    f"CREATE TABLE span(id INTEGER PRIMARY KEY, {_COLUMNS}) STRICT",
    f"CREATE TABLE wide_span(id INTEGER PRIMARY KEY, {_COLUMNS}) STRICT",
)


def _inside(parts: str, group: str) -> str:
    """Return the SQL condition that a part's id is in a group of FAN_OUT parts."""
    return f"{parts} BETWEEN {group} * {FAN_OUT} AND {group} * {FAN_OUT} + {FAN_OUT - 1}"


_REFRESH = f"""
INSERT OR REPLACE INTO span
SELECT v.column1,
    max(CASE WHEN s.final < {OPEN} THEN s.final ELSE 0 END),
    max(s.status IS 'expired'),
    min(CASE WHEN s.final = {OPEN} THEN s.expires_at ELSE '~' END),
    max(CASE WHEN s.final = {OPEN} THEN s.expires_at ELSE '' END)
FROM ({{rows}}) v CROSS JOIN statement s ON {_inside("s.id", "v.column1")}
GROUP BY v.column1
"""  # noqa: S608  # constants of this file
_REFRESH_WIDE = f"""
INSERT OR REPLACE INTO wide_span
SELECT v.column1, max(p.closed), max(p.stopped), min(p.first_expiry), max(p.last_expiry)
FROM ({{rows}}) v CROSS JOIN span p ON {_inside("p.id", "v.column1")}
GROUP BY v.column1
"""  # noqa: S608  # constants of this file

OpenStatus = Literal["pending", "expired"]
# For each of the two statuses: which spans can contain it, and which statements have it.
_CAN_HOLD: dict[OpenStatus, str] = {
    "pending": "({span}.closed > :at OR {span}.last_expiry > :now)",
    "expired": "({span}.closed > :at OR {span}.stopped OR {span}.first_expiry <= :now)",
}
_IS_ONE: dict[OpenStatus, str] = {
    "pending": "s.final > :at AND s.expires_at > :now",
    "expired": "(s.final > :at AND s.expires_at <= :now"
    " OR s.final <= :at AND s.status = 'expired')",
}


def refresh(db: sqlite3.Connection, statements: Iterable[int]) -> None:
    """Recompute the spans of these statements, which were added or closed."""
    touched = sorted({number // FAN_OUT for number in statements})
    write(db, _REFRESH, [(span,) for span in touched])
    wide = sorted({span // FAN_OUT for span in touched})
    write(db, _REFRESH_WIDE, [(span,) for span in wide])


def search(
    db: sqlite3.Connection, status: OpenStatus, matches: str, given: dict[str, Any], limit: int
) -> tuple[list[int], int | None]:
    """Return up to `limit` pending or expired statements, newest first, and the next cursor.

    `matches` is an SQL condition on `s`, checked row by row. `given` has its parameters and `at`,
    `now` and `below`; only numbers less than `below` are searched.
    """
    floor = _floor(db, status, given)
    sql = f"""
        SELECT s.id, {matches}
        FROM {_spans(status)} CROSS JOIN statement s ON {_inside("s.id", "p.id")}
        WHERE p.id > :floor AND s.id < :below AND {_IS_ONE[status]}
        ORDER BY w.id DESC, p.id DESC, s.id DESC
    """  # noqa: S608  # constants of this file, conditions of its callers
    found, last = collect(db.execute(sql, given | {"floor": floor}), limit)
    if last is None and floor >= 0:
        last = (floor + 1) * FAN_OUT
    return found, last


def has_closed_since(db: sqlite3.Connection, at: int) -> bool:
    """Tell whether any statement closed after this position."""
    query = "SELECT EXISTS(SELECT 1 FROM wide_span WHERE closed > ?)"
    return bool(db.execute(query, (at,)).fetchone()[0])


def _floor(db: sqlite3.Connection, status: OpenStatus, given: dict[str, Any]) -> int:
    """Return the span at which to stop, exclusive; -1 if all may be read."""
    sql = f"""
        SELECT p.id FROM {_spans(status)}
        ORDER BY w.id DESC, p.id DESC LIMIT 1 OFFSET {LOOKED_INTO}
    """  # noqa: S608  # constants of this file
    row = db.execute(sql, given).fetchone()
    return -1 if row is None else int(row[0])


def _spans(status: OpenStatus) -> str:
    """Return the join of spans `p` under :below that can contain a statement of the status."""
    wide, span = (_CAN_HOLD[status].format(span=alias) for alias in ("w", "p"))
    return (
        f"wide_span w CROSS JOIN span p ON w.id <= :below / {FAN_OUT * FAN_OUT} AND {wide}"
        f" AND {_inside('p.id', 'w.id')} AND p.id <= :below / {FAN_OUT} AND {span}"
    )
