"""Several processes that serve one socket, and the parent that supervises them.

The parent binds the socket and serves nothing itself, so it has no threads, and each worker is a
fork of it. The parent kills a worker that does not answer START_S after its start. It starts a
worker that ended again, after growing pauses. SIGTERM and SIGINT are passed on, and the parent ends
when all workers have answered what they had. SIGHUP starts the program anew in this same process,
which reads its files again: the new workers start beside the old ones, which end once the new ones
serve. If the new program does not start, the old workers go on. Another version does not start so,
because two versions must not use one directory at the same time: it starts workers when the last
one of the earlier version has ended.

A worker whose parent has gone ends as after SIGTERM.
"""

import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

import msgspec

from ledger import __version__
from ledger.cli.exit_codes import ExitCode
from ledger.cli.handover import HANDOVER, Handover
from ledger.http.quotas import SharedQuotas
from ledger.http.shared_buckets import SharedBuckets
from ledger.http.shared_holdings import Holdings
from ledger.http.team import Team
from ledger.http.team_metrics import TeamMetrics

FIRST_PAUSE_S, LAST_PAUSE_S = 0.5, 10.0
START_S = 60.0  # until a worker answers; the first one of an ordinary start has no limit
SETTLED_S = 10.0  # a worker that lived for so long is started again at once
LOOK_S = 0.5
_ENDING = (signal.SIGTERM, signal.SIGINT)
_log = logging.getLogger("ledger.workers")

# Serves the socket as one of a team, and calls the function once it answers.
Work = Callable[[socket.socket, Team, Callable[[], None]], int]


class Supervisor:
    """The parent of the workers of one socket."""

    def __init__(
        self,
        work: Work,
        listening: socket.socket,
        *,
        count: int,
        locks: Sequence[int],
        earlier: Handover | None = None,
        patience_s: float,
    ) -> None:
        """Take the descriptors of held locks, and what an earlier program left.

        `patience_s` is how long a worker may take to end.
        """
        self._work = work
        self._listening = listening
        self._count = count
        self._locks = locks
        self._patience_s = patience_s
        self._quotas = SharedQuotas(SharedBuckets(), SharedBuckets())
        self._holdings = Holdings(count)
        self._metrics = TeamMetrics(count)
        self._workers: dict[int, tuple[int, float]] = {}  # by process: its number, and since when
        self._starting: dict[int, int] = {}  # by process: where it tells that it answers
        self._earlier = set(earlier.workers if earlier else ())
        self._version = __version__ if earlier is None else earlier.version  # of the workers
        self._due: dict[int, float] = {}  # when the worker of a number is to be started again
        self._pause_s = FIRST_PAUSE_S
        self._ends_at_s: float | None = None
        self._renews = False
        self._has_started = False
        self._first_code: int | None = None  # of a first worker that ended before it answered
        self._wakes, self._woken = os.pipe()

    def run(self) -> int:
        """Start the workers and supervise them until SIGTERM or SIGINT; return the exit code.

        The first worker starts alone. If it does not start, its exit code is returned; with workers
        of an earlier program, these go on instead.
        """
        os.set_blocking(self._woken, False)
        signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)
        for each in _ENDING:
            signal.signal(each, self._end)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)  # an earlier program held them back
        signal.signal(signal.SIGHUP, self._end if sys.stdin.isatty() else self._renew)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        code = ExitCode.USAGE if self._is_other() else self._start_first()
        self._has_started = True
        if code is not None and not self._earlier:
            return code if self._ends_at_s is None else ExitCode.DONE
        if code is None:
            for number in range(1, self._count):
                self._start(number)
            while self._starting:
                self._look()
            _log.info("%d workers serve", len(self._workers))
            _send(self._earlier, signal.SIGTERM)
        else:
            _log.error("the new program does not start; the workers of the earlier one go on")
            now_s = time.monotonic()
            self._workers = {each: (at, now_s) for at, each in enumerate(sorted(self._earlier))}
            self._earlier.clear()
        while self._workers or self._earlier or self._due:
            self._look()
        return ExitCode.DONE

    # --- workers -------------------------------------------------------------------------------

    def _is_other(self) -> bool:
        """Tell whether the workers that serve are of another version than this program."""
        return self._version != __version__

    def _start_first(self) -> int | None:
        """Start a worker and wait until it answers; return its exit code if it ended before."""
        self._start(0)
        while self._starting:
            self._look()
        return self._first_code

    def _start(self, number: int) -> None:
        """Start a worker."""
        told, tells = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        # A signal to end that comes now reaches a parent that knows the worker, and a worker that
        # ends by it.
        with _held_back():
            if self._ends_at_s is not None:
                os.close(told)
                os.close(tells)
                return
            process = os.fork()
            if not process:
                os.close(told)
                self._be_worker(number, tells)
            self._workers[process] = (number, time.monotonic())
            self._starting[process] = told
        os.close(tells)

    def _be_worker(self, number: int, tells: int) -> None:
        """Serve in this new process, and end it."""
        code: int = ExitCode.UNAVAILABLE
        try:
            signal.set_wakeup_fd(-1)
            for each in (*_ENDING, signal.SIGHUP, signal.SIGCHLD):
                signal.signal(each, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
            os.setpgid(0, 0)  # an interrupt of the terminal is for the parent, which passes it on
            held, is_first = self._holdings.row(number), not self._has_started
            team = Team(self._count, is_first, number, self._quotas, held, self._metrics)
            code = self._work(self._listening, team, lambda: _tell(tells))
        except BaseException as error:  # noqa: BLE001  # nothing of the parent may run here
            _log.error("worker %d does not start: %s", number, error)
        finally:
            with suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _look(self) -> None:
        """Wait for a signal or a word or the end of a worker, and do what follows."""
        heard, _, _ = select.select([self._wakes, *self._starting.values()], [], [], LOOK_S)
        with suppress(BlockingIOError):
            os.set_blocking(self._wakes, False)
            os.read(self._wakes, 4_096)
        for process, told in [*self._starting.items()]:
            if told in heard and os.read(told, 1):
                self._forget_start(process)
            else:
                self._kill_late(process)
        self._reap()
        if self._ends_at_s is not None:
            self._due.clear()
            if time.monotonic() > self._ends_at_s:
                _send({*self._workers, *self._earlier}, signal.SIGKILL)
            return
        if not self._has_started:
            return
        if self._renews and not self._earlier:
            self._start_anew()
        if self._is_other():
            if self._workers:
                return  # none is started beside workers of another version
            self._version = __version__
        for number in [each for each, at_s in self._due.items() if time.monotonic() >= at_s]:
            del self._due[number]
            self._start(number)

    def _kill_late(self, process: int) -> None:
        """Kill a worker that was started and does not answer; `_reap` has it started again."""
        number, since_s = self._workers[process]
        has_limit = self._has_started or bool(self._earlier)
        if has_limit and time.monotonic() - since_s > START_S:
            _log.error("worker %d does not answer after %d s and is killed", number, START_S)
            self._workers[process] = number, time.monotonic()
            _send({process}, signal.SIGKILL)

    def _forget_start(self, process: int) -> None:
        os.close(self._starting.pop(process))

    def _reap(self) -> None:
        """Note which workers have ended, and when each is to be started again."""
        while True:
            try:
                process, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self._earlier.clear()
                return
            if not process:
                return
            self._earlier.discard(process)
            if process not in self._workers:
                continue
            number, since_s = self._workers.pop(process)
            if process in self._starting:
                self._forget_start(process)
            code = os.waitstatus_to_exitcode(status)
            if not self._has_started:
                self._first_code = abs(code) or ExitCode.UNAVAILABLE
                continue
            if self._ends_at_s is None and number < self._count:  # an earlier program had more
                _log.error("worker %d ended (%d) and is started again", number, code)
                self._holdings.forget(number)  # the others may have it until then
                if time.monotonic() - since_s > SETTLED_S:
                    self._pause_s = 0.0
                self._start_later(number)

    def _start_later(self, number: int) -> None:
        self._due[number] = time.monotonic() + self._pause_s
        self._pause_s = min(max(2 * self._pause_s, FIRST_PAUSE_S), LAST_PAUSE_S)

    # --- signals -------------------------------------------------------------------------------

    def _end(self, _sent: int, _frame: FrameType | None) -> None:
        """Pass the end on to all workers; a second signal ends their time to drain."""
        self._ends_at_s = self._ends_at_s or time.monotonic() + self._patience_s
        _send({*self._workers, *self._earlier}, signal.SIGTERM)

    def _renew(self, _sent: int, _frame: FrameType | None) -> None:
        self._renews = True

    def _start_anew(self) -> None:
        """Start the program in this process again; the workers serve meanwhile."""
        self._renews = False
        workers = tuple(self._workers)
        left = Handover(self._version, self._listening.fileno(), tuple(self._locks), workers)
        for descriptor in (left.listening, *left.locks):
            os.set_inheritable(descriptor, True)
        environment = os.environ | {HANDOVER: msgspec.json.encode(left).decode()}
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the new program takes it
        _log.info("starting anew, beside the workers that serve")
        # A signal to end that comes from here on waits until the new program takes it.
        with _held_back():
            if self._ends_at_s is not None:
                return
            try:
                os.execve(sys.executable, sys.orig_argv, environment)  # noqa: S606  # this program again
            except OSError as error:
                _log.error("the program cannot be started anew: %s", error)
        signal.signal(signal.SIGHUP, self._renew)


@contextmanager
def _held_back() -> Iterator[None]:
    """Let the signals that end the program wait until the end of the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _tell(tells: int) -> None:
    with suppress(BrokenPipeError):  # the parent has gone, which the worker sees soon
        os.write(tells, b"1")
    os.close(tells)


def _send(processes: set[int], sent: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, sent)
