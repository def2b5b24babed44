"""Synced signing keys: sealed by the browser under a passkey's secret, kept for its other browsers.

The server can open none of them. They are no part of the log: losing them ends nothing, and the
person sets up a key in the other browser instead.
"""

from uuid import UUID

from ledger.commands.writer import Writer
from ledger.domain.person import Person
from ledger.errors import NotFoundError, RefusedError
from ledger.store.async_state import AsyncState
from ledger.store.ports.operations import SealedKey


class SealedKeyCommands:
    """What people may ask of their sealed keys."""

    def __init__(self, writer: Writer, state: AsyncState) -> None:
        self._writer = writer
        self._state = state

    async def keep(self, user: str, sealed: SealedKey) -> None:
        """Keep one sealed key of the person who is signed in; it replaces that passkey's older one.

        Raises RefusedError `key_unknown`, `key_revoked`, `key_expired`, `passkey_unknown`,
        `passkey_removed`, `home_mismatch` for a key whose attested home is another one.
        """
        owner = await self._owner(user)
        key = owner.active_key(sealed.kid, now_ms=self._writer.now_ms())
        owner.active_passkey(sealed.credential_id)
        if key.home != "synced":
            raise RefusedError("home_mismatch", "the key was not attested as a synced one")
        await self._state.keep_sealed_key(user, sealed)
        # A revocation that came meanwhile found nothing to delete.
        if not _opens(await self._owner(user), sealed, self._writer.now_ms()):
            await self._state.forget_sealed_keys(sealed.kid, sealed.credential_id)

    async def list(self, user: str) -> list[SealedKey]:
        """Return the person's sealed keys, each with a live passkey that opens a live key."""
        owner = await self._owner(user)
        now_ms = self._writer.now_ms()
        kept = await self._state.sealed_keys(user)
        return [sealed for sealed in kept if _opens(owner, sealed, now_ms)]

    async def _owner(self, user: str) -> Person:
        return await self._writer.ask(lambda reading: reading.person(UUID(user)), fresh=True)


def _opens(owner: Person, sealed: SealedKey, now_ms: int) -> bool:
    try:
        owner.active_passkey(sealed.credential_id)
        owner.active_key(sealed.kid, now_ms=now_ms)
    except (NotFoundError, RefusedError):
        return False
    return True
