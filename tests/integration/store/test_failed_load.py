"""A failing disk is one thing, and a damaged file another: only the second one lasts."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import CorruptError, UnavailableError
from ledger.sqlite.files import ReadConnection
from ledger.store.ports.log import Needs
from ledger.store.sqlite.log_file import LogFile
from ledger.store.sqlite.queries import Queries
from ledger.store.sqlite.store import SqliteLog
from tests.support.refusals import refused


class Failing(sqlite3.Connection):
    """A connection that fails as SQLite does: an I/O error also ends the transaction."""

    fails = False

    def execute(self, query: str, *values: Any) -> sqlite3.Cursor:
        if self.fails and "log_head" in query:
            super().execute("ROLLBACK")
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
            raise error
        return super().execute(query, *values)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Failing]:
    path = tmp_path / "log.sqlite"
    with (
        closing(SqliteLog(path)),
        closing(sqlite3.connect(path, isolation_level=None, factory=Failing)) as opened,
    ):
        yield opened


def test_a_load_that_an_io_error_ends_is_passing(connection: Failing) -> None:
    reader = Queries(ReadConnection(connection))
    connection.fails = True
    with refused(UnavailableError, "storage_failed"):
        reader.load([Needs()])
    connection.fails = False
    (found,) = reader.load([Needs()])
    assert found.head.stored == 0


def test_a_write_into_a_damaged_file_is_no_passing_failure(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with closing(LogFile(path)) as file, file.transaction() as db:
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'tile'").fetchone()
        (page_bytes,) = db.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as raw:
        raw.seek((page - 1) * page_bytes)
        raw.write(b"\xff" * page_bytes)
    with (
        closing(LogFile(path)) as file,
        refused(CorruptError, "file_malformed"),
        file.transaction() as db,
    ):
        db.execute("INSERT INTO tile VALUES(0, 0, x'00')")
