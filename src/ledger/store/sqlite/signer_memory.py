"""The signer's memory in a small SQLite file, with the contract of its port.

It is a database because comparing and replacing must be one atomic step for all processes on every
platform; a text file replaced by a rename cannot offer that.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Lock
from typing import Any

from ledger.domain.epochs import SignedTree
from ledger.errors import CorruptError, LedgerError, UnavailableError
from ledger.sqlite.files import closed_on_error, open_private, open_read_only, reading_errors
from ledger.tlog.checkpoint import Checkpoint, parse_text

_SCHEMA = """
PRAGMA synchronous=EXTRA;
CREATE TABLE IF NOT EXISTS signed(
    origin TEXT PRIMARY KEY, epoch INTEGER NOT NULL, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""
_KNOWN = "SELECT origin, epoch, text FROM signed ORDER BY epoch"


class SqliteSignerMemory:
    """One file of mode 0600; durable when `swap` or `begin` returns."""

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
        """Return the last signed tree, None if nothing was signed."""
        rows = self._execute("SELECT text FROM signed WHERE origin = ?", origin)
        return parse_text(rows[0][0]) if rows else None

    def known(self) -> list[SignedTree]:
        """Return the last signed tree of every origin, the newest epoch last.

        Raises CorruptError `memory_malformed`.
        """
        return [_tree(*row) for row in self._execute(_KNOWN)]

    def swap(self, expected: Checkpoint | None, new: Checkpoint) -> bool:
        """Replace `expected` by `new`, durably; return False, unchanged, if another is stored."""
        if expected is None:
            return self.begin(0, new)
        query = "UPDATE signed SET text = ? WHERE origin = ? AND text = ? RETURNING 1"
        return bool(self._execute(query, new.text(), new.origin, expected.text()))

    def begin(self, epoch: int, first: Checkpoint) -> bool:
        """Store the tree from which an origin goes on; return False if the origin is known."""
        query = "INSERT OR IGNORE INTO signed VALUES(?,?,?) RETURNING 1"
        return bool(self._execute(query, first.origin, epoch, first.text()))

    def _execute(self, query: str, *values: str | int) -> list[tuple[Any, ...]]:
        try:
            with self._lock:
                return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise UnavailableError(
                "storage_failed", "the signer's memory cannot be read or written"
            ) from error


def _tree(origin: str, epoch: int, text: str) -> SignedTree:
    """Return a row's tree; raise CorruptError `memory_malformed` under another origin.

    The signer finds its tree by the column: an edit of it would have the signer know of none.
    """
    tree = parse_text(text)
    if tree.origin != origin:
        detail = f"the tree of {tree.origin} is remembered as that of {origin}"
        raise CorruptError("memory_malformed", detail)
    return SignedTree(epoch, tree)


def remembered(path: Path) -> list[SignedTree] | None:
    """Return what a file remembers without changing it, None without a file.

    Raises CorruptError `memory_malformed`; UnavailableError `storage_failed`.
    """
    if not path.is_file():
        return None
    try:
        with closing(open_read_only(path)) as db, reading_errors(f"{path} cannot be read"):
            rows = db.execute(_KNOWN).fetchall()
        return [_tree(str(origin), int(epoch), str(text)) for origin, epoch, text in rows]
    except UnavailableError:
        raise
    except (LedgerError, TypeError, ValueError) as error:
        raise CorruptError("memory_malformed", f"{path}: {error}") from error
