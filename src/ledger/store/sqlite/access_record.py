"""The access record as a table of the operational state: keep a line, read lines."""

import sqlite3
from contextlib import closing
from pathlib import Path

from ledger.sqlite.files import open_read_only, reading_errors
from ledger.store.ports.operations import ACCESS_DAYS, HOUR_MS, MOST_ACCESSES, Access

SCHEMA = """
CREATE TABLE IF NOT EXISTS access(
    id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, hour INTEGER NOT NULL,
    person TEXT NOT NULL, kind TEXT NOT NULL, about TEXT NOT NULL,
    UNIQUE(hour, person, kind, about)) STRICT;
"""


def keep(db: sqlite3.Connection, access: Access, *, most: int) -> None:
    """Keep a line, and outlive a power cut; delete the lines that are too old or too many."""
    hour = access.at_ms // HOUR_MS
    row = (access.at_ms, hour, access.person, access.kind, access.about or "")
    db.execute("PRAGMA synchronous=FULL")  # sessions may be lost in a power cut, a line may not
    try:
        db.execute("BEGIN IMMEDIATE")
        with db:
            db.execute(
                "INSERT INTO access(at_ms, hour, person, kind, about) VALUES(?,?,?,?,?)"
                " ON CONFLICT DO NOTHING",
                row,
            )
            db.execute("DELETE FROM access WHERE hour < ?", (hour - ACCESS_DAYS * 24,))
            query = "DELETE FROM access WHERE id <= (SELECT max(id) FROM access) - ?"
            db.execute(query, (most,))
    finally:
        db.execute("PRAGMA synchronous=NORMAL")


def stored(path: Path) -> list[Access]:
    """Return all lines in a file without changing it, the newest first; none without a file.

    Raises CorruptError `file_malformed`, UnavailableError `storage_failed`.
    """
    if not path.is_file():
        return []
    with closing(open_read_only(path)) as db, reading_errors(f"{path} cannot be read"):
        return [access for _, access in lines(db, before=None, limit=MOST_ACCESSES)]


def lines(db: sqlite3.Connection, *, before: int | None, limit: int) -> list[tuple[int, Access]]:
    """Return lines with their numbers, the newest first, from before a number on."""
    query = (
        "SELECT id, at_ms, person, kind, nullif(about, '') FROM access"
        " WHERE ?1 IS NULL OR id < ?1 ORDER BY id DESC LIMIT ?2"
    )
    rows = db.execute(query, (before, limit)).fetchall()
    return [(number, Access(*more)) for number, *more in rows]
