"""Batches: everything that queues for a blocking function while it runs forms its next batch.

So many requests share one call, and one round trip to a database.
"""

from __future__ import annotations  # annotations of nested functions cost nothing on the hot path

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from ledger.errors import LedgerError, UnavailableError
from ledger.store import attempts
from ledger.store.attempts import Attempt

MAX_QUEUED = 20_000

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Batches(Generic[Item, Answer]):
    """Run a blocking function on batches of items, in a thread.

    If it `stores`, the request of each item is told when its batch begins.
    """

    def __init__(
        self,
        thread: ThreadPoolExecutor,
        run: Callable[[Sequence[Item]], Sequence[Answer]],
        *,
        most: int,
        stores: bool = False,
    ) -> None:
        self._run = run
        self._most = most
        self._stores = stores
        self._is_ending = False
        self._queue: list[tuple[Item, asyncio.Future[Answer], Attempt | None]] = []
        self._thread = thread
        self._running: asyncio.Task[None] | None = None

    @property
    def queued(self) -> int:
        """How many items wait for the next batch."""
        return len(self._queue)

    async def do(self, item: Item) -> Answer:
        """Return the answer for one item.

        Raises what the function raises, and UnavailableError `overloaded`.
        """
        if len(self._queue) >= MAX_QUEUED:
            raise UnavailableError("overloaded", "too many requests are waiting; try again")
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._queue.append((item, future, attempts.current() if self._stores else None))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._queue:
            await self._gather()
            batch, self._queue = self._queue[: self._most], self._queue[self._most :]
            if self._is_ending:
                batch = [each for each in batch if not each[1].cancelled()]
            if not batch:
                continue
            items = []
            for item, _, attempt in batch:
                attempts.begin(attempt)
                items.append(item)
            try:
                answers = await loop.run_in_executor(self._thread, self._run, items)
            except Exception as error:  # noqa: BLE001  # a bug must not leave requests hanging
                for _, future, _ in batch:
                    if not future.done():
                        future.set_exception(error)
                if not isinstance(error, LedgerError):
                    loop.call_exception_handler({"message": "a batch failed", "exception": error})
                continue
            for (_, future, _), answer in zip(batch, answers, strict=True):
                if not future.done():  # the client may have disconnected meanwhile
                    future.set_result(answer)

    async def _gather(self) -> None:
        """Let all ready requests reach the queue, so that one batch serves them.

        Otherwise their decisions and the thread compete for the interpreter lock.
        """
        waiting = 0
        while waiting < len(self._queue) < self._most:
            waiting = len(self._queue)
            await asyncio.sleep(0)

    def end(self) -> None:
        """From now on, drop the items whose callers were told that the server stops.

        Before a stop, a caller who leaves has asked for something that is done nevertheless.
        """
        self._is_ending = True

    def close(self) -> None:
        """Finish the running batch."""
        self._thread.shutdown()
