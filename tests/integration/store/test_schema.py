"""A log's file defines what the server created, and nothing else."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ledger.errors import CorruptError
from ledger.store.sqlite.store import SqliteLog
from tests.support.refusals import refused
from tests.support.writes import write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with closing(SqliteLog(tmp_path / "log.sqlite")) as store:
        store.append([write()])
    return tmp_path / "log.sqlite"


def test_a_file_as_it_was_created_is_opened(path: Path) -> None:
    with closing(SqliteLog(path)) as store:
        assert store.head().stored == 1


@pytest.mark.parametrize(
    "script",
    [
        "DROP TRIGGER ev_no_update",
        "DROP TRIGGER head_only_grows",
        "DROP INDEX stamp_by_size",
        "CREATE TRIGGER quiet BEFORE INSERT ON ev BEGIN SELECT RAISE(IGNORE); END",
        "CREATE TABLE other(a)",
        "CREATE VIEW seen AS SELECT * FROM ev",
        "DROP TRIGGER cmd_no_delete;"
        "CREATE TRIGGER cmd_no_delete BEFORE DELETE ON cmd BEGIN SELECT 1; END",
        "ALTER TABLE claim ADD COLUMN more TEXT",
    ],
)
def test_a_file_that_defines_something_else_is_not_opened(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(script)
    with refused(CorruptError, "schema_changed"):
        SqliteLog(path)
