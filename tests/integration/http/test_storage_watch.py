"""The watch over open files: what is lost is named, and a write-ahead log that only grows."""

import logging
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.errors import UnavailableError
from ledger.http.storage_watch import StorageWatch
from ledger.sqlite.held_file import HeldFile
from ledger.store.sqlite.open_files import storage_files
from tests.support.refusals import refused

NAMES = ("log", "state", "views", "memory")


class Files:
    """Four open databases, and the watch over them."""

    def __init__(self, directory: Path) -> None:
        self.paths = [directory / f"{name}.sqlite" for name in NAMES]
        self.open = [sqlite3.connect(path, isolation_level=None) for path in self.paths]
        for db in self.open:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("CREATE TABLE some(thing)")
        log, state, views, memory = self.paths
        held = storage_files(log, memory=memory, state=state)
        files = held._replace(growing=(*held.growing, HeldFile(views)))
        self.watch = StorageWatch(files, most_wal_bytes=100_000, patience_s=0.05)

    def grow(self) -> None:
        self.open[0].execute("INSERT INTO some VALUES(zeroblob(200000))")

    def close(self) -> None:
        for db in self.open:
            db.close()


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    found = Files(tmp_path)
    yield found
    found.close()


def test_files_that_are_there_are_no_trouble(files: Files) -> None:
    files.watch.look()
    files.watch.require_files()
    assert (files.watch.failures(), files.watch.warnings()) == ([], [])
    assert (files.watch.lost_files, files.watch.large_wals) == (0, 0)
    assert files.watch.wal_bytes().keys() == {"log", "views"}


@pytest.mark.parametrize("name", ["log.sqlite", "log.sqlite-wal"])
def test_without_the_log_nothing_is_appended_and_it_is_said_once(
    files: Files, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    (files.paths[0].parent / name).unlink()
    with refused(UnavailableError, "storage_lost"):
        files.watch.require_files()
    said = f"{name} was deleted or replaced while the server used it; nothing is appended any more"
    for _ in range(3):
        files.watch.look()
    assert files.watch.failures() == [said]
    assert files.watch.lost_files == 1
    assert [record.getMessage() for record in caplog.records] == [said]


def test_a_write_ahead_log_that_comes_later_is_watched_too(files: Files, tmp_path: Path) -> None:
    path = tmp_path / "later.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE some(thing)")
    watch = StorageWatch(storage_files(path, memory=path, state=path))
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("INSERT INTO some VALUES(1)")
    watch.require_files()
    path.with_name("later.sqlite-wal").unlink()
    with refused(UnavailableError, "storage_lost"):
        watch.require_files()
    db.close()


def test_a_lost_file_of_sessions_is_a_warning(files: Files) -> None:
    files.paths[1].unlink()
    files.watch.require_files()
    assert files.watch.failures() == []
    assert files.watch.warnings() == [
        "state.sqlite was deleted or replaced while the server used it"
    ]


def test_a_long_read_that_keeps_the_write_ahead_log_growing_is_reported_until_it_ends(
    files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    log = files.paths[0]
    reader = sqlite3.connect(log, isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM some").fetchone() == (0,)
    files.grow()
    files.watch.look()
    assert files.watch.warnings() == []  # not for long yet
    time.sleep(0.06)
    with caplog.at_level(logging.INFO):
        files.watch.look()
        (warning,) = files.watch.warnings()
        assert warning.startswith("log.sqlite-wal has had more than 0 MiB for 0 s")
        assert "a long read keeps it from being emptied" in warning
        assert files.watch.large_wals == 1
        reader.execute("ROLLBACK")
        reader.close()
        files.open[0].execute("PRAGMA wal_checkpoint(TRUNCATE)")
        files.watch.look()
    assert (files.watch.warnings(), files.watch.large_wals) == ([], 0)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_the_watch_looks_by_itself(files: Files, caplog: pytest.LogCaptureFixture) -> None:
    files.paths[0].unlink()
    files.watch.start()
    give_up = time.monotonic() + 20
    while "log.sqlite was deleted" not in caplog.text:
        assert time.monotonic() < give_up
        time.sleep(0.01)
    files.watch.stop()
