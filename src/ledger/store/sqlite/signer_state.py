"""What this ledger's log keys signed last, kept outside the log's file and never older than it.

A restored backup of the log cannot know what was signed after it; this file can. It is a small
SQLite file and not a text that is renamed into place, because the comparison and the change must
be one step for all processes on every platform. Do not back it up with the log: an old state
beside an old log says that nothing is wrong.
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
        """Return the tree that was signed last, None if none ever was.

        Raises UnavailableError `storage_failed`.
        """
        rows = self._execute("SELECT text FROM signed WHERE origin = ?", origin)
        return parse_text(rows[0][0]) if rows else None

    def swap(self, expected: Checkpoint | None, new: Checkpoint) -> bool:
        """Replace what is expected by what is new; change nothing and return False if it is not.

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
            raise UnavailableError("storage_failed", "the signer's state fails") from error
