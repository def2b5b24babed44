"""The log in a SQLite file: what is written is never changed, and read by its owner alone."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from ledger.errors import CorruptError
from ledger.store.engines import read_log
from ledger.store.sqlite.store import SqliteLog
from tests.support.refusals import refused
from tests.support.states import folded
from tests.support.writes import write

ONE, TWO = UUID(int=1), UUID(int=2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "log.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteLog]:
    opened = SqliteLog(path)
    yield opened
    opened.close()


# --- append-only ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ev SET entry = x'00'",
        "UPDATE ev SET pos = 9 WHERE pos = 1",
        "UPDATE OR REPLACE ev SET version = 2",
        "DELETE FROM ev",
        "DELETE FROM ev WHERE pos = 2",
        "INSERT OR REPLACE INTO ev SELECT pos, zeroblob(16), 7, tag, x'00', leaf FROM ev",
        "INSERT OR REPLACE INTO ev(stream, version, tag, entry, leaf)"
        " SELECT stream, version, tag, x'00', leaf FROM ev",
        "REPLACE INTO ev SELECT * FROM ev",
        "UPDATE body SET data = zeroblob(40)",
        "DELETE FROM body",
        "INSERT OR REPLACE INTO body SELECT pos, zeroblob(40) FROM body",
        "UPDATE member SET pos = 9",
        "DELETE FROM member",
        "INSERT OR REPLACE INTO member SELECT grp, stream, pos, 0 FROM member",
        "UPDATE cmd SET answer = x'00'",
        "DELETE FROM cmd",
        "INSERT OR REPLACE INTO cmd SELECT key, pos, n, x'00' FROM cmd",
        "UPDATE claim SET stream = x'00'",
        "DELETE FROM claim",
        "INSERT OR REPLACE INTO claim SELECT name, zeroblob(16), pos FROM claim",
        "UPDATE log_head SET size = size - 1",
        "UPDATE log_head SET epoch = epoch - 1",
        "UPDATE log_head SET at_ms = at_ms - 1",
        "DELETE FROM log_head",
        "INSERT OR REPLACE INTO log_head VALUES(1, 0, 0, 0, 0)",
        "INSERT INTO log_head VALUES(2, 0, 0, 0, 0)",
    ],
)
def test_nothing_that_was_written_is_changed_or_deleted(
    store: SqliteLog, path: Path, statement: str
) -> None:
    store.append([write(ONE, 1, 2, claims=(("kid/a", ONE),), joins=(("role/a", ONE),))])
    with closing(sqlite3.connect(path)) as raw:
        before = list(raw.iterdump())
        with pytest.raises(sqlite3.IntegrityError):
            raw.execute(statement)
        raw.rollback()
        assert list(raw.iterdump()) == before
    assert store.head().stored == 2


def test_only_the_owner_reads_the_files(path: Path) -> None:
    before = os.umask(0o022)
    try:
        opened = SqliteLog(path)
        opened.append([write()])
        names = {each.name for each in path.parent.iterdir()}
        assert names == {"log.sqlite", "log.sqlite-wal", "log.sqlite-shm"}
        modes = {stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
        assert modes == {0o600}
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        opened.close()
    finally:
        os.umask(before)


@pytest.mark.parametrize("number", [-1, 2, 3])
def test_a_file_of_another_format_is_not_opened(path: Path, number: int) -> None:
    SqliteLog(path).close()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(f"PRAGMA user_version = {number}")
    with refused(CorruptError, "format_unknown"):
        SqliteLog(path)


def test_a_row_that_is_not_its_entrys_is_refused(store: SqliteLog) -> None:
    store.append([write(ONE)])
    with refused(CorruptError, "entry_malformed"):
        folded(store, ONE)


def test_who_only_reads_the_log_commits_nothing(store: SqliteLog, path: Path) -> None:
    store.append([write(ONE)])
    with closing(sqlite3.connect(path)) as raw:
        query = "SELECT commits FROM log_head"
        before = raw.execute(query).fetchall()
        with (
            closing(read_log(str(path))) as reader,
            closing(reader.tree()) as tree,
            pytest.raises(AssertionError, match="for reading"),
        ):
            tree.save([])
        assert raw.execute(query).fetchall() == before
