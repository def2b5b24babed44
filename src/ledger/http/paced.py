"""Answers that are computed part by part while they are sent: a client takes each part in time."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

# A part has about a megabyte; a client that takes none for so long has hung.
PART_S = 60.0


async def in_time(parts: AsyncIterator[bytes], *, part_s: float = PART_S) -> AsyncGenerator[bytes]:
    """Yield the parts; end the request if its client takes longer than `part_s` for one of them.

    The answer has no length, so a client sees from its missing end that it was cut.
    """
    task = asyncio.current_task()
    if task is None:
        raise AssertionError("an answer is sent by a task")
    loop = asyncio.get_running_loop()
    async for part in parts:
        deadline = loop.call_later(part_s, task.cancel)
        try:
            yield part
        finally:
            deadline.cancel()
