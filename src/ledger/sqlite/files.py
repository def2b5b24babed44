"""Open SQLite files: mode 0600, write-ahead log, locks preserved."""

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
    """A read-only connection for one caller at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = Lock()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection; turn SQLite errors into UnavailableError `storage_failed`."""
        with self._lock:
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise UnavailableError("storage_failed", "the log cannot be read") from error

    def close(self) -> None:
        """Close the connection after the current reader finishes."""
        with self._lock:
            self._connection.close()


def open_private(path: Path) -> sqlite3.Connection:
    """Open a database file that only its owner can read.

    SQLite itself would create it with the umask's mode. Raises ConflictError `file_is_link`.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    private_files.ensure(path)
    return sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )


@contextmanager
def closed_on_error(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Lend a newly opened connection; close it if the block raises."""
    try:
        yield connection
    except BaseException:
        connection.close()
        raise


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
