"""The background worker: woken, waiting, failing, stopped, and always able to say which."""

import logging
import threading
import time
from collections.abc import Callable

import pytest

from ledger.errors import CorruptError, LedgerError, RefusedError, UnavailableError
from ledger.system.worker import Backoff, Listeners, StoppedError, Worker, WorkerState

SECONDS = 10.0


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


class Work:
    """A turn that counts itself, raises what it is told to, and waits to be woken."""

    def __init__(self, *errors: Exception, **options: tuple[type[LedgerError], ...]) -> None:
        self.errors = [*errors]
        self.turns = 0
        self.worker = Worker("clerk", self.turn, backoff=Backoff(0.001, 0.004), **options)

    def turn(self) -> None:
        self.turns += 1
        if self.errors:
            raise self.errors.pop(0)
        self.worker.wait(SECONDS)

    def state(self) -> WorkerState:
        return self.worker.health.state


def test_a_worker_waits_until_it_is_woken_and_ends_when_it_is_stopped() -> None:
    work = Work()
    assert work.state() is WorkerState.NEW
    work.worker.start()
    until(lambda: work.state() is WorkerState.WAITING)
    work.worker.wake()
    until(lambda: work.turns == 2)
    work.worker.stop()
    assert (work.state(), work.worker.failure, work.worker.is_over) == (
        WorkerState.STOPPED,
        None,
        False,
    )
    assert work.worker.trouble is None
    assert "clerk" not in {thread.name for thread in threading.enumerate()}


def test_a_wake_that_comes_during_a_turn_is_not_lost() -> None:
    turns: list[int] = []
    entered, woken = threading.Event(), threading.Event()

    def turn() -> None:
        turns.append(1)
        entered.set()
        assert woken.wait(SECONDS)
        worker.wait(SECONDS)

    worker = Worker("clerk", turn, backoff=Backoff(1, 1))
    worker.start()
    assert entered.wait(SECONDS)
    worker.wake()
    woken.set()
    until(lambda: len(turns) == 2)
    worker.stop()


def test_what_passes_is_waited_out_and_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    outage = UnavailableError("storage_failed", "the database is locked")
    work = Work(*[outage] * 5)
    with caplog.at_level(logging.INFO):
        work.worker.start()
        until(lambda: work.state() is WorkerState.WAITING)
        work.worker.stop()
    assert (work.turns, work.worker.failure, work.worker.failures) == (6, None, 5)
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "the clerk failed and will retry: storage_failed: the database is locked",
        "the clerk works again",
    ]


def test_a_failing_worker_says_for_how_long() -> None:
    work = Work(*[UnavailableError("storage_failed", "the disk is full")] * 10_000)
    work.worker.start()
    until(lambda: work.turns > 2)
    first = work.worker.health
    until(lambda: work.turns > 4)
    assert work.worker.health.since_s == first.since_s
    assert first.state is WorkerState.FAILING
    assert work.worker.trouble == "storage_failed: the disk is full (retried for 0 s)"
    assert not work.worker.is_over
    work.worker.stop()
    assert work.state() is WorkerState.STOPPED


def test_corruption_stops_the_worker_for_good_and_it_says_why() -> None:
    work = Work(CorruptError("leaf_mismatch", "an entry was changed"))
    work.worker.start()
    until(lambda: work.worker.is_over)
    assert work.worker.trouble == "leaf_mismatch: an entry was changed (stopped)"
    work.worker.wake()
    work.worker.stop()
    assert (work.turns, work.worker.is_over) == (1, True)


def test_a_bug_stops_the_worker_and_is_logged_with_its_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    work = Work(KeyError("x"))
    work.worker.start()
    until(lambda: work.worker.is_over)
    assert work.worker.trouble == "internal error: KeyError (stopped)"
    (record,) = caplog.records
    assert record.getMessage() == "the clerk stopped"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], KeyError)


def test_which_errors_pass_is_the_owners_to_say() -> None:
    refusal = RefusedError("stamp_refused", "a clock is wrong")
    work = Work(refusal, passing=(RefusedError,))
    work.worker.start()
    until(lambda: work.state() is WorkerState.WAITING)
    work.worker.stop()
    other = Work(refusal)
    other.worker.start()
    until(lambda: other.worker.is_over)


@pytest.mark.parametrize(
    ("outage", "told"),
    [
        (OSError(28, "No space left on device"), "system_failed: No space left on device"),
        (OSError(24, "Too many open files"), "system_failed: Too many open files"),
        (MemoryError(), "system_failed: out of memory"),
    ],
)
def test_an_outage_of_the_operating_system_passes(outage: Exception, told: str) -> None:
    work = Work(*[outage] * 1_000)
    work.worker.start()
    until(lambda: work.turns > 2)
    assert work.worker.trouble == f"{told} (retried for 0 s)"
    work.errors.clear()
    until(lambda: work.state() is WorkerState.WAITING)
    work.worker.stop()
    assert work.worker.failure is None


def test_what_fails_while_the_worker_is_stopped_is_no_failure() -> None:
    entered = threading.Event()

    def turn() -> None:
        entered.set()
        worker.rest(SECONDS)
        raise UnavailableError("storage_failed", "the log is closed")

    worker = Worker("clerk", turn, backoff=Backoff(1, 1))
    worker.start()
    assert entered.wait(SECONDS)
    worker.stop()
    assert worker.health.failure is None


def test_a_turn_may_end_itself_when_the_worker_is_stopped() -> None:
    entered = threading.Event()

    def turn() -> None:
        entered.set()
        if worker.rest(SECONDS):
            raise StoppedError

    worker = Worker("clerk", turn, backoff=Backoff(1, 1))
    worker.start()
    assert entered.wait(SECONDS)
    worker.stop()
    assert worker.health[:2] == (WorkerState.STOPPED, None)


def test_a_worker_that_failed_before_its_start_is_not_started() -> None:
    work = Work()
    work.worker.fail(CorruptError("log_forked", "another history"))
    work.worker.start()
    work.worker.stop()
    assert (work.turns, work.worker.is_over) == (0, True)


def test_a_stop_does_not_wait_longer_than_it_is_told_to() -> None:
    release, entered = threading.Event(), threading.Event()

    def turn() -> None:
        entered.set()
        assert release.wait(SECONDS)

    worker = Worker("clerk", turn, backoff=Backoff(1, 1))
    worker.start()
    assert entered.wait(SECONDS)
    worker.stop(0)
    assert worker.is_stopping
    assert worker.health.state is WorkerState.RUNNING
    release.set()
    worker.stop()
    assert "clerk" not in {thread.name for thread in threading.enumerate()}


def test_pauses_double_up_to_the_limit_and_begin_again() -> None:
    backoff = Backoff(1.0, 5.0)
    pauses = [backoff.next_s() for _ in range(5)]
    for pause, most in zip(pauses, (1, 2, 4, 5, 5), strict=True):
        assert 0.75 * most <= pause <= most
    backoff.reset()
    assert backoff.next_s() <= 1.0


def test_pauses_are_spread() -> None:
    assert len({Backoff(1.0, 5.0).next_s() for _ in range(20)}) > 1


def test_every_listener_is_told_though_one_fails(caplog: pytest.LogCaptureFixture) -> None:
    listeners = Listeners()
    heard: list[int] = []

    def fail(_: int) -> None:
        raise RuntimeError("the loop is closed")

    with listeners.listening(fail), listeners.listening(heard.append):
        listeners.tell(1)
    listeners.tell(2)
    assert heard == [1]
    assert "a listener failed" in caplog.text
