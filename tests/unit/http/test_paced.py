import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from ledger.http.paced import in_time


async def parts() -> AsyncGenerator[bytes]:
    yield b"one"
    yield b"two"


def test_a_client_that_takes_every_part_gets_all() -> None:
    async def read() -> list[bytes]:
        return [part async for part in in_time(parts(), part_s=60)]

    assert asyncio.run(read()) == [b"one", b"two"]


def test_a_client_that_takes_no_part_loses_the_answer() -> None:
    taken: list[bytes] = []

    async def hang() -> None:
        async with aclosing(in_time(parts(), part_s=0.01)) as sent:
            async for part in sent:
                taken.append(part)
                await asyncio.Event().wait()  # a client that takes no more

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(hang())
    assert taken == [b"one"]
