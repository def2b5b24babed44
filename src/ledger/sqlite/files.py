"""SQLite files of this ledger: of mode 0600, with a write-ahead log, their locks kept."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from ledger.errors import UnavailableError
from ledger.system import private_files

BUSY_TIMEOUT_S = 5.0
MAX_INTEGER = 2**63 - 1


class ReadConnection:
    """A connection that is only read, by one caller at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = Lock()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection; what SQLite raises is UnavailableError `storage_failed`."""
        with self._lock:
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise UnavailableError("storage_failed", "the log cannot be read") from error

    def close(self) -> None:
        """Close the connection once its reader is done."""
        with self._lock:
            self._connection.close()


def open_private(path: Path) -> sqlite3.Connection:
    """Open a database file that only its owner reads; SQLite itself would take the umask's mode.

    Raises ConflictError `file_is_link`.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    private_files.ensure(path)
    return sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )


@contextmanager
def closed_on_error(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Lend a connection that was just opened; close it if the block raises."""
    try:
        yield connection
    except BaseException:
        connection.close()
        raise


def use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch a new file to its write-ahead log, which it keeps for ever.

    While another process does so too, SQLite says "locked" at once instead of waiting.
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
