"""Listing one's wrapped keys costs what they are: it is done beside everybody else's requests."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from ledger.commands.wrapped_keys import WrappedKeyCommands
from ledger.errors import RefusedError
from ledger.store.ports.operations import WrappedKey

USER = str(UUID(int=1))
MANY = 30_000


class Owner:
    """A person whose keys with an even number are live."""

    def active_key(self, kid: str, *, now_ms: int) -> None:
        if int(kid) % 2:
            raise RefusedError("key_revoked", kid)

    def active_passkey(self, credential_id: str, *, now_ms: int) -> None: ...


def test_many_keys_are_listed_in_one_pass_and_ended_ones_are_forgotten() -> None:
    kept = [WrappedKey(str(number), "passkey", b"wrapped") for number in range(MANY)]
    forgotten: list[WrappedKey] = []

    async def ask(*_: Any, **__: Any) -> Owner:
        return Owner()

    async def wrapped_keys(user: str) -> list[WrappedKey]:
        return kept

    async def forget(key: WrappedKey) -> None:
        forgotten.append(key)

    writer: Any = cast(Any, SimpleNamespace(ask=ask, now_ms=lambda: 0))
    state: Any = cast(Any, SimpleNamespace(wrapped_keys=wrapped_keys, forget_wrapped_key=forget))
    began = time.process_time()
    live = asyncio.run(WrappedKeyCommands(writer, state).list(USER))
    assert time.process_time() - began < 1
    assert (live, forgotten) == (kept[::2], kept[1::2])
