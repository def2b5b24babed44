"""The last checkpoint that this ledger's log keys signed, kept outside the log's file.

A restored backup of the log does not know what was signed after the backup; this file does. It is a
small SQLite file, because comparing and replacing must be one atomic step for all processes on
every platform; a text file replaced by a rename cannot offer that.

Do not back it up together with the log: an old state would match an old log, and nothing would show
that later checkpoints were signed.
"""

import sqlite3
from pathlib import Path
from threading import Lock

from ledger.errors import UnavailableError
from ledger.sqlite.files import closed_on_error, open_private
from ledger.tlog.checkpoint import Checkpoint, parse_text

_SCHEMA = """
PRAGMA synchronous=EXTRA;
CREATE TABLE IF NOT EXISTS signed(
    origin TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""


class SignerState:
    """The newest signed tree of each log, by origin; durable when `swap` returns."""

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

    def swap(self, expected: Checkpoint | None, new: Checkpoint) -> bool:
        """Replace `expected` by `new`; return False, unchanged, if the stored tree differs.

        Raises UnavailableError `storage_failed`.
        """
        if expected is None:
            query = "INSERT OR IGNORE INTO signed VALUES(?,?) RETURNING 1"
            return bool(self._execute(query, new.origin, new.text()))
        query = "UPDATE signed SET text = ? WHERE origin = ? AND text = ? RETURNING 1"
        return bool(self._execute(query, new.text(), new.origin, expected.text()))

    def _execute(self, query: str, *values: str) -> list[tuple[str]]:
        try:
            with self._lock:
                return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise UnavailableError(
                "storage_failed", "the signer's state cannot be read or written"
            ) from error
