"""Worker processes of an audit: each audits a share of the statements and of the checkpoints.

A worker runs the command that the log's source names. It reads its task from standard input, opens
the log itself, and writes one message per line to standard output. If a worker dies, the audit
fails: its share is never assumed to be valid.
"""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import closing, suppress

import msgspec

from ledger.audit import findings
from ledger.audit.checkpoints import CheckpointCheck
from ledger.audit.counts import Counts
from ledger.audit.part_auditor import Known
from ledger.audit.shares import Share, ShareResult, audit_share
from ledger.audit.source import AuditedLog, LogSource
from ledger.domain.charter import Charter
from ledger.errors import CorruptError, UnavailableError
from ledger.system.garbage import collected_rarely


class WorkerTask(msgspec.Struct, frozen=True):
    """The task of one worker: the log's address, its share, and the states of people."""

    address: str
    share: Share
    history: tuple[Known, ...]
    charter: Charter


class WorkerMessage(msgspec.Struct, omit_defaults=True):
    """One line of a worker's output: its progress or its result."""

    position: int = 0
    outcome: ShareResult | None = None


OpenLog = Callable[[str], AuditedLog]


@collected_rarely()
def perform(rows: AuditedLog, task: WorkerTask, told: Callable[[int], None]) -> ShareResult:
    """Audit one share in this process."""
    try:
        share = task.share
        outcome = audit_share(rows, task.history, share, told)
        note = CheckpointCheck(task.charter).run(rows, share.size, share.part, share.parts)
        found = [each for each in (outcome.finding, note) if each is not None]
        return msgspec.structs.replace(outcome, finding=findings.first(found))
    except CorruptError as error:
        return ShareResult(findings.of_error("file", error), Counts())


class WorkerPool:
    """The workers of one audit; they call `told` with a position that all of them have passed."""

    def __init__(self, log: LogSource, told: Callable[[int], None]) -> None:
        self._log = log
        self._tasks: Sequence[WorkerTask] = ()
        self._told = told
        self._lock = threading.Lock()
        self._reached: list[int] = []
        self._outcomes: dict[int, ShareResult] = {}
        self._best: int | None = None
        self._processes: list[subprocess.Popen[bytes]] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
        for thread in self._threads:
            thread.join()

    def start(self, tasks: Sequence[WorkerTask]) -> None:
        """Start a process for each task; a single task is performed by `join` instead."""
        self._tasks, self._reached = tasks, [0] * len(tasks)
        if len(tasks) == 1:
            return
        for number, task in enumerate(self._tasks):
            process = subprocess.Popen(  # noqa: S603  # this very program
                self._log.worker, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            self._processes.append(process)
            thread = threading.Thread(target=self._attend, args=(number, process, task))
            thread.start()
            self._threads.append(thread)

    def join(self) -> ShareResult:
        """Return the first finding of all workers, the sum of their counts, and all claims.

        Raises UnavailableError `audit_interrupted` if a worker ended without a result.
        """
        if len(self._tasks) == 1:
            with closing(self._log.open()) as rows:
                self._outcomes[0] = perform(rows, self._tasks[0], self._told)
        for thread in self._threads:
            thread.join()
        found = [each.finding for each in self._outcomes.values() if each.finding is not None]
        if len(self._outcomes) < len(self._tasks) and not found:
            raise UnavailableError(
                "audit_interrupted", "a process of the audit ended without a result"
            )
        counts = Counts()
        claims: dict[str, tuple[bytes, int]] = {}
        members: list[tuple[str, bytes, int]] = []
        for outcome in self._outcomes.values():
            counts.add(outcome.counts)
            claims |= outcome.claims
            members += outcome.members
        return ShareResult(findings.first(found), counts, claims, members)

    def _attend(self, number: int, process: "subprocess.Popen[bytes]", task: WorkerTask) -> None:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("both are pipes")
        # A worker that died has reported no result.
        with suppress(BrokenPipeError), process.stdin as pipe:
            pipe.write(msgspec.msgpack.encode(task))
        with process.stdout as lines:
            for line in lines:
                said = msgspec.json.decode(line, type=WorkerMessage)
                if said.outcome is not None:
                    self._keep(number, said.outcome)
                elif self._hear(number, said.position):
                    process.kill()
        process.wait()

    def _hear(self, number: int, position: int) -> bool:
        """Return whether the worker has passed another worker's finding."""
        with self._lock:
            self._reached[number] = position
            lowest = min(self._reached)
            self._told(lowest)  # inside the lock, because it may write a file
            return self._best is not None and position >= self._best

    def _keep(self, number: int, outcome: ShareResult) -> None:
        with self._lock:
            self._outcomes[number] = outcome
            self._reached[number] = self._tasks[number].share.size
            place = None if outcome.finding is None else outcome.finding.position
            if place is not None and (self._best is None or place < self._best):
                self._best = place


def work(open_log: OpenLog) -> None:
    """Perform the task on standard input, on the log at its address."""
    # An interrupt reaches the parent too, which then ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    task = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=WorkerTask)
    out, encode = sys.stdout.buffer, msgspec.json.encode

    def say(message: WorkerMessage) -> None:
        out.write(encode(message) + b"\n")
        out.flush()

    try:
        with closing(open_log(task.address)) as rows:
            outcome = perform(rows, task, lambda position: say(WorkerMessage(position=position)))
    except UnavailableError as error:
        sys.exit(f"ledger: {error}")  # without an outcome, the audit has no verdict
    say(WorkerMessage(outcome=outcome))
