"""The organisation's directory in a table of the operational state's file."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from msgspec.structs import astuple

from ledger.errors import UnavailableError
from ledger.sqlite.files import closed_on_error, open_private, use_write_ahead_log
from ledger.store.ports.directory import DirectoryEntry, DirectoryKind

# Synchronous: a block that was answered holds after a power cut.
_SCHEMA = """
PRAGMA synchronous=FULL;
CREATE TABLE IF NOT EXISTS directory(
    kind TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, other TEXT NOT NULL,
    body BLOB NOT NULL, version INTEGER NOT NULL, PRIMARY KEY(kind, id), UNIQUE(kind, name))
    STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS directory_other ON directory(kind, other);
"""
_ENTRY = "SELECT kind, id, name, other, body, version FROM directory"


class SqliteDirectory:
    """One connection of its own, one transaction at a time."""

    def __init__(self, path: Path) -> None:
        self._lock = Lock()
        self._db = open_private(path)
        with closed_on_error(self._db):
            use_write_ahead_log(self._db)
            self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._db.close()

    def entry(self, kind: DirectoryKind, entry_id: str) -> DirectoryEntry | None:
        """Return an entry by its id, None without one."""
        return self._one(f"{_ENTRY} WHERE kind = ? AND id = ?", kind, entry_id)

    def named(self, kind: DirectoryKind, name: str) -> DirectoryEntry | None:
        """Return an entry by its name, None without one."""
        return self._one(f"{_ENTRY} WHERE kind = ? AND name = ?", kind, name)

    def others(self, kind: DirectoryKind, other: str, *, limit: int) -> list[DirectoryEntry]:
        """Return entries with this other name, in the order of their ids."""
        query = f"{_ENTRY} WHERE kind = ? AND other = ? ORDER BY id LIMIT ?"
        return self._all(query, kind, other, limit)

    def page(self, kind: DirectoryKind, *, skip: int, limit: int) -> list[DirectoryEntry]:
        """Return entries in the order of their ids."""
        query = f"{_ENTRY} WHERE kind = ? ORDER BY id LIMIT ? OFFSET ?"
        return self._all(query, kind, limit, skip)

    def count(self, kind: DirectoryKind) -> int:
        """Return how many entries of a kind there are."""
        with self._using() as db:
            query = "SELECT count(*) FROM directory WHERE kind = ?"
            return int(db.execute(query, (kind,)).fetchone()[0])

    def add(self, entry: DirectoryEntry) -> bool:
        """Keep a new entry; False, unchanged, if its id or name is there."""
        query = "INSERT INTO directory VALUES(?,?,?,?,?,?) ON CONFLICT DO NOTHING RETURNING 1"
        with self._using() as db:
            row = (*astuple(entry)[:5], 1)
            return db.execute(query, row).fetchone() is not None

    def replace(self, entry: DirectoryEntry) -> bool:
        """Replace an entry of the same version; False, unchanged, if it or its name differs."""
        query = (
            "UPDATE OR IGNORE directory SET name = ?, other = ?, body = ?, version = version + 1"
            " WHERE kind = ? AND id = ? AND version = ? RETURNING 1"
        )
        row = (entry.name, entry.other, entry.body, entry.kind, entry.id, entry.version)
        with self._using() as db:
            return db.execute(query, row).fetchone() is not None

    def forget(self, kind: DirectoryKind, entry_id: str) -> None:
        """Delete an entry."""
        with self._using() as db:
            db.execute("DELETE FROM directory WHERE kind = ? AND id = ?", (kind, entry_id))

    def _one(self, query: str, *values: object) -> DirectoryEntry | None:
        found = self._all(query, *values)
        return found[0] if found else None

    def _all(self, query: str, *values: object) -> list[DirectoryEntry]:
        with self._using() as db:
            return [DirectoryEntry(*row) for row in db.execute(query, values).fetchall()]

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock:
                yield self._db
        except sqlite3.Error as error:
            detail = "the directory cannot be read or written now; try again"
            raise UnavailableError("state_unavailable", detail) from error
