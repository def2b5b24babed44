"""The log's file: its one writing connection, its transactions and its read connections."""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from threading import Lock

from ledger.errors import CorruptError, UnavailableError
from ledger.sqlite.files import (
    DAMAGED,
    ReadConnection,
    closed_on_error,
    empty_write_ahead_log,
    open_private,
    open_read_only,
    primary_code,
)
from ledger.store.sqlite.log_schema import create


class ReadOnlyFile:
    """A log's file that this process only reads."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read_connection(self) -> ReadConnection:
        """Return a read connection; the caller closes it. Raises as `open_read_only`."""
        return ReadConnection(open_read_only(self.path))

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """Refuse: nobody writes through this file."""
        raise AssertionError("the log was opened for reading")


class LogFile:
    """One SQLite file of mode 0600, which any number of processes may share."""

    def __init__(self, path: Path) -> None:
        create(path)
        self.path = path
        self._lock = Lock()
        self._is_unwiped = False
        self._writer = self._connect()

    def close(self) -> None:
        """Close the file after the running transaction finishes."""
        with self._lock:
            self._writer.close()

    def read_connection(self) -> ReadConnection:
        """Return another read connection; the caller closes it."""
        return ReadConnection(self._connect())

    def _connect(self) -> sqlite3.Connection:
        connection = open_private(self.path)
        with closed_on_error(connection):
            connection.executescript(
                "PRAGMA synchronous=FULL; PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY;"
                # An erased body is overwritten with zeros, as are its traces in moved pages.
                "PRAGMA secure_delete=ON"
            )
        return connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend the writing connection; a transaction left open is rolled back."""
        with self._lock:
            try:
                yield self._writer
            finally:
                self.roll_back()
                if self._is_unwiped:
                    self._is_unwiped = not empty_write_ahead_log(self._writer)

    def wipe_soon(self) -> None:
        """Empty the write-ahead log after this transaction: it may have erased bodies.

        Readers of older snapshots can prevent that for a moment; each later transaction tries it
        again.
        """
        self._is_unwiped = True

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Open one durable transaction.

        Raises UnavailableError `storage_failed` after a rollback, CorruptError `file_malformed` for
        a damaged file.
        """
        with self.writing() as db:
            try:
                db.execute("BEGIN IMMEDIATE")
                yield db
                db.execute("COMMIT")
            except sqlite3.Error as error:
                if primary_code(error) in DAMAGED:
                    detail = f"the log cannot be written: {error}"
                    raise CorruptError("file_malformed", detail) from error
                raise UnavailableError("storage_failed", "nothing was stored") from error

    def roll_back(self) -> None:
        """End an open transaction of the writing connection without storing anything."""
        # A closed connection raises even when asked whether it is in a transaction.
        with suppress(sqlite3.Error):
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
