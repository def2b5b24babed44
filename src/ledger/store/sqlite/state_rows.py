"""All rows of the operational state in its two files, for a copy of the ledger."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from ledger.data_files import MESSAGES_FILE, SESSIONS_FILE
from ledger.errors import CorruptError
from ledger.sqlite.files import open_private, open_read_only, reading_errors, storage_errors
from ledger.store.ports.transfer import (
    MESSAGE_TABLES,
    STATE_PAGE_ROWS,
    STATE_TABLES,
    StatePage,
    StatePages,
)
from ledger.store.sqlite.directory import SqliteDirectory
from ledger.store.sqlite.messages import SqliteMessages
from ledger.store.sqlite.operations import SqliteState

# What belongs to the log of before a restore.
_OF_BEFORE = ("secret", "birth", "open_session", "once", "device_link")
_FILES = {SESSIONS_FILE: STATE_TABLES, MESSAGES_FILE: MESSAGE_TABLES}


def stored(data: Path) -> Generator[StatePage, None, None]:
    """Yield the rows of each table; none of a file that is not there.

    Raises CorruptError `file_malformed`, UnavailableError `storage_failed`.
    """
    for name, tables in _FILES.items():
        if (data / name).is_file():
            yield from _stored(data / name, tables)


def _stored(path: Path, tables: Sequence[str]) -> Iterator[StatePage]:
    with closing(open_read_only(path)) as db, reading_errors(f"{path.name} cannot be read"):
        db.execute("BEGIN")
        there = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
        for table in tables:
            if table in there:  # the organisation's is made with its settings
                cursor = db.execute(f"SELECT * FROM {table}")  # noqa: S608  # from the port
                while page := cursor.fetchmany(STATE_PAGE_ROWS):
                    yield table, page


def replace(data: Path, pages: StatePages) -> None:
    """Replace the rows of every table; create the files if there are none.

    Crash points: before the first commit nothing has changed; between the two, one file is of
    before. The caller repeats it then.
    """
    SqliteState(data / SESSIONS_FILE).close()  # with its tables
    SqliteDirectory(data / SESSIONS_FILE).close()
    SqliteMessages(data / MESSAGES_FILE).close()
    with ExitStack() as opened, storage_errors("the operational state cannot be written"):
        files = {name: opened.enter_context(closing(open_private(data / name))) for name in _FILES}
        places = {table: files[name] for name, tables in _FILES.items() for table in tables}
        for db in files.values():
            db.execute("BEGIN IMMEDIATE")
        for table, db in places.items():
            db.execute(f"DELETE FROM {table}")  # noqa: S608  # from the port
        for table, page in pages:
            marks = ", ".join("?" * len(page[0]))
            places[table].executemany(f"INSERT INTO {table} VALUES({marks})", page)
        for db in files.values():
            db.execute("COMMIT")


def settle_restored(data: Path, size: int) -> None:
    """Let both files be of a restored log of this size; delete sessions that are damaged.

    Raises UnavailableError `storage_failed`.
    """
    sessions, messages = data / SESSIONS_FILE, data / MESSAGES_FILE
    with suppress(CorruptError):  # the server says so
        if messages.is_file():
            _rewind_messages(messages, size)
    try:
        if sessions.is_file():
            _forget_of_before(sessions)
    except CorruptError:
        for part in ("", "-wal", "-shm"):
            sessions.with_name(f"{SESSIONS_FILE}{part}").unlink(missing_ok=True)


def _forget_of_before(path: Path) -> None:
    """Delete sessions, ceremonies and used names, and with them the key of ceremonies.

    What stays is no part of a moment of the log: whom the directory blocks, who was shown
    what, sign counts, wrapped keys and labels. Raises CorruptError `file_malformed`,
    UnavailableError `storage_failed`.
    """
    with closing(open_private(path)) as db, reading_errors(f"{path.name} cannot be changed"):
        db.execute("BEGIN IMMEDIATE")
        there = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
        for table in _OF_BEFORE:
            if table in there:
                db.execute(f"DELETE FROM {table}")  # noqa: S608  # constants
        db.execute("COMMIT")


def _rewind_messages(path: Path, size: int) -> None:
    """Let messages and receivers of positions that a restore lost be of its last position.

    A later erasure takes such messages away, too, and receivers hear what comes next. Raises
    CorruptError `file_malformed`, UnavailableError `storage_failed`.
    """
    with closing(open_private(path)) as db, reading_errors(f"{path.name} cannot be changed"):
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE message SET position = ?1 WHERE position > ?1", (size,))
        db.execute("UPDATE webhook SET since = ?1 WHERE since > ?1", (size,))
        db.execute("UPDATE mailbox SET since = ?1 WHERE since > ?1", (size,))
        # A place with a leaf is compared with the log when the messages go on.
        db.execute("UPDATE outbox SET position = ?1 WHERE position > ?1 AND leaf = x''", (size,))
        db.execute("COMMIT")
