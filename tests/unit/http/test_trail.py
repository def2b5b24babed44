import asyncio
from contextlib import AsyncExitStack

from ledger.errors import UnavailableError
from ledger.http.trail import AT_ONCE, turn
from tests.support.refusals import refused


def test_a_third_trail_is_refused_while_two_are_sent() -> None:
    async def ask() -> None:
        async with turn():
            await asyncio.sleep(0)

    async def ask_often() -> None:
        async with AsyncExitStack() as held:
            for _ in range(AT_ONCE):
                await held.enter_async_context(turn())
            with refused(UnavailableError, "server_busy"):
                await ask()
        await ask()

    assert AT_ONCE == 2
    asyncio.run(ask_often())
