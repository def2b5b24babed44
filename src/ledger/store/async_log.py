"""The log for an event loop: many requests share one load and one commit.

Everything that queues while the engine is busy forms the next batch. The engine runs in threads of
its own, one for loads and one for commits, so that no request waits for the disk of another.
"""

from __future__ import annotations  # annotations of nested functions cost nothing on the hot path

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from ledger.errors import UnavailableError
from ledger.store.batches import Batches
from ledger.store.ports.log import AppendResult, Facts, LogStore, Needs, Receipt, Write
from ledger.store.results import trouble_of

MAX_APPENDS = 500  # in one commit
MAX_LOADS = 256  # in one snapshot
# Until this process is restarted, or the log is the right one again and takes a write.
_LASTING = frozenset({"epoch_moved", "log_rolled_back"})


class CommitTimes(NamedTuple):
    """The duration of one group commit, and how many events of each type it appended."""

    commit_s: float
    sync_s: float | None
    events: Counter[str]


class AsyncLog:
    """The log, as the commands of a running server use it."""

    def __init__(
        self,
        store: LogStore,
        committed: Callable[[int], None],
        admit: Callable[[], None] = lambda: None,
        timed: Callable[[CommitTimes], None] = lambda _: None,
        before_commit: Callable[[], None] = lambda: None,
    ) -> None:
        """Call `admit` before each append, `committed` and `timed` after each commit.

        `before_commit` runs in the thread of commits, once for all appends of a commit; an error
        that it raises is the answer to each of them, and nothing of them is stored.
        """
        self._store = store
        self._reader = store.reader()
        self._committed = committed
        self._admit = admit
        self._timed = timed
        self._before_commit = before_commit
        self._trouble: UnavailableError | None = None  # why the last commit stored nothing
        loading = ThreadPoolExecutor(1, thread_name_prefix="log-load")
        committing = ThreadPoolExecutor(1, thread_name_prefix="group-commit")
        self._loads = Batches(loading, self._reader.load, most=MAX_LOADS)
        self._appends = Batches(committing, self._append, most=MAX_APPENDS, stores=True)

    @property
    def queued(self) -> int:
        """How many writes wait for the next commit."""
        return self._appends.queued

    async def load(self, needs: Needs) -> Facts:
        """Return what a decision needs, from one snapshot.

        Raises UnavailableError `storage_failed`, `overloaded`.
        """
        return await self._loads.do(needs)

    async def append(self, write: Write) -> AppendResult:
        """Return the result of a write; a Receipt once it is durable.

        Never put a time limit around this: a write whose caller gave up may be stored. Raises what
        `admit` and `before_commit` raise, and UnavailableError `overloaded`.
        """
        self._admit()
        return await self._appends.do(write)

    def require_writable(self) -> None:
        """Raise UnavailableError if the last commit stored nothing, and storing still fails.

        It tries a commit of its own, so that a server to which nobody sends anything any more finds
        out that the storage works again. It blocks. A log that was restored or copied stays so.
        """
        trouble = self._trouble
        if trouble is None:
            return
        if trouble.code in _LASTING:
            raise trouble
        self._store.seal()
        if self._trouble is trouble:
            self._trouble = None

    def end(self) -> None:
        """From now on, store no write that still waits when its caller is given up."""
        self._appends.end()

    def _append(self, writes: Sequence[Write]) -> list[AppendResult]:
        self._before_commit()
        began_s = time.perf_counter()
        results = self._store.append(writes)
        commit_s = time.perf_counter() - began_s
        self._trouble = trouble_of(results)
        stored = [each for each in results if isinstance(each, Receipt)]
        if stored:
            self._committed(max(each.position for each in stored))
        self._timed(CommitTimes(commit_s, self._store.sync_s, _appended(writes, results)))
        return results

    def close(self) -> None:
        """Finish the running batches."""
        self._loads.close()
        self._appends.close()
        self._reader.close()


def _appended(writes: Sequence[Write], results: Sequence[AppendResult]) -> Counter[str]:
    return Counter(
        event.topic
        for write, result in zip(writes, results, strict=True)
        if isinstance(result, Receipt) and not result.repeated
        for event in write.events
    )
