"""Connections to the database, each for one caller at a time, with a time limit of our own.

A server that hangs answers nothing, and one that waits for its standbys does so without end. So
each statement has a time limit here, and when it is over, the connection is closed. It is never
cancelled: the server would end its wait for the standbys and show the commit as if it had waited.
A connection that was lost is opened again at the next call.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any, TypeVar

import psycopg
from psycopg import waiting
from psycopg.abc import PQGen

from ledger.errors import CorruptError, MalformedError, NotFoundError, UnavailableError

CONNECT_S = 3
STATEMENT_S = 10.0  # longer than the server waits for a lock
READ_S = 20.0
LOST_S = 1.0
LONG_S = 3_600.0  # an audit counts and sorts all rows
_POLL_S = 0.1
LAST_BIGINT = 2**63 - 1
# Of the server: nobody holds a lock while it waits for a client that has stopped.
_WRITING = "-c synchronous_commit=on -c lock_timeout=5s -c idle_in_transaction_session_timeout=2s"
_READING = "-c default_transaction_read_only=on"
_ALWAYS = "-c search_path=pg_catalog -c jit=off -c timezone=UTC -c client_min_messages=warning"
_TCP: dict[str, str | int] = {
    "application_name": "ledger",
    "connect_timeout": CONNECT_S,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
# "Canceling wait for synchronous replication": an answer that looks like a success and is none.
_NOT_REPLICATED = "01000"
_ENDING = ("08", "57P")  # the classes of errors that end a connection

# By URL: when a read last got no answer. A server that froze keeps its connections open, and each
# would wait as long. A write may wait for standbys, so it tells nothing.
_lost_s: dict[str, float] = {}

_TOLD = "the database cannot be used now; the program's log says why"
_log = logging.getLogger("ledger.database")

Answer = TypeVar("Answer")


class DoubtError(Exception):
    """The connection was lost while a statement ran: it is not known whether it was committed."""


class UnreachableError(Exception):
    """There is no connection, so nothing was done."""


class _Connection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that is closed when a statement takes too long or is interrupted."""

    limit_s: float = STATEMENT_S
    read_from = ""  # the URL if only reads use it; "" is nobody's

    def wait(
        self, gen: PQGen[Answer], interval: float = _POLL_S, timeout: float | None = None
    ) -> Answer:
        """Wait for a statement; unlike psycopg's own method, never cancel it."""
        try:
            limit_s = self.limit_s if timeout is None else timeout
            return waiting.wait(gen, self.pgconn.socket, interval=interval, timeout=limit_s)
        except psycopg.Error as error:
            # An error of the statement says that it is undone. One that ends the connection does
            # not, nor does our own time limit, which has no code.
            if error.sqlstate is None or error.sqlstate.startswith(_ENDING):
                self.pgconn.finish()
                _lost_s[self.read_from] = time.monotonic()
            raise
        except BaseException:
            self.pgconn.finish()
            raise


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
        self._connection: _Connection | None = None
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
            raise UnavailableError("storage_failed", _TOLD) from error

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

    def _opened(self) -> _Connection:
        if self._is_closed:
            raise psycopg.InterfaceError("the log is closed")
        if self._opened_s < _lost_s.get(self._url, 0.0) and not self._in_snapshot:
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

    def _connect(self) -> _Connection:
        most_ms = round(self._limit_s * 800)  # so that the server ends a statement before we do
        mode = _READING if self._reads_only else _WRITING
        found = _Connection.connect(
            _with_options(
                self._url,
                options=f"{_ALWAYS} {mode} -c statement_timeout={most_ms}",
                target_session_attrs="any" if self._reads_only else "read-write",
            ),
            autocommit=True,
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
    found = _Connection.connect(
        _with_options(url, options=options, target_session_attrs="read-write"), autocommit=True
    )
    found.limit_s = LONG_S
    return found


@contextmanager
def reading_errors() -> Iterator[None]:
    """Turn errors of reads into what they mean: UnavailableError, CorruptError, NotFoundError."""
    try:
        yield
    except (psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedTable) as error:
        raise NotFoundError("not_founded", "the database has no ledger") from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise UnavailableError("storage_failed", _TOLD) from error
    except (psycopg.errors.DataError, psycopg.errors.ProgrammingError) as error:
        raise CorruptError("file_malformed", f"the log cannot be read: {error}") from error
    except psycopg.errors.InternalError as error:  # such as a damaged page or index
        raise CorruptError("file_malformed", f"the log cannot be read: {error}") from error
    except psycopg.Error as error:
        raise UnavailableError("storage_failed", _TOLD) from error


def _with_options(url: str, **options: str) -> str:
    """Return what libpq connects with: the URL, and what is always the same.

    Raises MalformedError `setting_invalid`, which does not repeat the URL: it may have a password.
    """
    try:
        return psycopg.conninfo.make_conninfo(url, **_TCP, **options)
    except psycopg.ProgrammingError as error:
        detail = "the URL of the database is malformed or has an unknown parameter"
        raise MalformedError("setting_invalid", detail) from error
