"""Find what is pending among a million statements that are not, at any position.

A span sums up the statements drafted at 512 consecutive positions: when the last of its closed
ones closed, and between which times its open ones expire. A wide span sums up 512 spans. A list of
pending statements goes through them newest first and looks only into those that can hold one; the
past costs what the present does, because a span that was open then closed later.
"""

import sqlite3
from collections.abc import Iterable
from typing import Any, Literal

from ledger.sqlite.bulk_insert import write
from projections.facts import OPEN
from projections.paging import collect

FAN_OUT = 512
# Spans that one page may look into before it hands out a cursor instead of searching on.
LOOKED_INTO = 256

# Among the open ones: `~` sorts behind every time and stands for never.
_COLUMNS = "closed INTEGER NOT NULL, first_expiry TEXT NOT NULL, last_expiry TEXT NOT NULL"
TABLES = (
    f"CREATE TABLE span(id INTEGER PRIMARY KEY, {_COLUMNS}) STRICT",
    f"CREATE TABLE wide_span(id INTEGER PRIMARY KEY, {_COLUMNS}) STRICT",
)


def _inside(parts: str, group: str) -> str:
    """Return the condition that a part's id lies in a group of FAN_OUT parts."""
    return f"{parts} BETWEEN {group} * {FAN_OUT} AND {group} * {FAN_OUT} + {FAN_OUT - 1}"


_REFRESH = f"""
INSERT OR REPLACE INTO span
SELECT v.column1,
    max(CASE WHEN s.final < {OPEN} THEN s.final ELSE 0 END),
    min(CASE WHEN s.final = {OPEN} THEN coalesce(s.expires_at, '~') ELSE '~' END),
    max(CASE WHEN s.final = {OPEN} THEN coalesce(s.expires_at, '~') ELSE '' END)
FROM ({{rows}}) v CROSS JOIN statement s ON {_inside("s.id", "v.column1")}
GROUP BY v.column1
"""  # noqa: S608  # constants of this file
_REFRESH_WIDE = f"""
INSERT OR REPLACE INTO wide_span
SELECT v.column1, max(p.closed), min(p.first_expiry), max(p.last_expiry)
FROM ({{rows}}) v CROSS JOIN span p ON {_inside("p.id", "v.column1")}
GROUP BY v.column1
"""  # noqa: S608  # constants of this file

OpenStatus = Literal["pending", "expired"]
# Which spans can hold one, and which of their statements are one, for each of the two.
_CAN_HOLD: dict[OpenStatus, str] = {
    "pending": "({span}.closed > :at OR {span}.last_expiry > :now)",
    "expired": "({span}.closed > :at OR {span}.first_expiry <= :now)",
}
_IS_ONE: dict[OpenStatus, str] = {
    "pending": "s.final > :at AND (s.expires_at IS NULL OR s.expires_at > :now)",
    "expired": "s.final > :at AND s.expires_at <= :now",
}


def refresh(db: sqlite3.Connection, statements: Iterable[int]) -> None:
    """Sum up anew the spans of these statements, which were added or closed."""
    touched = sorted({number // FAN_OUT for number in statements})
    write(db, _REFRESH, [(span,) for span in touched])
    wide = sorted({span // FAN_OUT for span in touched})
    write(db, _REFRESH_WIDE, [(span,) for span in wide])


def search(
    db: sqlite3.Connection, status: OpenStatus, matches: str, given: dict[str, Any], limit: int
) -> tuple[list[int], int | None]:
    """Return up to `limit` pending or expired statements, newest first, and where to go on.

    `matches` is an SQL condition on `s`, ticked off row by row; `given` has its parameters beside
    `at`, `now` and `below`, the number under which to look.
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


def _floor(db: sqlite3.Connection, status: OpenStatus, given: dict[str, Any]) -> int:
    """Return the span to stop above, -1 if all of them may be looked into."""
    sql = f"""
        SELECT p.id FROM {_spans(status)}
        ORDER BY w.id DESC, p.id DESC LIMIT 1 OFFSET {LOOKED_INTO}
    """  # noqa: S608  # constants of this file
    row = db.execute(sql, given).fetchone()
    return -1 if row is None else int(row[0])


def _spans(status: OpenStatus) -> str:
    """Return the tables of spans `p` under :below that can hold a statement of the status."""
    wide, span = (_CAN_HOLD[status].format(span=alias) for alias in ("w", "p"))
    return (
        f"wide_span w CROSS JOIN span p ON w.id <= :below / {FAN_OUT * FAN_OUT} AND {wide}"
        f" AND {_inside('p.id', 'w.id')} AND p.id <= :below / {FAN_OUT} AND {span}"
    )
