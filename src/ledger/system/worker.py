"""A background thread that does one thing over and over, and always says how it is.

What passes (UnavailableError, as a rule) is waited out, each time longer. Anything else stops the
worker: damage and bugs are not retried. Neither ends the thread silently: `health` has the reason,
and a bug is logged with its traceback.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import NamedTuple

from ledger.errors import LedgerError, UnavailableError

Listener = Callable[[int], None]


class WorkerState(Enum):
    """What a worker is doing."""

    NEW = "new"  # not started
    RUNNING = "running"
    WAITING = "waiting"  # for something to do
    FAILING = "failing"  # and about to try again
    STOPPED = "stopped"  # for good: it was asked to, or its failure says why


class WorkerHealth(NamedTuple):
    """A worker's state, the failure that led to it, and since when (`time.monotonic`)."""

    state: WorkerState
    failure: Exception | None
    since_s: float


class Backoff:
    """How long to wait after each failure in a row: twice as long, up to a limit, and spread.

    The spread, up to a quarter less, keeps processes that failed together from retrying together.
    """

    def __init__(self, first_s: float, last_s: float) -> None:
        self._first_s = first_s
        self._last_s = last_s
        self._next_s = first_s

    def next_s(self) -> float:
        """Return the next pause in seconds."""
        pause_s = self._next_s
        self._next_s = min(pause_s * 2, self._last_s)
        return pause_s * random.uniform(0.75, 1.0)  # noqa: S311  # spreads load, keeps no secret

    def reset(self) -> None:
        """Begin at the first pause again: something succeeded."""
        self._next_s = self._first_s


class StoppedError(Exception):
    """The worker was asked to stop in the middle of its work. Raise it out of a turn."""


class Worker:
    """Calls `turn` in a thread of its own until it is stopped.

    A turn does what there is to do and then waits, by `wait` or `rest`. A wake that comes during a
    turn is kept for that turn's `wait`. `passing` are the errors that are waited out.
    """

    def __init__(
        self,
        name: str,
        turn: Callable[[], None],
        *,
        backoff: Backoff,
        passing: tuple[type[LedgerError], ...] = (UnavailableError,),
    ) -> None:
        self.name = name
        self._turn = turn
        self._backoff = backoff
        self._passing = passing
        self._log = logging.getLogger(f"ledger.{name}")
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._health = WorkerHealth(WorkerState.NEW, None, time.monotonic())
        self.failures = 0  # turns that failed and were waited out, since the start
        self._thread: threading.Thread | None = None

    # --- for everybody ---------------------------------------------------------------------------

    @property
    def health(self) -> WorkerHealth:
        """What the worker is doing now."""
        return self._health

    @property
    def failure(self) -> Exception | None:
        """Why the worker fails or stopped, None while all is well."""
        return self._health.failure

    @property
    def trouble(self) -> str | None:
        """The failure in words, and whether it is retried; None while all is well."""
        state, failure, since_s = self._health
        if failure is None:
            return None
        is_ours = not isinstance(failure, LedgerError)
        reason = f"a fault of ours: {failure!r}" if is_ours else str(failure)
        if state is WorkerState.STOPPED:
            return f"{reason} (stopped)"
        return f"{reason} (retried for {time.monotonic() - since_s:.0f} s)"

    @property
    def is_over(self) -> bool:
        """Whether the failure is one that does not pass: nothing is retried."""
        return self._health.state is WorkerState.STOPPED and self._health.failure is not None

    @property
    def is_stopping(self) -> bool:
        """Whether the worker was asked to stop."""
        return self._stopping.is_set()

    def start(self) -> None:
        """Begin, unless the worker is over already."""
        if not self.is_over:
            self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
            self._thread.start()

    def wake(self) -> None:
        """End the present or the next `wait`."""
        self._woken.set()

    def stop(self, timeout_s: float | None = None) -> None:
        """Ask the thread to end, and wait for that, at most `timeout_s` seconds if given."""
        self._stopping.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    # --- for the turn ----------------------------------------------------------------------------

    def wait(self, timeout_s: float) -> bool:
        """Block until woken or stopped, and tell whether; for `timeout_s` seconds at most."""
        if self._health.state is not WorkerState.WAITING:
            self.succeeded()
            self._become(WorkerState.WAITING)
        return self._woken.wait(timeout_s)

    def rest(self, timeout_s: float) -> bool:
        """Block for `timeout_s` seconds, woken or not; tell whether the worker is to stop."""
        return self._stopping.wait(timeout_s)

    def succeeded(self) -> None:
        """Say that the turn did its work: the failure before it is over."""
        if self._health.state is WorkerState.FAILING:
            self._log.info("the %s works again", self.name)
            self._become(WorkerState.RUNNING)
        self._backoff.reset()

    # --- running ---------------------------------------------------------------------------------

    def fail(self, failure: LedgerError) -> None:
        """Stop for good and say why; for what is found before the start."""
        self._become(WorkerState.STOPPED, failure)
        self._log.error("the %s stops: %s", self.name, failure)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            if self._health.state is not WorkerState.FAILING:
                self._become(WorkerState.RUNNING)
            try:
                self._turn()
                self.succeeded()
            except StoppedError:
                break
            except self._passing as error:
                if self._stopping.is_set():
                    break  # what it works with is being closed
                self._wait_out(error)
            except LedgerError as error:
                self.fail(error)
                return
            except Exception as error:  # noqa: BLE001  # a bug must not end the thread unseen
                self._log.exception("the %s stops", self.name)
                self._become(WorkerState.STOPPED, error)
                return
        self._become(WorkerState.STOPPED)

    def _wait_out(self, error: Exception) -> None:
        self.failures += 1
        if self._health.state is WorkerState.FAILING:
            self._health = self._health._replace(failure=error)
        else:
            self._become(WorkerState.FAILING, error)
            self._log.warning("the %s fails and tries again: %s", self.name, error)
        self._stopping.wait(self._backoff.next_s())

    def _become(self, state: WorkerState, failure: Exception | None = None) -> None:
        self._health = WorkerHealth(state, failure, time.monotonic())


class Listeners:
    """Who is told a number, in the thread that tells it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Listener] = []

    @contextmanager
    def listening(self, listener: Listener) -> Iterator[None]:
        """Call `listener` with every number told inside the block."""
        with self._lock:
            self._listeners.append(listener)
        try:
            yield
        finally:
            with self._lock:
                self._listeners.remove(listener)

    def tell(self, number: int) -> None:
        """Tell everybody; an error of one listener is logged, and the others are told too."""
        with self._lock:
            listeners = [*self._listeners]
        for listener in listeners:
            try:
                listener(number)
            except Exception:
                logging.getLogger("ledger.worker").exception("a listener failed")
