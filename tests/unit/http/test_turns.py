"""Turns of long reads: nobody waits for a first part, and who hangs up leaves no thread behind."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from ledger.audit.source import EventRow, RowFilter
from ledger.errors import UnavailableError
from ledger.http import access_report, questions, trail
from ledger.http.evidence import BUNDLES
from ledger.http.lanes import Lane, LaneName
from ledger.http.turns import WINDOW, LongRead, NobodyWaitsError, Turns, _StoppableRows
from ledger.store.engines import open_log
from tests.support.refusals import refused

BUSY = "another one is read; try later"


class Held:
    """A read that has begun, and goes on when it is let."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.ended: list[str] = []

    def __call__(self, log: LongRead) -> str:
        self.begun.set()
        try:
            self.go_on.wait(10)
            log.require_wanted()
        except NobodyWaitsError:
            self.ended.append("stopped")
            raise
        self.ended.append("read")
        return "read"

    async def until_begun(self) -> None:
        await asyncio.to_thread(self.begun.wait, 10)


def test_nobody_waits_for_the_first_part_and_later_parts_wait_their_turn() -> None:
    async def ask() -> None:
        turns, held = Turns(1, BUSY), Held()
        first = asyncio.create_task(turns.now(held))
        await held.until_begun()
        with refused(UnavailableError, "server_busy"):
            await turns.now(lambda _: "read")
        later = asyncio.create_task(turns.next(lambda _: "later"))
        held.go_on.set()
        assert (await first, await later) == ("read", "later")
        assert await turns.now(lambda _: "again") == "again"

    asyncio.run(ask())


def test_who_waits_for_a_long_read_reads_pages_meanwhile() -> None:
    async def ask() -> str:
        lane = Lane(LaneName.MEMBERS, at_once=1, each=1, waiting=1, wait_s=2)
        turns, held = Turns(1, BUSY), Held()

        async def long_read() -> str:
            async with lane.turn("ada"):
                return await turns.now(held)

        reading = asyncio.create_task(long_read())
        await held.until_begun()
        async with lane.turn("ada"):  # her page is answered before her trail begins
            held.go_on.set()
        return await reading

    assert asyncio.run(ask()) == "read"


def test_a_hung_up_read_keeps_its_turn_until_its_thread_has_stopped() -> None:
    async def ask() -> list[str]:
        turns, held = Turns(1, BUSY), Held()
        asked = asyncio.create_task(turns.now(held))
        await held.until_begun()
        asked.cancel()
        with suppress(asyncio.CancelledError):
            await asked
        with refused(UnavailableError, "server_busy"):  # its thread still runs
            await turns.now(lambda _: "read")
        waiting = asyncio.create_task(turns.next(lambda _: "next"))
        held.go_on.set()
        assert await waiting == "next"
        return held.ended

    assert asyncio.run(ask()) == ["stopped"]


@pytest.mark.parametrize("threads", [trail.TURNS, questions.TURNS, access_report.OWN])
def test_a_long_read_takes_no_thread_that_pages_need(threads: Turns) -> None:
    """On two processors the event loop has six threads, and six long reads took all of them."""

    async def ask() -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        held = Held()
        asked = asyncio.create_task(threads.now(held))
        async with asyncio.timeout(10):
            await held.until_begun()
            assert await asyncio.to_thread(lambda: "a page") == "a page"
        held.go_on.set()
        assert await asked == "read"

    asyncio.run(ask())


def test_bundles_that_are_made_here_take_no_thread_that_pages_need() -> None:
    async def ask() -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        may_end, begun = threading.Event(), threading.Semaphore(0)

        def made() -> str:
            begun.release()
            assert may_end.wait(10)
            return "bundle"

        making = [BUNDLES.begin(made) for _ in range(3)]
        async with asyncio.timeout(10):
            for _ in range(2):
                await asyncio.to_thread(begun.acquire, timeout=10)
        assert not begun.acquire(blocking=False)  # the third waits
        may_end.set()
        assert await asyncio.gather(*making) == ["bundle"] * 3

    asyncio.run(ask())


def test_a_read_that_fails_gives_its_turn_back() -> None:
    def fail(_: LongRead) -> str:
        raise UnavailableError("storage_failed", "the disk is gone")

    async def ask() -> None:
        turns = Turns(1, BUSY)
        for _ in range(2):
            with refused(UnavailableError, "storage_failed"):
                await turns.now(fail)

    asyncio.run(ask())


def test_each_read_and_each_row_of_a_log_that_nobody_waits_for_stops(tmp_path: Path) -> None:
    address = str(tmp_path / "log.sqlite")
    open_log(address).close()
    log = LongRead()
    with log.rows(address) as rows:
        assert rows.newest() == 0
        with rows.snapshot():
            every = iter(rows.events())
            assert isinstance(every, Iterator)
        log.stop()
        with pytest.raises(NobodyWaitsError):
            rows.newest()
    with pytest.raises(NobodyWaitsError), log.rows(address):
        pass


def test_a_row_is_not_read_after_the_stop() -> None:

    class Rows:
        def events(self) -> Iterator[int]:
            yield from range(10)

    log = LongRead()
    seen: list[int] = []
    rows = _StoppableRows(Rows(), log.require_wanted)  # type: ignore[arg-type]  # only its events
    each = rows.events()
    seen += [next(each), next(each)]
    log.stop()
    with pytest.raises(NobodyWaitsError):
        next(each)
    assert seen == [0, 1]


def test_a_search_that_finds_nothing_ends_between_two_windows() -> None:
    """Nothing stops the storage while it looks for a row that is not there."""
    log, searched = LongRead(), list[tuple[int, int | None]]()

    class Rows:
        def newest(self) -> int:
            return 4 * WINDOW

        def filtered(self, wanted: RowFilter) -> Iterator[EventRow]:
            searched.append((wanted.after, wanted.last))
            if len(searched) == 2:
                log.stop()
            return iter(())

    rows = _StoppableRows(Rows(), log.require_wanted)  # type: ignore[arg-type]  # only its events
    with pytest.raises(NobodyWaitsError):
        list(rows.filtered(RowFilter(after=7)))
    assert searched == [(7, WINDOW + 7), (WINDOW + 7, 2 * WINDOW + 7)]


def test_a_search_in_windows_covers_exactly_what_was_asked() -> None:
    searched: list[tuple[int, int | None]] = []

    class Rows:
        def newest(self) -> int:
            return WINDOW + 10

        def filtered(self, wanted: RowFilter) -> Iterator[EventRow]:
            searched.append((wanted.after, wanted.last))
            return iter(())

    rows = _StoppableRows(Rows(), lambda: None)  # type: ignore[arg-type]  # only its events
    assert [*rows.filtered(RowFilter())] == []
    assert [*rows.filtered(RowFilter(after=5, last=9))] == []
    assert [*rows.filtered(RowFilter(after=WINDOW + 10))] == []
    assert searched == [(0, WINDOW), (WINDOW, WINDOW + 10), (5, 9)]
