import asyncio

from ledger.errors import UnavailableError
from ledger.http.questions import turn
from tests.support.refusals import refused


def test_a_second_question_is_refused_while_one_is_answered() -> None:
    async def ask() -> None:
        async with turn():
            await asyncio.sleep(0)

    async def ask_twice() -> None:
        async with turn():
            with refused(UnavailableError, "server_busy"):
                await ask()
        await ask()

    asyncio.run(ask_twice())
