"""The append-only log on SQLite, in one file, with the contract of `store.ports.log`.

Sealed: in WAL mode with synchronous=FULL, SQLite shows a commit to readers only after it has
synced the file. So everything that a reader sees is sealed, with two exceptions, which an own
commit covers: after a crash, SQLite can recover a commit that was written but not synced; and a
commit whose sync failed can still be complete in the file.
"""

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from ledger.store.ports.log import (
    AppendResult,
    NotStored,
    ReadAddress,
    RolledBack,
    Unknown,
    Write,
)
from ledger.store.sqlite.batch import Versions, WriteBatch
from ledger.store.sqlite.endorsements import SqliteEndorsements
from ledger.store.sqlite.log_file import LogFile, ReadOnlyFile
from ledger.store.sqlite.queries import Queries, log_head
from ledger.store.sqlite.tree import SqliteTree

TRIES = 3  # of a batch whose commit failed, before its outcome is called unknown
RETRY_S = 0.2


class SqliteLog(Queries):
    """The log in one file, which any number of processes may share."""

    def __init__(self, path: Path) -> None:
        self._file = LogFile(path)
        super().__init__(self._file.read_connection())
        self._versions = Versions()
        self._anchor: tuple[int, bytes] | None = None
        self.sync_s: float | None = None
        try:
            self._file.wipe_soon()  # a process may have crashed before it did
            self.seal()
            self._epoch = self.head().epoch
        except BaseException:
            self.close()
            raise

    @property
    def address(self) -> str:
        """The file's path, for `store.engines.open_log` in another process."""
        return str(self._file.path)

    def reader(self) -> Queries:
        """Return a reader of its own for another thread; the caller closes it."""
        return Queries(self._file.read_connection())

    def reading(self, _checkpoint: int = 0) -> ReadAddress:
        """Return the file itself: readers do not slow writers."""
        return ReadAddress(self.address, self.head().sealed)

    def tree(self) -> SqliteTree:
        """Return the tree of this log; the caller closes it."""
        return SqliteTree(self._file)

    def endorsements(self) -> SqliteEndorsements:
        """Return the endorsements of this log's checkpoints; the caller closes them."""
        return SqliteEndorsements(self._file)

    def close(self) -> None:
        """Close the file after running writes finish."""
        self._file.close()
        super().close()

    # --- appending -----------------------------------------------------------------------------

    def append(self, writes: Sequence[Write]) -> list[AppendResult]:
        """Append a batch in one durable transaction; return one result per write, in order.

        If the commit fails, nobody can know whether it reached the disk. The same batch is tried
        again: its keys tell which writes were stored, and its own commit makes them durable.
        """
        with self._file.writing() as db:
            doubt: sqlite3.Error | None = None
            for attempt in range(TRIES):
                if attempt:
                    time.sleep(RETRY_S)
                try:
                    return self._append(db, writes)
                except _CommitError as error:
                    doubt = error.cause
                except sqlite3.Error as error:
                    if doubt is None:
                        return [NotStored(error)] * len(writes)
            return [Unknown(doubt or AssertionError("no attempt was made"))] * len(writes)

    def _append(self, db: sqlite3.Connection, writes: Sequence[Write]) -> list[AppendResult]:
        db.execute("BEGIN IMMEDIATE")
        head = log_head(db)
        if self._anchor is not None and not _has(db, *self._anchor):
            return [RolledBack(self._anchor[0])] * len(writes)
        self._versions.align(head.stored)
        batch = WriteBatch(db, self._versions, head, known=self._epoch)
        try:
            results = batch.place(writes)
            batch.insert()
            # Also for repetitions alone: each is acknowledged after a commit of its own.
            _touch_head(db, batch.size, batch.at_ms)
            began_s = time.perf_counter()
            _commit(db)
        except BaseException:  # forget what was placed and not committed
            self._versions.clear()
            self._file.roll_back()
            raise
        self.sync_s = time.perf_counter() - began_s
        self._versions.committed(batch.size)
        self._anchor = batch.newest or self._anchor
        if batch.erased:
            self._file.wipe_soon()
        return results

    def seal(self) -> int:
        """Make everything stored durable by a commit of its own; return the newest position.

        Raises UnavailableError `storage_failed`.
        """
        with self._file.transaction() as db:
            head = log_head(db)
            _touch_head(db, head.stored, head.at_ms)
        return head.stored


class SqliteReader(Queries):
    """The log in one file, for reading only; for one thread."""

    def __init__(self, path: Path) -> None:
        self._file = ReadOnlyFile(path)
        super().__init__(self._file.read_connection())

    def tree(self) -> SqliteTree:
        """Return the tree of this log; the caller closes it."""
        return SqliteTree(self._file)

    def endorsements(self) -> SqliteEndorsements:
        """Return the endorsements of this log's checkpoints; the caller closes them."""
        return SqliteEndorsements(self._file)


class _CommitError(Exception):
    """The commit failed, so that its outcome is not known."""

    def __init__(self, cause: sqlite3.Error) -> None:
        super().__init__(str(cause))
        self.cause = cause


def _commit(db: sqlite3.Connection) -> None:
    try:
        db.execute("COMMIT")
    except sqlite3.Error as error:
        # SQLite writes the frame that completes a commit last, so after a failed write it is
        # incomplete. A failed sync leaves it complete, on the disk or not.
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_IOERR or (
            error.sqlite_errorcode == sqlite3.SQLITE_IOERR_WRITE
        ):
            raise
        raise _CommitError(error) from error


def _has(db: sqlite3.Connection, position: int, leaf: bytes) -> bool:
    row = db.execute("SELECT leaf FROM ev WHERE pos = ?", (position,)).fetchone()
    return row is not None and row[0] == leaf


def _touch_head(db: sqlite3.Connection, size: int, at_ms: int) -> None:
    # The count changes even if the size does not, so that the commit syncs the file.
    query = "UPDATE log_head SET size = ?, at_ms = ?, commits = commits + 1"
    db.execute(query, (size, at_ms))
