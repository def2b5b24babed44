"""The signer's memory: the last tree that this ledger's log keys signed, outside the log's file.

A restored backup of the log does not know what was signed after the backup; this file does. For
each origin that the log has had it holds the epoch and the last checkpoint, whose root commits to
every entry of that tree. It is a small SQLite file, because comparing and replacing must be one
atomic step for all processes on every platform; a text file replaced by a rename cannot offer that.

Do not back it up together with the log: an old memory would match an old log, and nothing would
show that later checkpoints were signed. A ledger whose memory is missing signs nothing until a
witness or the operator confirms the newest size, or the operator declares a restore.
"""

import sqlite3
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec

from ledger.errors import UnavailableError
from ledger.sqlite.files import closed_on_error, open_private
from ledger.tlog.checkpoint import Checkpoint, parse_text

_SCHEMA = """
PRAGMA synchronous=EXTRA;
CREATE TABLE IF NOT EXISTS signed(
    origin TEXT PRIMARY KEY, epoch INTEGER NOT NULL, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""


class SignedTree(msgspec.Struct, frozen=True):
    """The last tree that was signed under one origin, and the epoch of that origin."""

    epoch: int
    checkpoint: Checkpoint


class SignerState:
    """The newest signed tree of each origin; durable when `swap` or `begin` returns."""

    def __init__(self, path: Path) -> None:
        self._lock = Lock()
        try:
            self._db = open_private(path)
            with closed_on_error(self._db):
                self._db.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise UnavailableError("storage_failed", f"{path}: {error}") from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def get(self, origin: str) -> Checkpoint | None:
        """Return the last signed tree, None if nothing was signed.

        Raises UnavailableError `storage_failed`.
        """
        rows = self._execute("SELECT text FROM signed WHERE origin = ?", origin)
        return parse_text(rows[0][0]) if rows else None

    def known(self) -> list[SignedTree]:
        """Return the last signed tree of every origin, the newest epoch last."""
        rows = self._execute("SELECT epoch, text FROM signed ORDER BY epoch")
        return [SignedTree(epoch, parse_text(text)) for epoch, text in rows]

    def swap(self, expected: Checkpoint | None, new: Checkpoint) -> bool:
        """Replace `expected` by `new`; return False, unchanged, if the stored tree differs.

        Raises UnavailableError `storage_failed`.
        """
        if expected is None:
            return self.begin(0, new)
        query = "UPDATE signed SET text = ? WHERE origin = ? AND text = ? RETURNING 1"
        return bool(self._execute(query, new.text(), new.origin, expected.text()))

    def begin(self, epoch: int, first: Checkpoint) -> bool:
        """Store the tree from which an origin goes on; return False if the origin is known.

        Raises UnavailableError `storage_failed`.
        """
        query = "INSERT OR IGNORE INTO signed VALUES(?,?,?) RETURNING 1"
        return bool(self._execute(query, first.origin, epoch, first.text()))

    def _execute(self, query: str, *values: str | int) -> list[tuple[Any, ...]]:
        try:
            with self._lock:
                return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise UnavailableError(
                "storage_failed", "the signer's state cannot be read or written"
            ) from error
