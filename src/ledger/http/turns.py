"""Turns of long reads of the log: so many threads at once, also when who asked has hung up.

A thread cannot be ended from outside. So it is told to stop, which it does at the next row that it
reads, or at the end of the window that it searches, and its turn is given back when it has ended
and not before. A turn is for one part of an answer: a client that takes its parts slowly holds none
meanwhile.

What takes long has threads of its own: the event loop's own threads are few, six on two processors,
and every page needs one.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar, cast

from ledger.audit.source import AuditedLog, EventRow, RowFilter
from ledger.errors import CorruptError, UnavailableError
from ledger.http.lanes import without_turn
from ledger.store.engines import audited_log
from ledger.store.ports.log import LogStore, ReadAddress

T = TypeVar("T")
WINDOW = 50_000  # positions that are searched before a read asks whether to go on


class NobodyWaitsError(Exception):
    """Who asked has hung up: nobody waits for what is read."""


class LongRead:
    """A read in a thread, until it is told to stop."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    def stop(self) -> None:
        """Make the thread's next row raise NobodyWaitsError."""
        self._stop.set()

    def require_wanted(self) -> None:
        """Raise NobodyWaitsError after `stop`."""
        if self._stop.is_set():
            raise NobodyWaitsError

    @contextmanager
    def rows(self, address: str) -> Iterator[AuditedLog]:
        """Open the log at an address; raise as `LogSource.open`."""
        self.require_wanted()
        found = audited_log(address).open()
        try:
            yield cast(AuditedLog, _StoppableRows(found, self.require_wanted))
        finally:
            found.close()


def from_anywhere(store: LogStore, work: Callable[[ReadAddress], T]) -> T:
    """Return what the work reads where long reads go; from the primary if that fails meanwhile.

    A standby can be stopped, or end a read itself, between any two rows.
    """
    reading = store.reading()
    try:
        return work(reading)
    except (CorruptError, UnavailableError):
        if reading.address == store.address:
            raise
        return work(reading._replace(address=store.address))


class _StoppableRows:
    """The rows of a log; before each read and each row it asks whether to go on."""

    def __init__(self, rows: AuditedLog, require_wanted: Callable[[], None]) -> None:
        self._rows = rows
        self._require_wanted = require_wanted

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._rows, name)

        def read(*args: Any, **named: Any) -> Any:
            self._require_wanted()
            answer = found(*args, **named)
            return self._each(answer) if isinstance(answer, Iterator) else answer

        return read if callable(found) else found

    def filtered(self, wanted: RowFilter) -> Iterator[EventRow]:
        """Yield what `AuditedLog.filtered` yields, a window at a time.

        The storage can look for long for the next row that meets a filter, and nothing stops it
        meanwhile.
        """
        newest = self._rows.newest()
        last = newest if wanted.last is None else min(wanted.last, newest)
        for after in range(wanted.after, last, WINDOW):
            self._require_wanted()
            window = wanted._replace(after=after, last=min(after + WINDOW, last))
            yield from self._each(self._rows.filtered(window))

    def _each(self, rows: Iterator[Any]) -> Iterator[Any]:
        for row in rows:
            self._require_wanted()
            yield row


class LongThreads:
    """So many threads for what takes long; more wait."""

    def __init__(self, count: int) -> None:
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="long")

    def begin(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """Run work in a thread, with the request's context."""
        run = partial(copy_context().run, work)
        return asyncio.get_running_loop().run_in_executor(self._threads, run)


class Turns:
    """At most `count` threads that read a log."""

    def __init__(self, count: int, busy: str) -> None:
        """`busy` says in one sentence why somebody must try later."""
        self.count = count
        self._free = asyncio.Semaphore(count)
        self._threads = LongThreads(count)
        self._busy = busy

    async def now(self, work: Callable[[LongRead], T]) -> T:
        """Return what the work returns; raise UnavailableError `server_busy` without a free turn.

        Nobody waits for the first part of an answer: a request that waits keeps other members'
        reads from being answered.
        """
        if self._free.locked():
            raise UnavailableError("server_busy", self._busy)
        async with without_turn():  # who waits for two of them reads pages meanwhile
            return await self.next(work)

    async def next(self, work: Callable[[LongRead], T]) -> T:
        """Return what the work returns, once it is its turn; a cancelled one is stopped."""
        await self._free.acquire()
        read = LongRead()
        try:
            running = self._threads.begin(partial(work, read))
        except BaseException:
            self._free.release()
            raise
        running.add_done_callback(self._ended)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            read.stop()
            raise

    def _ended(self, running: "asyncio.Future[Any]") -> None:
        self._free.release()
        with suppress(asyncio.CancelledError):
            running.exception()  # of a thread that was stopped, nobody else asks for it
