"""The client with an event loop and the one without, called in the same way by the tests."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, Literal

from ledger.client import AsyncLedgerClient, KeptLogin, LedgerClient

ClientKind = Literal["blocking", "asyncio"]
KINDS: tuple[ClientKind, ...] = ("blocking", "asyncio")


class EitherClient:
    """One client; each method of it is called by name."""

    def __init__(self, login: KeptLogin, kind: ClientKind, runner: asyncio.Runner) -> None:
        self._runner = runner
        self.client: Any

        async def opened() -> AsyncLedgerClient:
            return AsyncLedgerClient(login)

        self.client = LedgerClient(login) if kind == "blocking" else runner.run(opened())

    def call(self, name: str, *args: Any, **more: Any) -> Any:
        """Return what a method answers."""
        found = getattr(self.client, name)(*args, **more)
        return self._runner.run(found) if inspect.iscoroutine(found) else found

    def positions(self, most: int) -> list[int]:
        """Return the first positions that the stream tells."""
        found = self.client.positions()
        if isinstance(found, Iterator):
            told = list(islice(found, most))
            found.close()  # type: ignore[attr-defined]  # it is a generator
            return told
        return self._runner.run(_first(found, most))


async def _first(found: AsyncIterator[int], most: int) -> list[int]:
    told = []
    async for each in found:
        told.append(each)
        if len(told) == most:
            break
    await found.aclose()  # type: ignore[attr-defined]  # it is a generator
    return told


@contextmanager
def either(login: KeptLogin, kind: ClientKind) -> Iterator[EitherClient]:
    """Yield a client of this kind."""
    with asyncio.Runner() as runner:
        client = EitherClient(login, kind, runner)
        yield client
        client.call("close")
