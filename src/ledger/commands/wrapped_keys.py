"""Synced signing keys: each wrapped under a passkey's secret, kept for the person's other browsers.

The server can open none of them. They are no part of the log: if they are lost, the person sets up
a new key in each other browser.
"""

from uuid import UUID

from ledger.commands.writer import Writer
from ledger.domain.person import Person
from ledger.errors import ConflictError, RefusedError
from ledger.store.async_state import AsyncState
from ledger.store.ports.operations import WrappedKey


class WrappedKeyCommands:
    """What people may ask of their wrapped keys."""

    def __init__(self, writer: Writer, state: AsyncState) -> None:
        self._writer = writer
        self._state = state

    async def keep(self, user: str, key: WrappedKey) -> None:
        """Keep a wrapped key of the person who is signed in, one for each key and passkey.

        The first one stays, so a stolen session cannot put another in its place.
        Raises RefusedError `key_unknown`, `key_revoked`, `key_expired`, `passkey_unknown`,
        `passkey_removed`, `passkey_waiting`; ConflictError `wrapped_key_kept`.
        """
        owner = await self._owner(user)
        now_ms = self._writer.now_ms()
        owner.active_key(key.kid, now_ms=now_ms)
        owner.active_passkey(key.credential_id, now_ms=now_ms)
        if not await self._state.keep_wrapped_key(user, key):
            detail = "another wrapped key of this signing key and passkey is kept already"
            raise ConflictError("wrapped_key_kept", detail)

    async def list(self, user: str) -> list[WrappedKey]:
        """Return the person's wrapped keys, each of a live key and a live passkey.

        Others are deleted here: their end came while one was stored, or by itself.
        """
        kept = await self._state.wrapped_keys(user)
        owner, now_ms = await self._owner(user), self._writer.now_ms()
        live, ended = list[WrappedKey](), list[WrappedKey]()
        for key in kept:
            (live if _is_live(owner, key, now_ms) else ended).append(key)
        for key in ended:
            await self._state.forget_wrapped_key(key)
        return live

    async def _owner(self, user: str) -> Person:
        return await self._writer.ask(lambda reading: reading.person(UUID(user)), fresh=True)


def _is_live(owner: Person, key: WrappedKey, now_ms: int) -> bool:
    try:
        owner.active_key(key.kid, now_ms=now_ms)
        owner.active_passkey(key.credential_id, now_ms=now_ms)
    except RefusedError:
        return False
    return True
