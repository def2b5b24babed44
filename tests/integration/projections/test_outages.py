"""The follower outlasts every outage of the views' file, and rebuilds a file that is lost."""

import os
import resource
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ledger.errors import UnavailableError
from projections.follower import Follower, Views
from tests.integration.projections.test_follower import Running
from tests.support.random_story import Upto, random_story
from tests.support.refusals import refused

SECONDS = 30.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "views.sqlite"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projections.follower.FIRST_RETRY_S", 0.01)
    monkeypatch.setattr("projections.follower.LAST_RETRY_S", 0.05)
    monkeypatch.setattr("projections.follower.TEND_S", 0.01)
    monkeypatch.setattr("projections.views_file.BUSY_TIMEOUT_S", 0.05)


def until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.005)


def reached(follower: Follower, position: int) -> None:
    until(lambda: follower.position == position and follower.failure is None)


@contextmanager
def limited(what: int, most: int) -> Iterator[None]:
    """Lower a limit of this process inside the block."""
    soft, hard = resource.getrlimit(what)
    resource.setrlimit(what, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(what, (soft, hard))


def rows_of(views: Views) -> list[tuple[int, ...]]:
    with views.reader() as db:
        return db.execute("SELECT position FROM timeline ORDER BY position").fetchall()


LOCK = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


def test_a_lock_that_another_process_holds_passes_and_readers_go_on(path: Path) -> None:
    story = random_story(100, seed=31)
    log = Upto(story, 50)
    running = Running(path, log, poll_s=0.01)  # type: ignore[arg-type]  # any log that can be read
    with running as follower:
        reached(follower, 50)
        command = [sys.executable, "-c", LOCK, str(path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            assert other.stdin is not None
            assert other.stdout is not None
            assert other.stdout.readline() == b"locked\n"
            log.size = 100
            until(lambda: follower.failure is not None)
            assert "database is locked" in str(follower.failure)
            assert "retried for" in str(follower.failure)
            assert len(rows_of(running.views)) == 50
            other.stdin.close()
        reached(follower, 100)
        assert len(rows_of(running.views)) == 100


def test_a_file_that_may_not_grow_is_an_outage_whose_commit_is_rolled_back(path: Path) -> None:
    story = random_story(400, seed=32)
    log = Upto(story, 20)
    running = Running(path, log, poll_s=0.01)  # type: ignore[arg-type]  # any log that can be read
    with running as follower:
        reached(follower, 20)
        largest = max(each.stat().st_size for each in path.parent.iterdir())
        with limited(resource.RLIMIT_FSIZE, largest + 4096):
            log.size = 400
            until(lambda: follower.failure is not None)
            with closing(sqlite3.connect(path, timeout=SECONDS)) as other:
                other.execute("BEGIN IMMEDIATE")  # nobody keeps the file locked
                other.execute("ROLLBACK")
            assert len(rows_of(running.views)) == 20
        reached(follower, 400)
        assert len(rows_of(running.views)) == 400


def test_a_full_disk_passes(tmp_path: Path) -> None:
    """On a file system of its own; without the right to mount one, a limit on files stands in."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = os.geteuid() == 0 and not subprocess.call(
        ["/bin/mount", "-t", "tmpfs", "-o", "size=2M", "tmpfs", str(disk)],
        stderr=subprocess.DEVNULL,
    )
    try:
        story = random_story(600, seed=33)
        log = Upto(story, 10)
        running = Running(disk / "views.sqlite", log, poll_s=0.01)  # type: ignore[arg-type]  # any log that can be read
        with running as follower:
            reached(follower, 10)
            ballast = disk / "ballast"
            full = os.statvfs(disk).f_bavail * os.statvfs(disk).f_bsize if mounted else 0
            largest = max(each.stat().st_size for each in disk.iterdir())
            ballast.write_bytes(bytes(max(0, full - 8192)))
            limit = resource.RLIM_INFINITY if mounted else largest + 4096
            with limited(resource.RLIMIT_FSIZE, limit):
                log.size = 200
                until(lambda: follower.failure is not None)
            ballast.unlink()
            reached(follower, 200)
            assert len(rows_of(running.views)) == 200
    finally:
        if mounted:
            subprocess.check_call(["/bin/umount", "--lazy", str(disk)])


def test_readers_without_a_descriptor_left_are_told_so(path: Path) -> None:
    with Running(path, random_story(30, seed=34)) as follower:
        reached(follower, 30)
        views = Views(path)
        used = sum(1 for _ in Path("/proc/self/fd").iterdir())
        with (
            limited(resource.RLIMIT_NOFILE, used - 1),
            refused(UnavailableError, "storage_failed"),
            views.reader(),
        ):
            pass
        assert len(rows_of(views)) == 30
        views.close()


def unlink(path: Path) -> None:
    path.unlink()


def unlink_wal(path: Path) -> None:
    path.with_name("views.sqlite-wal").unlink()


def replace(path: Path) -> None:
    other = path.with_name("other.sqlite")
    with closing(sqlite3.connect(other)) as db:
        db.execute("PRAGMA user_version = 7")
    other.replace(path)


@pytest.mark.parametrize("lose", [unlink, unlink_wal, replace])
def test_a_file_that_is_lost_is_noticed_named_and_rebuilt(
    path: Path, lose: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    running = Running(path, random_story(100, seed=35), poll_s=0.01)
    with running as follower:
        reached(follower, 100)
        rows_of(running.views)  # leaves an idle reader of the lost file
        lose(path)
        until(lambda: "was deleted or replaced while the server used it" in caplog.text)
        reached(follower, 100)
        assert path.stat().st_size
        assert len(rows_of(running.views)) == 100
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM timeline").fetchone() == (100,)


def test_a_file_that_is_overwritten_is_rebuilt(path: Path) -> None:
    story = random_story(200, seed=36)
    log = Upto(story, 100)
    running = Running(path, log, poll_s=0.01)  # type: ignore[arg-type]  # any log that can be read
    with running as follower:
        reached(follower, 100)
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with path.open("r+b") as file:
            file.write(b"no database at all" * 5000)
        seen = threading.Event()

        def read() -> bool:
            try:
                found = len(rows_of(Views(path)))
            except UnavailableError:
                seen.set()
                return False
            return found == 200

        log.size = 200
        until(read)
        reached(follower, 200)
        assert len(rows_of(running.views)) == 200
    assert seen.is_set()


def test_the_write_ahead_log_is_emptied_when_the_follower_is_idle(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.views_file.MAX_IDLE_WAL_BYTES", 4096)
    wal = path.with_name("views.sqlite-wal")
    running = Running(path, random_story(100, seed=37), poll_s=0.01)
    with running as follower:
        reached(follower, 100)
        until(lambda: wal.stat().st_size == 0)
        assert len(rows_of(running.views)) == 100
