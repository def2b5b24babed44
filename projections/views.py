"""The views' file: one SQLite database beside the log, which can be deleted at any time.

All views share one file, so that a page reads them all at one position. The table `tracking` holds
for each view its position, the version of the code that built it, and the leaf hash of its last
entry. A view that does not continue this log is dropped and rebuilt.

Crash points: a batch is in all tables and in `tracking`, or in none. With synchronous=NORMAL in WAL
mode a power cut can lose the last batches, never part of one; the follower folds them again.
"""

import logging
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import msgspec

from ledger.errors import UnavailableError
from ledger.sqlite.files import BUSY_TIMEOUT_S
from ledger.system import private_files
from projections import inbox, keys, statements, streams, timeline, users
from projections.facts import Batch

IDLE_READERS = 32


class View(Protocol):
    """What each view's module defines; its SQL must match SQLite's stored text exactly.

    TABLES are created with the view, INDEXES when it first reaches the head: one sort is cheaper.
    Changing the tables or what `fold` writes requires a new VERSION.
    """

    NAME: str
    VERSION: int
    TABLES: tuple[str, ...]
    INDEXES: tuple[str, ...]

    def fold(self, db: sqlite3.Connection, batch: Batch) -> None:
        """Add the batch to the view's tables."""


VIEWS: tuple[View, ...] = (streams, users, keys, statements, inbox, timeline)

_TRACKING = (
    "CREATE TABLE tracking(name TEXT PRIMARY KEY, version INTEGER NOT NULL,"
    " position INTEGER NOT NULL, leaf BLOB NOT NULL, complete INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID"
)
_log = logging.getLogger("ledger.projections")


class Tracking(msgspec.Struct, frozen=True):
    """A view's last position, that entry's leaf hash, and whether its indexes exist."""

    name: str
    position: int
    leaf: bytes
    complete: bool


class Views:
    """The open file: one writer for the follower, and any number of readers."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[sqlite3.Connection] = []
        try:
            self._writer = self._open()
        except sqlite3.DatabaseError as error:
            # Do not delete a file that is only locked: another process uses it. The low byte is
            # SQLite's primary error code.
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise
            _log.warning("%s is unreadable; it is rebuilt from the log: %s", path.name, error)
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            self._writer = self._open()

    def _open(self) -> sqlite3.Connection:
        """Open or create the file with mode 0600, and create the tables of every view."""
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
        except sqlite3.Error:
            db.close()
            raise
        return db

    def close(self) -> None:
        """Close the file. The follower must have stopped, and nothing may be reading."""
        while self._idle:
            self._idle.pop().close()
        self._writer.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Open a write transaction: all of the block, or nothing. Only the follower calls this."""
        with _transaction(self._writer) as db:
            yield db

    @contextmanager
    def reader(self) -> Iterator[sqlite3.Connection]:
        """Open a read-only connection with a snapshot of all views at one position.

        Raises UnavailableError `views_rebuilding` during a rebuild.
        """
        try:
            db = self._idle.pop()
        except IndexError:
            db = self._connect()
        try:
            # SQLite fixes the snapshot at the first read, which is this one.
            db.execute("BEGIN")
            if not all(each.complete for each in tracking(db)):
                raise UnavailableError("views_rebuilding", "the read models are being rebuilt")
            yield db
        finally:
            db.execute("ROLLBACK")
            if len(self._idle) < IDLE_READERS:
                self._idle.append(db)
            else:
                db.close()

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        for pragma in _READER_PRAGMAS:
            db.execute(f"PRAGMA {pragma}")
        return db

    @staticmethod
    def position(db: sqlite3.Connection) -> int:
        """Return the position of a reader's snapshot."""
        return min(each.position for each in tracking(db))


_WRITER_PRAGMAS = (
    # Takes effect in a new file only. A rebuild takes a tenth less time than with 4 KiB pages.
    "page_size=8192",
    "journal_mode=WAL",
    "synchronous=NORMAL",
    # With this cache, most pages of a rebuild stay in memory until full and are written once.
    "cache_size=-32768",
    "wal_autocheckpoint=8192",
    # Wiping deleted rows would hide nothing: the log keeps everything.
    "secure_delete=OFF",
    "trusted_schema=OFF",
)
_READER_PRAGMAS = ("query_only=ON", "cache_size=-8192", "trusted_schema=OFF")


def tracking(db: sqlite3.Connection) -> list[Tracking]:
    """Return the tracking of every view."""
    rows = db.execute("SELECT name, position, leaf, complete FROM tracking")
    return [Tracking(*row) for row in rows]


def advance(db: sqlite3.Connection, *, after: int, position: int, leaf: bytes) -> None:
    """Move every view at `after` to `position`."""
    db.execute(
        "UPDATE tracking SET position = ?, leaf = ? WHERE position = ?", (position, leaf, after)
    )


def reset(db: sqlite3.Connection, name: str) -> None:
    """Drop a view's tables and create them empty."""
    view = next(view for view in VIEWS if name == view.NAME)
    for table in view.TABLES:
        db.execute(f"DROP TABLE IF EXISTS {_TABLE_NAME.findall(table)[0]}")
        db.execute(table)
    db.execute("INSERT OR REPLACE INTO tracking VALUES(?, ?, 0, x'', 0)", (view.NAME, view.VERSION))


def complete(db: sqlite3.Connection) -> None:
    """Create the missing indexes and let readers in."""
    present = _schema(db)
    for view in VIEWS:
        for index in view.INDEXES:
            if index not in present:
                db.execute(index)
    db.execute("UPDATE tracking SET complete = 1")


_TABLE_NAME = re.compile(r"CREATE (?:VIRTUAL )?TABLE (\w+)")


def prepare(db: sqlite3.Connection) -> None:
    """Create missing tables; reset every view that another version of the code built."""
    present = _schema(db)
    if _TRACKING not in present:
        db.execute("DROP TABLE IF EXISTS tracking")
        db.execute(_TRACKING)
    versions = dict(db.execute("SELECT name, version FROM tracking"))
    for view in VIEWS:
        if versions.get(view.NAME) != view.VERSION or not present.issuperset(view.TABLES):
            if view.NAME in versions:
                _log.warning("the view %s was built by another version; it is rebuilt", view.NAME)
            reset(db, view.NAME)


def _schema(db: sqlite3.Connection) -> set[str]:
    return {sql for (sql,) in db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield db
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
