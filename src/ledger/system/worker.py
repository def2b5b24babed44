"""A background thread that repeats one task and reports its health.

A passing error (by default UnavailableError) is retried after growing pauses, and so is an error of
the operating system: a full disk, no descriptor left, no memory. Any other error stops the worker:
damage and bugs are not retried. The thread never ends silently: `health` holds the reason, and a
bug is logged with its traceback.
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
    FAILING = "failing"  # retrying after a temporary error
    STOPPED = "stopped"  # for good: on request, or because of `failure`


class WorkerHealth(NamedTuple):
    """A worker's state, the failure that caused it, and since when (`time.monotonic`)."""

    state: WorkerState
    failure: Exception | None
    since_s: float


class Backoff:
    """The pauses between retries: each doubles the previous one, up to a limit, with jitter.

    The jitter, up to a quarter less, keeps processes that failed together from retrying together.
    """

    def __init__(self, first_s: float, last_s: float) -> None:
        self._first_s = first_s
        self._last_s = last_s
        self._next_s = first_s

    def next_s(self) -> float:
        """Return the next pause in seconds."""
        pause_s = self._next_s
        self._next_s = min(pause_s * 2, self._last_s)
        return pause_s * random.uniform(0.75, 1.0)  # noqa: S311  # jitter, not a secret

    def reset(self) -> None:
        """Return to the first pause after a success."""
        self._next_s = self._first_s


class StoppedError(Exception):
    """A turn raises this when the worker is asked to stop in the middle of its work."""


class Worker:
    """Call `turn` repeatedly in a thread of its own until stopped.

    A turn does the pending work, then calls `wait` or `rest`. A wake during a turn ends that turn's
    next `wait` at once. `passing` lists the errors of ours to retry.
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
        self._passing: tuple[type[Exception], ...] = (*passing, OSError, MemoryError)
        self._log = logging.getLogger(f"ledger.{name}")
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._health = WorkerHealth(WorkerState.NEW, None, time.monotonic())
        self.failures = 0  # turns that failed and were waited out, since the start
        self._thread: threading.Thread | None = None

    # --- for other threads -----------------------------------------------------------------------

    @property
    def health(self) -> WorkerHealth:
        """The worker's current state."""
        return self._health

    @property
    def failure(self) -> Exception | None:
        """Why the worker is retrying or has stopped; None if it works."""
        return self._health.failure

    @property
    def trouble(self) -> str | None:
        """The failure in words, and whether it is retried; None if the worker works."""
        state, failure, since_s = self._health
        if failure is None:
            return None
        reason = _in_words(failure)
        if state is WorkerState.STOPPED:
            return f"{reason} (stopped)"
        return f"{reason} (retried for {time.monotonic() - since_s:.0f} s)"

    @property
    def is_over(self) -> bool:
        """Whether a permanent failure stopped the worker."""
        return self._health.state is WorkerState.STOPPED and self._health.failure is not None

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping.is_set()

    def start(self) -> None:
        """Start the thread, unless the worker has already failed for good."""
        if not self.is_over:
            self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
            self._thread.start()

    def wake(self) -> None:
        """End the current or the next `wait`."""
        self._woken.set()

    def stop(self, timeout_s: float | None = None) -> None:
        """Ask the thread to end, and wait for it, at most `timeout_s` seconds if given."""
        self._stopping.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    # --- for the turn ----------------------------------------------------------------------------

    def wait(self, timeout_s: float) -> bool:
        """Block until woken or stopped, at most `timeout_s` seconds; return False on timeout."""
        if self._health.state is not WorkerState.WAITING:
            self.succeeded()
            self._become(WorkerState.WAITING)
        return self._woken.wait(timeout_s)

    def rest(self, timeout_s: float) -> bool:
        """Block for `timeout_s` seconds even if woken; return True if the worker must stop."""
        return self._stopping.wait(timeout_s)

    def succeeded(self) -> None:
        """Report success, which ends a previous failure."""
        if self._health.state is WorkerState.FAILING:
            self._log.info("the %s works again", self.name)
            self._become(WorkerState.RUNNING)
        self._backoff.reset()

    # --- running ---------------------------------------------------------------------------------

    def fail(self, failure: LedgerError) -> None:
        """Stop for good with this failure, found before the start."""
        self._become(WorkerState.STOPPED, failure)
        self._log.error("the %s stopped: %s", self.name, failure)

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
                    break  # its resources are being closed
                self._wait_out(error)
            except LedgerError as error:
                self.fail(error)
                return
            except Exception as error:  # noqa: BLE001  # a bug must not end the thread unseen
                self._log.exception("the %s stopped", self.name)
                self._become(WorkerState.STOPPED, error)
                return
        self._become(WorkerState.STOPPED)

    def _wait_out(self, error: Exception) -> None:
        self.failures += 1
        if self._health.state is WorkerState.FAILING:
            self._health = self._health._replace(failure=error)
        else:
            self._become(WorkerState.FAILING, error)
            told = _in_words(error)
            self._log.warning("the %s failed and will retry: %s", self.name, told)
        self._stopping.wait(self._backoff.next_s())

    def _become(self, state: WorkerState, failure: Exception | None = None) -> None:
        self._health = WorkerHealth(state, failure, time.monotonic())


def _in_words(failure: Exception) -> str:
    if isinstance(failure, LedgerError):
        return str(failure)
    if isinstance(failure, OSError):
        return f"system_failed: {failure.strerror or failure}"
    if isinstance(failure, MemoryError):
        return "system_failed: out of memory"
    # Everybody may read it on /healthz, and what a bug met can be a name or a title.
    return f"internal error: {type(failure).__name__}"


class Listeners:
    """Callbacks that receive numbers, in the thread that calls `tell`."""

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
        """Call every listener; log a listener's error and continue with the next."""
        with self._lock:
            listeners = [*self._listeners]
        for listener in listeners:
            try:
                listener(number)
            except Exception:
                logging.getLogger("ledger.worker").exception("a listener failed")
