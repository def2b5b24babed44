"""Connections to the database, each for one caller at a time.

A connection that was lost is opened again at the next call; `timed_connection` says what a time
limit does.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any

import psycopg

from ledger.errors import UnavailableError
from ledger.store.postgres.database_errors import (
    TOLD,
    DoubtError,
    UnreachableError,
    reading_errors,
)
from ledger.store.postgres.timed_connection import STATEMENT_S, TimedConnection, lost_s, open_timed

READ_S = 20.0
LOST_S = 1.0
LONG_S = 3_600.0  # an audit counts and sorts all rows
LAST_BIGINT = 2**63 - 1
# Of the server: nobody holds a lock while it waits for a client that has stopped.
_WRITING = "-c synchronous_commit=on -c lock_timeout=5s -c idle_in_transaction_session_timeout=2s"
_READING = "-c default_transaction_read_only=on"
_ALWAYS = "-c search_path=pg_catalog -c jit=off -c timezone=UTC -c client_min_messages=warning"
# "Canceling wait for synchronous replication": an answer that looks like a success and is none.
_NOT_REPLICATED = "01000"

_log = logging.getLogger("ledger.database")


class DatabaseConnection:
    """One connection to the database of a URL, opened when it is first used."""

    def __init__(
        self,
        url: str,
        *,
        reads_only: bool = False,
        limit_s: float = STATEMENT_S,
        seals: bool = False,
        require: Callable[[psycopg.Connection[tuple[Any, ...]]], None] = lambda _: None,
    ) -> None:
        """With `seals`, commit something before the first statement on each connection.

        After the server has crashed, readers may see what was not yet durable; then it is.
        `require` looks at each new connection, and raises UnavailableError for another database.
        """
        self._url = url
        self._reads_only = reads_only
        self._limit_s = limit_s
        self._seals = seals
        self._require = require
        self._lock = Lock()
        self._connection: TimedConnection | None = None
        self._opened_s = 0.0
        self._is_closed = False
        self._warned = ""
        self._in_snapshot = False
        self._was_told = False

    def close(self) -> None:
        """Close the connection after the running statement; nothing is done on it any more."""
        with self._lock:
            self._is_closed = True
            self._drop()

    # --- statements ------------------------------------------------------------------------------

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a statement that only reads; after a lost connection, try once more.

        Raises UnavailableError `storage_failed`, CorruptError `file_malformed`.
        """
        with self._lock, reading_errors():
            may_retry = self._connection is not None and not self._in_snapshot
            began_s = time.monotonic()
            try:
                return self._run(query, values)
            except psycopg.OperationalError:
                # A connection that was lost while nobody used it is told at once; a server that
                # does not answer would not answer then either.
                was_lost = self._connection is None and time.monotonic() - began_s < LOST_S
                if not (may_retry and was_lost):
                    raise
                return self._run(query, values)

    def change(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of one statement that changes something, once it is committed.

        Raises DoubtError if it is not known whether it was committed, UnreachableError or
        psycopg.Error if it was not.
        """
        with self._lock:
            try:
                self._opened()
            except psycopg.OperationalError as error:
                raise UnreachableError(str(error)) from error
            self._warned = ""
            try:
                rows = self._run(query, values)
            except psycopg.Error as error:
                if self._connection is None:
                    raise DoubtError(str(error)) from error
                raise
            if self._warned:
                self._drop()
                raise DoubtError(self._warned)
            return rows

    def require_change(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Do as `change`, for a caller who repeats it; raise UnavailableError `storage_failed`."""
        try:
            return self.change(query, *values)
        except (psycopg.Error, DoubtError, UnreachableError) as error:
            raise UnavailableError("storage_failed", TOLD) from error

    def script(self, text: str) -> None:
        """Run several statements; after an error, close the connection and raise psycopg.Error."""
        with self._lock:
            try:
                self._opened().execute(text.encode())
            except psycopg.Error:
                self._drop()
                raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let every statement in the block see the same state of the database."""
        self.rows("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self._in_snapshot = True
        try:
            yield
        finally:
            self._in_snapshot = False
            self.rows("ROLLBACK")

    # --- the connection --------------------------------------------------------------------------

    def _run(self, query: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        connection = self._opened()
        try:
            # The queries are this package's own; values are sent apart from them.
            cursor = connection.cursor(binary=True)
            cursor.execute(query.encode(), values or None)
            return cursor.fetchall() if cursor.description else []
        finally:
            if connection.closed:
                self._connection = None

    def _opened(self) -> TimedConnection:
        if self._is_closed:
            raise psycopg.InterfaceError("the log is closed")
        if self._opened_s < lost_s.get(self._url, 0.0) and not self._in_snapshot:
            self._drop()
        if self._connection is None:
            self._opened_s = time.monotonic()
            try:
                self._connection = self._connect()
            except psycopg.Error as error:
                if not self._was_told:  # once, and not to the clients: it names hosts and roles
                    _log.warning("the database cannot be used: %s", str(error).strip())
                self._was_told = True
                raise
            self._was_told = False
        return self._connection

    def _connect(self) -> TimedConnection:
        most_ms = round(self._limit_s * 800)  # so that the server ends a statement before we do
        mode = _READING if self._reads_only else _WRITING
        found = open_timed(
            self._url,
            options=f"{_ALWAYS} {mode} -c statement_timeout={most_ms}",
            writes=not self._reads_only,
            prepare_threshold=1,
        )
        found.limit_s = self._limit_s
        found.add_notice_handler(self._noticed)
        try:
            self._require(found)
            if self._seals:
                self._warned = ""
                found.execute("SELECT ledger.seal_log()")
                if self._warned:
                    raise psycopg.OperationalError(self._warned)
        except BaseException:
            found.close()
            raise
        found.read_from = self._url if self._seals or self._reads_only else ""
        return found

    def _noticed(self, notice: psycopg.errors.Diagnostic) -> None:
        if notice.sqlstate == _NOT_REPLICATED:
            self._warned = notice.message_primary or "the commit waited for no standby"

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def bulk_connection(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    """Return a connection for long transactions of one caller, who opens no second one.

    Raises psycopg.Error, MalformedError `setting_invalid`.
    """
    options = f"{_ALWAYS} -c synchronous_commit=on -c lock_timeout=5s"
    found = open_timed(url, options=options, writes=True)
    found.limit_s = LONG_S
    return found
