"""A log's file that takes in rows from another storage, with the contract of `TransferTarget`."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from ledger.sqlite.files import open_private, storage_errors
from ledger.store.ports.transfer import EventPage, Extent, RowKind, StoredColumns
from ledger.store.sqlite import log_schema
from ledger.store.sqlite.log_schema import FREE
from ledger.system import private_files

# A row that is there must be left alone: the triggers refuse to replace it.
_INSERTS: dict[RowKind, str] = {
    "receipt": "INSERT INTO cmd SELECT ?1, ?2, ?3, ?4"
    " WHERE NOT EXISTS(SELECT 1 FROM cmd WHERE key = ?1)",
    "claim": "INSERT INTO claim SELECT ?1, ?2, ?3"
    " WHERE NOT EXISTS(SELECT 1 FROM claim WHERE name = ?1)",
    "member": "INSERT INTO member SELECT ?1, ?2, ?3, ?4"
    " WHERE NOT EXISTS(SELECT 1 FROM member WHERE grp = ?1 AND stream = ?2 AND pos = ?3)",
    "checkpoint": "INSERT INTO checkpoint SELECT ?1, ?2, ?3, ?4"
    " WHERE NOT EXISTS(SELECT 1 FROM checkpoint WHERE size = ?1)",
    "cosignature": "INSERT INTO cosignature SELECT ?1, ?2, ?3, ?4"
    " WHERE NOT EXISTS(SELECT 1 FROM cosignature WHERE id = ?1)",
    "stamp": "INSERT INTO stamp SELECT ?1, ?2, ?3, ?4, ?5"
    " WHERE NOT EXISTS(SELECT 1 FROM stamp WHERE id = ?1)",
}
_TILE = "INSERT INTO tile VALUES(?,?,?) ON CONFLICT(level, n) DO UPDATE SET hashes=excluded.hashes"
_HEAD = "UPDATE log_head SET size = ?, epoch = ?, at_ms = ?, commits = commits + 1"
_WHAT = "the copy cannot be written"
# A log for a server; a whole copy in one file; the tables alone, for what is new since a backup.
FileForm = Literal["log", "copy", "part"]


class SqliteTarget:
    """One file, new or left by an earlier transfer."""

    def __init__(self, path: Path, form: FileForm = "log") -> None:
        """Open the file of a log; or create one for a backup, which is durable after `close`."""
        self._path = path
        self._form = form
        if form == "part":
            private_files.create(path, b"")
        else:
            log_schema.create(path)
        self._db = open_private(path)
        if form != "log":
            self._db.execute("PRAGMA journal_mode=DELETE")
            self._db.execute("PRAGMA synchronous=OFF")
        if form == "part":
            log_schema.create_bare(self._db)
        self._db.execute("PRAGMA secure_delete=ON")

    def close(self) -> None:
        """Close the file."""
        with storage_errors(_WHAT):
            self._db.close()
        if self._form != "log":
            private_files.synchronize(self._path)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with storage_errors(_WHAT):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def add_events(self, page: EventPage) -> None:
        """Store events after the newest one, and delete what they erase."""
        with self._transaction() as db:
            db.executemany("INSERT INTO ev VALUES(?,?,?,?,?,?)", page.events)
            db.executemany("INSERT INTO body VALUES(?,?)", page.bodies)
            db.executemany("INSERT INTO erased VALUES(?,?)", page.erased)
            gone = [(position,) for position, _ in page.erased]
            db.executemany("DELETE FROM body WHERE pos = ?", gone)
            db.executemany(FREE, gone)

    def add_rows(self, kind: RowKind, rows: Sequence[StoredColumns]) -> None:
        """Store rows of one kind; leave rows that are there."""
        with self._transaction() as db:
            db.executemany(_INSERTS[kind], rows)

    def add_tiles(self, tiles: Sequence[tuple[int, int, bytes]]) -> None:
        """Store tiles; replace those that are there."""
        with self._transaction() as db:
            db.executemany(_TILE, tiles)

    def finish(self, extent: Extent) -> None:
        """Set the head."""
        with self._transaction() as db:
            if self._form == "part":
                db.execute("INSERT INTO log_head VALUES(1, 0, 0, 0, 0)")
            db.execute(_HEAD, extent[:3])


def close_log(path: Path, epoch: int, size: int | None) -> bool:
    """Raise this epoch of a log in use; return False, unchanged, if it has another one or size."""
    db = open_private(path)
    try:
        with storage_errors("the log cannot be closed"):
            cursor = db.execute(
                "UPDATE log_head SET epoch = epoch + 1, commits = commits + 1"
                " WHERE id = 1 AND epoch = ?1 AND (?2 IS NULL OR size = ?2)",
                (epoch, size),
            )
            return cursor.rowcount == 1
    finally:
        db.close()
