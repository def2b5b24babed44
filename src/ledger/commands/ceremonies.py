"""Ceremonies: a nonce is issued, and the answer to its challenge is taken once.

Beginning a ceremony writes nothing: its id carries what it was begun with. The first answer ends a
ceremony, whether the answer is accepted or refused; only this is remembered, until the ceremony
would have expired. The same answer sent again is a repeated request: it is answered as it was the
first time.
"""

import asyncio
import secrets
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

import msgspec

from ledger.commands.ceremony_ids import seal, unknown, unseal
from ledger.commands.reading import Reading
from ledger.commands.writer import Answer, Plan, Request, Writer
from ledger.domain.charter import STREAM
from ledger.domain.passkey import Descriptor
from ledger.domain.person import Person
from ledger.encoding import b64u_encode
from ledger.errors import ForbiddenError, RefusedError
from ledger.store.async_state import AsyncState

CEREMONY_MS = 5 * 60 * 1000
NONCE_BYTES = 32


class Ceremony(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a ceremony was begun for; `nonce` is base64url of 32 bytes, `invitation` a kid."""

    purpose: str
    ledger: str
    nonce: str
    expires_ms: int
    user: str = ""
    name: str = ""
    role: str = ""
    invitation: str | None = None


class Begun(msgspec.Struct, frozen=True):
    """A ceremony that was opened, by its opaque id, and whose passkeys it concerns."""

    id: str
    ceremony: Ceremony
    passkeys: tuple[Descriptor, ...] = ()


class Ceremonies:
    """Opens ceremonies and ends each one once."""

    def __init__(self, writer: Writer, state: AsyncState) -> None:
        self._writer = writer
        self._state = state
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def begin(
        self,
        purpose: str,
        *,
        passkeys: tuple[Descriptor, ...] = (),
        lasts_ms: int = CEREMONY_MS,
        **fixed: Any,
    ) -> Begun:
        """Open a ceremony with a random nonce; `fixed` are members of `Ceremony`."""
        nonce = b64u_encode(secrets.token_bytes(NONCE_BYTES))
        ledger = await self._ledger()
        expires_ms = self._writer.steady_ms() + lasts_ms
        ceremony = Ceremony(purpose, ledger, nonce, expires_ms, **fixed)
        ceremony_id = seal(msgspec.msgpack.encode(ceremony), key=self._state.ceremony_key)
        return Begun(ceremony_id, ceremony, passkeys)

    async def take(self, ceremony_id: str, purpose: str, user: str | None = None) -> Ceremony:
        """End a ceremony and return it.

        Raises RefusedError `ceremony_unknown` for an id that this ledger did not return for this
        purpose, or whose ceremony is completed or expired; ForbiddenError `ceremony_of_another` if
        `user` is given and did not begin it.
        """
        state = unseal(ceremony_id, key=self._state.ceremony_key)
        begun = msgspec.msgpack.decode(state, type=Ceremony)
        expected, now_ms = (purpose, await self._ledger()), self._writer.steady_ms()
        if (begun.purpose, begun.ledger) != expected or begun.expires_ms <= now_ms:
            raise unknown()
        if user is not None and begun.user != user:
            raise ForbiddenError("ceremony_of_another", "somebody else began this")
        name = f"ceremony/{begun.nonce}"
        try:
            await self._state.use_once(name, now_ms=now_ms, expires_ms=begun.expires_ms)
        except RefusedError as error:
            raise unknown() from error
        return begun

    async def _ledger(self) -> str:
        return (await self._writer.ask(Reading.charter)).ledger

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
            known = await self._writer.known(purpose, evidence)
            if known is not None:
                return known, None
            begun = await self.take(ceremony_id, purpose, user)
            stream = UUID(begun.user)
            request = Request(purpose, evidence, stream, (stream, STREAM))
            answer = await self._writer.write(request, partial(decide, begun))
            return answer, begun.user


def active_passkeys(holder: Person) -> tuple[Descriptor, ...]:
    """Return a person's passkeys that are not removed, as options name them."""
    held = [each for each in holder.passkeys.values() if not each.removed]
    return tuple(Descriptor(each.credential_id, each.transports) for each in held)
