"""Ceremonies: a challenge is issued, and its answer is taken once.

The first answer ends a ceremony, whether the answer is accepted or refused. The same answer sent
again is a repeated request: it is answered as it was the first time.
"""

import asyncio
import secrets
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

import msgspec

from ledger.commands.writer import Answer, Plan, Reading, Writer
from ledger.domain.passkey import RegistrationEvidence
from ledger.domain.person import Person
from ledger.encoding import b64u_encode
from ledger.errors import ForbiddenError
from ledger.store.sqlite.sessions import OperationalState

NONCE_BYTES = 32


class Ceremony(msgspec.Struct, frozen=True):
    """What a challenge was issued for; `challenge` and `nonce` are base64url of 32 bytes."""

    challenge: str
    nonce: str = ""
    user: str = ""
    name: str = ""
    role: str = ""
    invitation: str | None = None


class Begun(msgspec.Struct, frozen=True):
    """A ceremony that was opened, by its opaque id, and whose passkeys it concerns."""

    id: str
    ceremony: Ceremony
    credential_ids: tuple[str, ...] = ()


class NewPasskey(msgspec.Struct, frozen=True):
    """A registration response: the credential's id, the evidence, transports as reported."""

    credential_id: str
    evidence: RegistrationEvidence
    transports: tuple[str, ...] = ()


class Ceremonies:
    """Opens ceremonies and ends each one once."""

    def __init__(self, writer: Writer, state: OperationalState) -> None:
        self._writer = writer
        self._state = state
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def begin(self, purpose: str, *, credential_ids: tuple[str, ...] = (), **fixed: Any) -> Begun:
        """Open a ceremony with a random challenge and nonce; `fixed` are members of `Ceremony`."""
        challenge, nonce = (b64u_encode(secrets.token_bytes(NONCE_BYTES)) for _ in range(2))
        ceremony = Ceremony(challenge=challenge, nonce=nonce, **fixed)
        now_ms = self._writer.now_ms()
        ceremony_id = self._state.open_ceremony(purpose, ceremony, now_ms=now_ms)
        return Begun(ceremony_id, ceremony, credential_ids)

    def take(self, ceremony_id: str, purpose: str, user: str | None = None) -> Ceremony:
        """End a ceremony and return it.

        Raises RefusedError `ceremony_unknown`; ForbiddenError `ceremony_of_another` if `user` is
        given and did not begin it.
        """
        now_ms = self._writer.now_ms()
        begun = self._state.take_ceremony(ceremony_id, purpose, Ceremony, now_ms=now_ms)
        if user is not None and begun.user != user:
            raise ForbiddenError("ceremony_of_another", "somebody else began this")
        return begun

    async def complete(
        self,
        purpose: str,
        evidence: str,
        ceremony_id: str,
        decide: Callable[[Ceremony, Reading], Plan],
        user: str | None = None,
    ) -> tuple[Answer, str | None]:
        """End a ceremony and record what is decided.

        Returns the answer and, unless it is a repetition, the person of the ceremony. A repetition
        that arrives while the first request is under way waits for it: the ceremony has ended by
        then, and its answer is not there yet.
        """
        async with self._turns.setdefault(evidence, asyncio.Lock()):
            known = self._writer.known(purpose, evidence)
            if known is not None:
                return known, None
            begun = self.take(ceremony_id, purpose, user)
            stream = UUID(begun.user)
            answer = await self._writer.write(purpose, evidence, stream, partial(decide, begun))
            return answer, begun.user


def active_passkeys(holder: Person) -> tuple[str, ...]:
    """Return the credential ids of a person's passkeys that are not removed."""
    return tuple(each.credential_id for each in holder.passkeys.values() if not each.removed)
