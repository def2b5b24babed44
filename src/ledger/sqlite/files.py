"""Open SQLite files: mode 0600, write-ahead log, locks preserved; say what an error means.

An error of SQLite is one of three. The surroundings fail (a lock, a full disk, no descriptor, an
I/O error): the caller retries. The file is damaged: the caller stops. The statement is wrong: that
is a bug, and stays an error of SQLite.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from ledger.errors import CorruptError, NotFoundError, UnavailableError
from ledger.system import private_files

BUSY_TIMEOUT_S = 5.0
WIPE_MS = 20  # how long writers wait until readers let the write-ahead log be emptied
MAX_INTEGER = 2**63 - 1
# SQLite keeps a write-ahead log at its largest size for ever unless it is told a limit.
MAX_IDLE_WAL_BYTES = 8 * 1024 * 1024

# Primary result codes (sqlite.org/rescode.html), the low byte of an extended code.
DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
PASSING = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)


def primary_code(error: sqlite3.Error) -> int | None:
    """Return SQLite's primary result code; None for an error of the Python module itself."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _is_closed(error: sqlite3.Error) -> bool:
    """Tell whether the connection was closed meanwhile; Python's module has no code for it."""
    return isinstance(error, sqlite3.ProgrammingError) and "closed" in str(error)


def meaning_of(
    error: sqlite3.Error, what: str, *, damaged: str = "file_malformed"
) -> CorruptError | UnavailableError | None:
    """Return what an SQLite error means for the caller; None if the statement is wrong.

    `what` says what could not be used. UnavailableError `storage_failed` if the surroundings fail,
    CorruptError with the code `damaged` for a damaged file.
    """
    code = primary_code(error)
    if code in DAMAGED:
        return CorruptError(damaged, f"{what}: {error}")
    if code in PASSING or _is_closed(error):
        return UnavailableError("storage_failed", f"{what}: {error}")
    return None


@contextmanager
def storage_errors(what: str, *, damaged: str = "file_malformed") -> Iterator[None]:
    """Turn SQLite errors in the block into what they mean; a wrong statement stays what it is."""
    try:
        yield
    except sqlite3.Error as error:
        meaning = meaning_of(error, what, damaged=damaged)
        if meaning is None:
            raise
        raise meaning from error


@contextmanager
def reading_errors(what: str) -> Iterator[None]:
    """Do as `storage_errors`, for this program's own tested reads.

    An error in such a statement shows a file without its tables, or with values of other types:
    CorruptError `file_malformed`.
    """
    try:
        with storage_errors(what):
            yield
    except sqlite3.Error as error:
        raise CorruptError("file_malformed", f"{what}: {error}") from error


class ReadConnection:
    """A read-only connection for one caller at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = Lock()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection; raise what `reading_errors` raises."""
        with self._lock, reading_errors("the log cannot be read"):
            yield self._connection

    def close(self) -> None:
        """Close the connection after the current reader finishes."""
        with self._lock:
            self._connection.close()


def open_private(path: Path) -> sqlite3.Connection:
    """Open a database file that only its owner can read.

    SQLite itself would create it with the umask's mode. Raises ConflictError `file_is_link`,
    UnavailableError `storage_failed`, CorruptError `file_malformed` if the file is no database.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    private_files.ensure(path)
    with storage_errors(f"{path} cannot be used"):
        db = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        with closed_on_error(db):
            # SQLite opens the file at the first statement; this one finds out whether it can.
            db.execute("SELECT 1 FROM sqlite_master").fetchone()
            db.execute(f"PRAGMA journal_size_limit={MAX_IDLE_WAL_BYTES}")
    return db


def open_read_only(path: Path) -> sqlite3.Connection:
    """Open an existing database read-only.

    Raises NotFoundError `not_founded`, CorruptError `file_malformed`, UnavailableError
    `storage_failed`.
    """
    if not path.is_file():
        raise NotFoundError("not_founded", f"{path} does not exist")
    uri = path.absolute().as_uri()
    options: dict[str, Any] = {"uri": True, "timeout": BUSY_TIMEOUT_S, "isolation_level": None}
    with reading_errors(f"{path} cannot be read"):
        db: sqlite3.Connection = sqlite3.connect(f"{uri}?mode=ro", **options)
        try:
            with closed_on_error(db):
                db.execute("SELECT 1 FROM sqlite_master").fetchone()
        except sqlite3.OperationalError:
            # The directory is not writable, so this is a copy: no other process writes the file.
            db = sqlite3.connect(f"{uri}?mode=ro&immutable=1", **options)
        with closed_on_error(db):
            db.execute("PRAGMA query_only=ON")
            db.execute("PRAGMA trusted_schema=OFF")
    return db


@contextmanager
def closed_on_error(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Lend a newly opened connection; close it if the block raises."""
    try:
        yield connection
    except BaseException:
        connection.close()
        raise


def empty_write_ahead_log(connection: sqlite3.Connection) -> bool:
    """Empty the write-ahead log, which may have what was erased; False while a reader needs it.

    The caller tries again after its next transaction.
    """
    try:
        connection.execute(f"PRAGMA busy_timeout={WIPE_MS}")
        ((is_busy, *_),) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.execute(f"PRAGMA busy_timeout={int(BUSY_TIMEOUT_S * 1000)}")
    except sqlite3.Error:
        return False
    return not is_busy


def use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch a new file to WAL mode, which the file keeps.

    Retries for BUSY_TIMEOUT_S: SQLite reports "locked" at once while another process makes the same
    switch.
    """
    give_up = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.01)
        else:
            return
