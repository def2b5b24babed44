"""The storage engines that the conformance suite runs on, each with the faults that it needs.

Another engine is another class and its entry in `ENGINES`; the tests stay the same.
"""

import hashlib
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import psycopg
import pytest

from ledger.audit.source import LogSource
from ledger.store import engines
from ledger.store.ports.copies import LogCopies
from ledger.store.ports.directory import Directory
from ledger.store.ports.log import LogStore, ReadableLog
from ledger.store.ports.messages import MessageStore
from ledger.store.ports.operations import OperationalState
from ledger.store.ports.signer_memory import SignerMemory
from ledger.store.ports.turn import PublishingTurn
from ledger.store.postgres import store as postgres_store
from ledger.store.postgres.connections import DatabaseConnection
from ledger.store.sqlite import store as sqlite_store
from tests.support.states import without_triggers

MEMORY = "signer-memory.sqlite"


class Engine(Protocol):
    """What the suite asks of the engine of a log; `data` is the directory of one ledger."""

    @property
    def name(self) -> str:
        """Its name in `ENGINES`."""
        ...

    def open_log(self, data: Path) -> LogStore: ...
    def read_log(self, data: Path) -> ReadableLog: ...
    def source(self, data: Path) -> LogSource: ...
    def open_operations(self, data: Path, *, born_ms: int = 0) -> OperationalState: ...
    def open_messages(self, data: Path) -> MessageStore: ...
    def open_directory(self, data: Path) -> Directory: ...
    def open_signer_memory(self, data: Path) -> SignerMemory: ...
    def open_turn(self, data: Path) -> PublishingTurn: ...

    def raise_epoch(self, data: Path) -> None:
        """Raise the epoch, as a restore does, although a process has the log open."""
        ...

    def forget_newest(self, data: Path) -> None:
        """Take the newest event away, as an older copy of the storage in its place would."""
        ...

    def damage(self, data: Path) -> None:
        """Change the newest event's body."""
        ...

    def fail_commits(self, patch: pytest.MonkeyPatch, times: int, *, stores: bool) -> None:
        """Let commits report a failure although they store their events, or store nothing."""
        ...


class FilesEngine(Engine, Protocol):
    """What the suite asks of an engine that also copies logs."""

    def copies(self) -> LogCopies: ...


class SqliteEngine:
    """SQLite, in files of the data directory."""

    name = "sqlite"

    def open_log(self, data: Path) -> LogStore:
        return engines.open_log(engines.address_of(data))

    def read_log(self, data: Path) -> ReadableLog:
        return engines.read_log(engines.address_of(data))

    def open_operations(self, data: Path, *, born_ms: int = 0) -> OperationalState:
        return engines.open_operations(engines.address_of(data), data, born_ms=born_ms)

    def open_messages(self, data: Path) -> MessageStore:
        return engines.open_messages(engines.address_of(data), data)

    def open_directory(self, data: Path) -> Directory:
        return engines.open_directory(engines.address_of(data), data)

    def open_signer_memory(self, data: Path) -> SignerMemory:
        return engines.open_signer_memory(engines.address_of(data), data / MEMORY)

    def open_turn(self, data: Path) -> PublishingTurn:
        return engines.open_turn(engines.address_of(data), data)

    def copies(self) -> LogCopies:
        return engines.copies()

    def source(self, data: Path) -> LogSource:
        return engines.audited_log(engines.address_of(data))

    def raise_epoch(self, data: Path) -> None:
        self._edit(data, "UPDATE log_head SET epoch = epoch + 1")

    def forget_newest(self, data: Path) -> None:
        self._edit(
            data,
            "DELETE FROM ev WHERE pos = (SELECT size FROM log_head)",
            "UPDATE log_head SET size = size - 1",
        )

    def damage(self, data: Path) -> None:
        self._edit(
            data,
            "UPDATE body SET data = CAST(data || x'20' AS BLOB)"
            " WHERE pos = (SELECT size FROM log_head)",
        )

    def fail_commits(self, patch: pytest.MonkeyPatch, times: int, *, stores: bool) -> None:
        patch.setattr(sqlite_store, "RETRY_S", 0)
        patch.setattr(sqlite_store, "_commit", _failing(times, stores=stores))

    @staticmethod
    def _edit(data: Path, *statements: str) -> None:
        with closing(sqlite3.connect(engines.address_of(data))) as db, without_triggers(db):
            for statement in statements:
                db.execute(statement)


def _failing(times: int, *, stores: bool) -> Callable[[sqlite3.Connection], None]:
    left, real = [times], sqlite_store._commit

    def commit(db: sqlite3.Connection) -> None:
        if not left[0]:
            return real(db)
        left[0] -= 1
        db.execute("COMMIT" if stores else "ROLLBACK")
        raise sqlite_store._CommitError(sqlite3.OperationalError("disk I/O error"))

    return commit


# Where the tests' PostgreSQL is, also for the processes that they start: its socket's directory.
POSTGRES = "LEDGER_TESTS_POSTGRES"


class PostgresEngine:
    """PostgreSQL, a database for each data directory; the fixture `postgres` starts the server."""

    name = "postgres"

    def __init__(self) -> None:
        self._free: list[str] = []
        self._made = 0

    def open_log(self, data: Path) -> LogStore:
        return engines.open_log(self.url(data))

    def read_log(self, data: Path) -> ReadableLog:
        return engines.read_log(self.url(data))

    def source(self, data: Path) -> LogSource:
        return engines.audited_log(self.url(data))

    def open_operations(self, data: Path, *, born_ms: int = 0) -> OperationalState:
        return engines.open_operations(self._created(data), data, born_ms=born_ms)

    def open_messages(self, data: Path) -> MessageStore:
        return engines.open_messages(self._created(data), data)

    def open_directory(self, data: Path) -> Directory:
        return engines.open_directory(self._created(data), data)

    def open_signer_memory(self, data: Path) -> SignerMemory:
        data.mkdir(exist_ok=True)
        return engines.open_signer_memory(self._created(data), data / MEMORY)

    def open_turn(self, data: Path) -> PublishingTurn:
        return engines.open_turn(self._created(data), data)

    def _created(self, data: Path) -> str:
        """Return the URL of a data directory's database, with its tables."""
        url = self.url(data)
        engines.create_database(url, role=None)
        return url

    def raise_epoch(self, data: Path) -> None:
        self._edit(data, "UPDATE ledger.log_head SET epoch = epoch + 1")

    def forget_newest(self, data: Path) -> None:
        self._edit(
            data,
            "DELETE FROM ledger.ev WHERE pos = (SELECT size FROM ledger.log_head)",
            "UPDATE ledger.log_head SET size = size - 1",
        )

    def damage(self, data: Path) -> None:
        self._edit(
            data,
            "UPDATE ledger.body SET data = data || ' '"
            " WHERE pos = (SELECT size FROM ledger.log_head)",
        )

    def fail_commits(self, patch: pytest.MonkeyPatch, times: int, *, stores: bool) -> None:
        patch.setattr(postgres_store, "RETRY_S", 0)
        patch.setattr(postgres_store, "DOUBT_S", 0.1)
        patch.setattr(DatabaseConnection, "_run", _losing(times, stores=stores))

    def url(self, data: Path) -> str:
        """Return the URL of the database of a data directory, which is empty at first."""
        note = self._note(data)
        if not note.exists():
            note.write_text(self._free.pop() if self._free else self._new())
        return self._url(note.read_text())

    def give_back(self) -> None:
        """Empty the databases that a test used: creating one costs more."""
        for note in Path(os.environ[POSTGRES]).glob("*.used"):
            self._execute(note.read_text(), "DROP SCHEMA IF EXISTS ledger CASCADE")
            self._free.append(note.read_text())
            note.unlink()

    @staticmethod
    def _note(data: Path) -> Path:
        """The file that names the database of a data directory, also to other processes."""
        name = hashlib.sha256(str(data).encode()).hexdigest()
        return Path(os.environ[POSTGRES]) / f"{name}.used"

    def _new(self) -> str:
        self._made += 1
        name = f"ledger{self._made}"
        self._execute("postgres", f"CREATE DATABASE {name}")
        return name

    @staticmethod
    def _url(database: str) -> str:
        return f"postgresql://owner@{quote(os.environ[POSTGRES], safe='')}/{database}"

    def _execute(self, database: str, *statements: str) -> None:
        options = "-c client_min_messages=warning"
        with psycopg.connect(self._url(database), autocommit=True, options=options) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def _edit(self, data: Path, *statements: str) -> None:
        """Change rows past the triggers, as the superuser of a database can."""
        past = "SET session_replication_role = replica"
        self._execute(self._note(data).read_text(), past, *statements)


def _losing(times: int, *, stores: bool) -> Callable[..., list[tuple[Any, ...]]]:
    """Let the connection be lost during appends, before the server has them or after."""
    left, real = [times], DatabaseConnection._run

    def run(session: DatabaseConnection, query: str, values: Any) -> list[tuple[Any, ...]]:
        if "append_batch" not in query or not left[0]:
            return real(session, query, values)
        left[0] -= 1
        if stores:
            real(session, query, values)
        session._drop()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    return run


SQLITE, DATABASES = SqliteEngine(), PostgresEngine()
ENGINES: dict[str, Engine] = {each.name: each for each in (SQLITE, DATABASES)}
