"""The store under load and in trouble: many processes, full disks, waiters who leave."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from uuid import UUID

import pytest
from eventsourcing.persistence import StoredEvent

from ledger.domain.events import Event, UserRegistered, encode
from ledger.errors import CorruptError, UnavailableError
from ledger.store.async_log import AsyncLog
from ledger.store.batches import MAX_QUEUED
from ledger.store.ports.log import AppendResult, NotStored, Receipt, Stale, Write
from ledger.store.results import require_stored
from ledger.store.sqlite.store import SqliteLog
from tests.support.refusals import refused
from tests.support.states import folded
from tests.support.writes import AT, STATE, write

ONE, TWO = UUID(int=1), UUID(int=2)
ROOT = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteLog]:
    opened = SqliteLog(path)
    yield opened
    opened.close()


def processes(path: Path, mode: str, number: int, count: int = 1) -> list[str]:
    """Run this many appenders at once; return what they printed."""
    command = [sys.executable, "-m", "tests.support.appender", str(path), mode, str(count)]
    running = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(number)
    ]
    printed = [process.communicate(timeout=60)[0] for process in running]
    assert [process.returncode for process in running] == [0] * number
    return printed


# --- processes -----------------------------------------------------------------------------------


def test_eight_processes_open_a_new_file_at_once(path: Path) -> None:
    processes(path, "open", 1, 12)


# --- trouble -------------------------------------------------------------------------------------


def test_a_full_disk_stores_nothing_says_so_and_recovers(path: Path) -> None:
    (said,) = processes(path, "full", 1)
    assert said.split() == ["1", "NotStored", "NotStored", "101"]
    opened = SqliteLog(path)
    assert [position for position, _ in opened.read(0, 1000)] == list(range(1, 102))
    opened.close()


def test_a_fault_in_one_batch_leaves_the_file_unlocked_and_the_log_as_it_was(
    store: SqliteLog, path: Path
) -> None:
    broken = write(events=(StoredEvent("not a uuid", 1, "tag.v1", STATE),))
    with pytest.raises(ValueError, match="UUID"):
        store.append([write(ONE), broken])
    with closing(sqlite3.connect(path, timeout=0)) as other:
        other.execute("BEGIN IMMEDIATE")
    assert store.head().stored == 0
    assert isinstance(store.append([write(ONE)])[0], Receipt)


def test_a_log_that_cannot_be_written_says_so_and_recovers(store: SqliteLog, path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript(
            "CREATE TRIGGER full BEFORE UPDATE ON log_head BEGIN SELECT RAISE(ABORT, 'x'); END"
        )
        failed, too = store.append([write(ONE), write(TWO)])
        raw.execute("DROP TRIGGER full")
    assert isinstance(failed, NotStored)
    assert isinstance(too, NotStored)
    assert (store.head().stored, store.read(0, 9)) == (0, [])
    assert isinstance(store.append([write(ONE)])[0], Receipt)


def test_a_closed_log_stores_nothing_and_says_so(path: Path) -> None:
    log = SqliteLog(path)
    log.close()
    (failed,) = log.append([write(ONE)])
    assert isinstance(failed, NotStored)
    with refused(UnavailableError, "storage_failed"):
        log.seal()
    with refused(UnavailableError, "storage_failed"):
        log.head()


def test_a_row_whose_columns_are_not_its_entrys_is_refused(store: SqliteLog) -> None:
    other = Event(TWO, 1, AT, UserRegistered("u", "creator"))
    state = encode(other, salt=bytes(32))
    store.append([write(events=(StoredEvent(ONE, 1, "user-registered.v1", state),))])
    with refused(CorruptError, "columns_mismatch"):
        folded(store, ONE)


# --- group commit --------------------------------------------------------------------------------


class Watched(SqliteLog):
    """A store that remembers its batches, and fails the first of them if told to."""

    def __init__(self, path: Path, *, fails: bool = False) -> None:
        super().__init__(path)
        self.fails = fails
        self.batches: list[int] = []

    def append(self, writes: Sequence[Write]) -> list[AppendResult]:
        self.batches.append(len(writes))
        if self.fails:
            self.fails = False
            raise RuntimeError("a bug below")
        return super().append(writes)


@pytest.fixture
def watched(path: Path) -> Iterator[Watched]:
    opened = Watched(path)
    yield opened
    opened.close()


async def append_all(commits: AsyncLog, *writes: Write) -> list[AppendResult]:
    return await asyncio.gather(*map(commits.append, writes))


def test_requests_that_wait_together_are_committed_together(watched: Watched) -> None:
    committed: list[int] = []

    async def run() -> None:
        commits = AsyncLog(watched, committed.append)
        first = asyncio.create_task(commits.append(write()))
        await asyncio.sleep(0)
        receipts = await append_all(commits, *(write() for _ in range(64)))
        positions = [each.position for each in receipts if isinstance(each, Receipt)]
        assert positions == list(range(2, 66))
        assert require_stored(await first).position == 1
        commits.close()

    asyncio.run(run())
    assert watched.head().stored == 65
    assert len(watched.batches) <= 3
    assert committed[-1] == 65


def test_requests_that_are_still_decided_join_the_commit_that_waits(watched: Watched) -> None:
    async def decided_after(turns: int, commits: AsyncLog) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        await commits.append(write())

    async def run() -> None:
        commits = AsyncLog(watched, lambda _: None)
        await asyncio.gather(*(decided_after(turns, commits) for turns in range(20)))
        commits.close()

    asyncio.run(run())
    assert watched.batches == [20]


def test_a_commit_that_may_not_begin_stores_nothing_and_tells_each_of_its_requests(
    watched: Watched,
) -> None:
    asked: list[int] = []

    def before_commit() -> None:
        asked.append(watched.head().stored)
        if len(asked) == 2:
            raise UnavailableError("storage_lost", "the file is gone")

    async def run() -> None:
        commits = AsyncLog(watched, lambda _: None, before_commit=before_commit)
        await append_all(commits, *(write() for _ in range(20)))
        tasks = [asyncio.create_task(commits.append(write())) for _ in range(20)]
        for task in tasks:
            with refused(UnavailableError, "storage_lost"):
                await task
        await append_all(commits, *(write() for _ in range(20)))
        commits.close()

    asyncio.run(run())
    assert (asked, watched.batches) == ([0, 20, 20], [20, 20])


def test_one_bad_write_of_a_group_fails_alone(watched: Watched) -> None:
    async def run() -> None:
        commits = AsyncLog(watched, lambda _: None)
        good, bad, also_good = await append_all(commits, write(ONE), write(TWO, 5), write(TWO))
        assert isinstance(good, Receipt)
        assert isinstance(bad, Stale)
        assert isinstance(also_good, Receipt)
        commits.close()

    asyncio.run(run())


def test_what_a_waiter_who_left_had_asked_for_is_durable(watched: Watched) -> None:
    async def run() -> None:
        commits = AsyncLog(watched, lambda _: None)
        leaver = asyncio.create_task(commits.append(write(ONE)))
        stayer = asyncio.create_task(commits.append(write(TWO)))
        await asyncio.sleep(0)
        leaver.cancel()
        assert require_stored(await stayer).position == 2
        with suppress(asyncio.CancelledError):
            await leaver
        assert leaver.cancelled()
        commits.close()

    asyncio.run(run())
    assert [len(watched.stream(each)) for each in (ONE, TWO)] == [1, 1]


def test_a_bug_in_the_store_leaves_no_request_waiting(path: Path) -> None:
    async def run() -> None:
        store = Watched(path, fails=True)
        reported: list[str] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: reported.append(context["message"])
        )
        commits = AsyncLog(store, lambda _: None)
        with pytest.raises(RuntimeError, match="a bug below"):
            await commits.append(write(ONE))
        assert require_stored(await commits.append(write(TWO))).position == 1
        assert reported == ["a batch failed"]
        commits.close()
        store.close()

    asyncio.run(run())


def test_too_many_waiting_writes_are_refused_at_once(watched: Watched) -> None:
    async def run() -> None:
        commits = AsyncLog(watched, lambda _: None)
        one = write(ONE)
        waiting = [asyncio.create_task(commits.append(one)) for _ in range(MAX_QUEUED)]
        await asyncio.sleep(0)
        with refused(UnavailableError, "overloaded"):
            await commits.append(one)
        receipts = await asyncio.gather(*waiting)
        assert {require_stored(each).position for each in receipts} == {1}
        commits.close()

    asyncio.run(run())
