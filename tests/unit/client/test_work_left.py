"""What a guarded function returned tells whether its work is done."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from multiprocessing.pool import ThreadPool
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from ledger.client.work_left import has_work_left


class Later:
    """What does its work once somebody waits for it."""

    def __await__(self) -> Iterator[None]:
        yield


class FutureOfALibrary:
    """The methods that futures of every library have; it is no `concurrent.futures.Future`."""

    def done(self) -> bool:
        return False

    def add_done_callback(self, call: object) -> None:
        """Call later."""


async def later_steps() -> AsyncIterator[int]:
    yield 1


def failed() -> "Future[int]":
    future: Future[int] = Future()
    future.set_exception(OSError("not deployed"))
    return future


@pytest.mark.parametrize(
    "result",
    [
        Later(),
        later_steps(),
        (each for each in (1, 2)),
        map(print, ("deployed",)),
        filter(print, ("deployed",)),
        Future(),
        failed(),
        FutureOfALibrary(),
        threading.Thread(target=print),
        BaseProcess(target=print),
        [1, Future()],
        (1, Future()),
        {"first": Future()},
        {Future()},
    ],
)
def test_what_works_later_or_may_have_failed_is_not_done(result: object) -> None:
    assert has_work_left(result)


@pytest.mark.parametrize(
    "result",
    [
        None,
        1,
        "text",
        [1, "a"],
        {"a": 1},
        Path("a"),
        iter([1]),
        print,
        Later,
        Future,
        partial(print),
    ],
)
def test_values_are_done(result: object) -> None:
    assert not has_work_left(result)


def test_a_task_of_an_event_loop_is_not_done() -> None:
    async def run() -> bool:
        task = asyncio.ensure_future(asyncio.sleep(0))
        found = has_work_left(task)
        await task
        return found

    assert asyncio.run(run())


def test_what_a_pool_was_given_is_not_done() -> None:
    with ThreadPoolExecutor(1) as executor, ThreadPool(1) as pool:
        assert has_work_left(executor.submit(int))
        assert has_work_left(executor.map(int, "1"))
        assert has_work_left(pool.apply_async(int))
        assert has_work_left(pool.map_async(int, "1"))


def test_a_thread_is_done_when_it_has_ended() -> None:
    ends = threading.Event()
    thread = threading.Thread(target=ends.wait)
    thread.start()
    assert has_work_left(thread)
    ends.set()
    thread.join()
    assert not has_work_left(thread)


def test_a_process_is_done_when_it_has_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert has_work_left(process)
    process.communicate(b"\n")
    assert not has_work_left(process)
