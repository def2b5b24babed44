"""The views' file: one SQLite database beside the log, which can be deleted at any time.

Crash points: a batch is in all tables and in `tracking`, or in none. With synchronous=NORMAL in WAL
mode a power cut can lose the last batches, never part of one; the follower folds them again.

The file is opened when it is first needed, and again after each failure. A file that is damaged is
deleted. So is one whose write-ahead log somebody deleted, because nothing tells what it lacks.
"""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from ledger.errors import CorruptError, UnavailableError
from ledger.sqlite.files import (
    BUSY_TIMEOUT_S,
    MAX_IDLE_WAL_BYTES,
    meaning_of,
    storage_errors,
)
from ledger.sqlite.held_file import HeldFile
from ledger.system import private_files
from projections.views import is_complete, prepare, tracking

IDLE_READERS = 8  # each keeps two descriptors and up to 8 MiB of pages
DAMAGED = "views_malformed"
_WHAT = "the read models cannot be used"
_log = logging.getLogger("ledger.projections")

_WRITER_PRAGMAS = (
    # Takes effect in a new file only. A rebuild takes a tenth less time than with 4 KiB pages.
    "page_size=8192",
    "journal_mode=WAL",
    "synchronous=NORMAL",
    # With this cache, most pages of a rebuild stay in memory until full and are written once.
    "cache_size=-32768",
    "wal_autocheckpoint=8192",
    f"journal_size_limit={MAX_IDLE_WAL_BYTES}",
    # Wiping deleted rows would hide nothing: the log keeps everything that the views show.
    "secure_delete=OFF",
    "trusted_schema=OFF",
)
_READER_PRAGMAS = ("query_only=ON", "cache_size=-8192", "trusted_schema=OFF")


class Views:
    """The file: one writer for the follower, and any number of readers.

    `file` tells whether it is still there.
    """

    def __init__(self, path: Path) -> None:
        """Open the file now if possible; otherwise, `writing` opens it later.

        Raises ConflictError `file_is_link`.
        """
        self._path = path
        self.file = HeldFile(path)
        self._writer: sqlite3.Connection | None = None
        # Readers opened before the file was given up belong to an earlier generation.
        self._generation = 0
        self._is_damaged = False
        self._idle: list[tuple[int, sqlite3.Connection]] = []
        try:
            self.open()
        except UnavailableError as error:
            _log.warning("the read models are opened later: %s", error)

    # --- the file ------------------------------------------------------------------------------

    def open(self) -> None:
        """Open or create the file, unless it is open; rebuild a damaged one.

        Raises UnavailableError `storage_failed` if it cannot be opened now, ConflictError
        `file_is_link`.
        """
        if self._writer is not None:
            return
        try:
            self._writer = self._open()
        except CorruptError as error:
            _log.warning("%s is unreadable; it is rebuilt from the log: %s", self._path.name, error)
            self.discard()
            self._writer = self._open()
        self.file.note()

    def _open(self) -> sqlite3.Connection:
        """Open or create the file with mode 0600, and create the tables of every view."""
        with _used():
            private_files.ensure(self._path)
            db = sqlite3.connect(
                self._path,
                timeout=BUSY_TIMEOUT_S,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=256,
            )
            try:
                for pragma in _WRITER_PRAGMAS:
                    db.execute(f"PRAGMA {pragma}")
                with _transaction(db):
                    prepare(db)
            except BaseException:
                db.close()
                raise
        return db

    def close(self) -> None:
        """Close the file. The follower must have stopped; a reader in use closes when it is done.

        The next use opens it again.
        """
        self._generation += 1
        while self._idle:
            _close(self._idle.pop()[1])
        self.close_writer()

    def close_writer(self) -> None:
        """Close the writer alone, for example after an outage; readers go on."""
        if self._writer is not None:
            _close(self._writer)
            self._writer = None

    def discard(self) -> None:
        """Close and delete the file."""
        self.close()
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        self._is_damaged = False

    def require_held(self) -> None:
        """Give the file up if a reader found it damaged, or if somebody deleted or replaced it.

        The same holds for its write-ahead log. Raises UnavailableError `views_lost`; the next use
        opens or creates the file.
        """
        if self._is_damaged:
            self.discard()
            raise UnavailableError("views_lost", f"{self._path.name} is damaged")
        lost = None if self._writer is None else self.file.lost()
        if lost is None:
            return
        if lost == self._path:
            self.close()  # another process may have replaced it, so its file stays
        else:
            self.discard()
        detail = f"{lost.name} was deleted or replaced while the server used it"
        raise UnavailableError("views_lost", detail)

    def shrink_wal(self) -> None:
        """Empty a large write-ahead log, unless a reader needs it; the next call tries again.

        After a rebuild it has more than 64 MiB, and it would keep that size.
        """
        if self._writer is None or self.file.wal_bytes() <= MAX_IDLE_WAL_BYTES:
            return
        with _used():
            self._writer.execute("PRAGMA busy_timeout=0")
            try:
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                self._writer.execute(f"PRAGMA busy_timeout={round(BUSY_TIMEOUT_S * 1000)}")

    # --- reading and writing -------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Open a write transaction: all of the block, or nothing. Only the follower calls this.

        Raises what `open` raises, UnavailableError `storage_failed`, CorruptError
        `views_malformed`.
        """
        self.open()
        if self._writer is None:
            raise AssertionError("open() opened it")
        with _used(), _transaction(self._writer) as db:
            yield db

    @contextmanager
    def reader(self) -> Iterator[sqlite3.Connection]:
        """Open a read-only connection with a snapshot of all views at one position.

        Raises UnavailableError `views_rebuilding` while the file is opened, rebuilt or damaged,
        `storage_failed`.
        """
        generation, db = self._take()
        is_sound = False
        try:
            # SQLite fixes the snapshot at the first read, which is this one.
            db.execute("BEGIN")
            if not is_complete(db):
                raise UnavailableError("views_rebuilding", "the read models are being rebuilt")
            yield db
            is_sound = True
        except sqlite3.Error as error:
            meaning = self._meaning_of(error)
            if meaning is None:
                raise
            raise meaning from error
        except BaseException:
            is_sound = True  # an error of the caller's, not of the connection's
            raise
        finally:
            if is_sound and generation == self._generation and len(self._idle) < IDLE_READERS:
                db.execute("ROLLBACK")
                self._idle.append((generation, db))
            else:
                _close(db)

    def _meaning_of(self, error: sqlite3.Error) -> UnavailableError | None:
        """Return what a reader's error means; damage is left to the follower to mend."""
        meaning = meaning_of(error, _WHAT)
        if isinstance(meaning, CorruptError):
            self._is_damaged = True
            detail = "the read models are damaged and will be rebuilt"
            return UnavailableError("views_rebuilding", detail)
        return meaning

    def _take(self) -> tuple[int, sqlite3.Connection]:
        """Return an idle reader of the open file, or another, and its generation."""
        while True:
            generation = self._generation
            try:
                opened_in, db = self._idle.pop()
            except IndexError:
                break
            if opened_in == generation:
                return opened_in, db
            _close(db)
        if not self._path.exists():
            raise UnavailableError("views_rebuilding", "the read models are being rebuilt")
        try:
            return generation, self._connect()
        except sqlite3.Error as error:
            meaning = self._meaning_of(error)
            if meaning is None:
                raise
            raise meaning from error

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        try:
            for pragma in _READER_PRAGMAS:
                db.execute(f"PRAGMA {pragma}")
        except sqlite3.Error:
            db.close()
            raise
        return db

    @staticmethod
    def position(db: sqlite3.Connection) -> int:
        """Return the position of a reader's snapshot."""
        return min(each.position for each in tracking(db))


def _used() -> AbstractContextManager[None]:
    return storage_errors(_WHAT, damaged=DAMAGED)


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Commit the block, or roll it back, also if the commit fails."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield db
        db.execute("COMMIT")
    except BaseException:
        # After some errors, such as a full disk, SQLite has rolled back by itself.
        with suppress(sqlite3.Error):
            if db.in_transaction:
                db.execute("ROLLBACK")
        raise


def _close(db: sqlite3.Connection) -> None:
    """Close a connection of which nothing more is expected."""
    with suppress(sqlite3.Error):
        db.close()
