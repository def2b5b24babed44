"""Links by which a person adds a passkey on another device. No rule of the ledger lives here.

The old device opens a link with its passkey. The new device makes a passkey and offers it by the
link; the first offer takes the link. The old device sees the digest of the offered key, compares a
code with the new device's screen, and approves that key: then the passkey is added by the very act
that adds any passkey. Who carries the link can offer a key of their own, and the codes differ.
"""

import hashlib
import secrets
from typing import Literal
from uuid import UUID

import msgspec

from ledger.commands.ceremonies import CEREMONY_MS, active_passkeys
from ledger.commands.passkeys import PasskeyCommands
from ledger.commands.reading import Reading
from ledger.commands.sign_in import SignInCommands
from ledger.commands.writer import Answer, Writer
from ledger.domain import held_passkeys
from ledger.domain.held_passkeys import PasskeySubmission
from ledger.domain.passkey import AssertionEvidence, Descriptor
from ledger.domain.person import Person
from ledger.encoding import b64u_encode
from ledger.errors import ConflictError, ForbiddenError, NotFoundError, RefusedError
from ledger.store.async_state import AsyncState
from ledger.store.ports.operations import DeviceLink, LinkEnd

LINK_MS = 2 * CEREMONY_MS  # there are two devices, and a code to compare
SECRET_BYTES = 16
# Where a link is: open until a device offered its passkey, added once that was approved.
Stage = LinkEnd | Literal["open", "offered", "added", "expired"]


class Offer(msgspec.Struct, frozen=True):
    """What a new device offers: its passkey, which shows that it works; `cose` is hex."""

    passkey: PasskeySubmission
    assertion: AssertionEvidence
    cose: str
    browser: str


class ShownLink(msgspec.Struct, frozen=True):
    """A link as both devices see it, and whose it is."""

    stage: Stage
    link: DeviceLink
    holder: Person
    offer: Offer | None

    @property
    def passkeys(self) -> tuple[Descriptor, ...]:
        """The passkeys that the person has."""
        return active_passkeys(self.holder)


class DeviceLinkCommands:
    """What the old and the new device of a person ask of the link between them."""

    def __init__(
        self, writer: Writer, state: AsyncState, passkeys: PasskeyCommands, sign_in: SignInCommands
    ) -> None:
        self._writer = writer
        self._state = state
        self._passkeys = passkeys
        self._sign_in = sign_in

    async def open(
        self, user: str, ceremony_id: str, assertion: AssertionEvidence
    ) -> tuple[str, int]:
        """Open a link in place of the person's last one; return its secret and its end in ms.

        The assertion is one by a passkey of this person, as for a sign-in: a stolen session opens
        none. Raises as `SignInCommands.with_passkey`; ForbiddenError `ceremony_of_another`.
        """
        if await self._sign_in.with_passkey(ceremony_id, assertion) != user:
            raise ForbiddenError("ceremony_of_another", "somebody else's passkey confirmed this")
        begun, _ = await self._passkeys.begin(user, lasts_ms=LINK_MS)
        secret, ceremony = b64u_encode(secrets.token_bytes(SECRET_BYTES)), begun.ceremony
        link = DeviceLink(user, _digest(secret), begun.id, ceremony.nonce, ceremony.expires_ms)
        await self._state.open_device_link(link)
        return secret, ceremony.expires_ms

    async def of(self, user: str) -> ShownLink:
        """Return a person's newest link; raise NotFoundError `device_link_unknown`."""
        return await self._shown(await self._state.device_link(user))

    async def by_secret(self, secret: str) -> ShownLink:
        """Return the link with a secret; raise NotFoundError `device_link_unknown`."""
        return await self._shown(await self._state.device_link(_digest(secret)))

    async def offer(
        self, secret: str, passkey: PasskeySubmission, assertion: AssertionEvidence, browser: str
    ) -> None:
        """Take a new device's offer: the first passkey by the link, or the same one again.

        Raises NotFoundError `device_link_unknown`; ConflictError `device_link_used`,
        `device_link_expired`, `device_link_cancelled`, `codes_differ`; RefusedError as
        `first_passkey` and `require_works`.
        """
        shown = await self.by_secret(secret)
        if shown.stage not in ("open", "offered"):
            raise _over(shown.stage)
        link = shown.link

        def check(reading: Reading) -> str:
            founding = reading.charter()
            added = held_passkeys.first_passkey(
                passkey, nonce=link.nonce, ledger=founding.ledger, party=founding.party
            )
            of = {"user": link.user, "ledger": founding.ledger}
            held_passkeys.require_works(added, assertion, party=founding.party, **of)
            return held_passkeys.cose_digest(added.public_key)

        cose = await self._writer.ask(check)
        offered = msgspec.msgpack.encode(Offer(passkey, assertion, cose, browser))
        kept = await self._state.offer_by_link(link.secret_sha256, offered)
        if kept is None:  # ended, or replaced by another link, meanwhile
            raise _over("cancelled")
        # A new device that got no answer sends the same passkey again, with another assertion.
        if msgspec.msgpack.decode(kept, type=Offer).passkey != passkey:
            raise _over("offered")

    async def approve(
        self, user: str, act: str, confirmation: AssertionEvidence
    ) -> tuple[Answer, Offer]:
        """Add the offered passkey as `PasskeyCommands.add`; return the answer and the offer.

        A refusal ends the link, because it ends the ceremony. Raises NotFoundError
        `device_link_unknown`; ConflictError `device_link_waiting` if no device has offered one, and
        as `offer`.
        """
        shown = await self.of(user)
        if shown.stage == "open":
            raise ConflictError("device_link_waiting", "no device has used this link yet")
        if shown.stage not in ("offered", "added") or shown.offer is None:
            raise _over(shown.stage)
        offer, proofs = shown.offer, (shown.offer.assertion, confirmation)
        try:
            answer = await self._passkeys.add(user, shown.link.ceremony, offer.passkey, act, proofs)
        except (ConflictError, ForbiddenError, RefusedError) as error:
            # Another request ended the ceremony: it adds the passkey, or ends the link itself. The
            # new device deletes its passkey once it reads that the link was refused.
            if error.code != "ceremony_unknown":
                await self.end(user, "refused")
            raise
        return answer, offer

    async def end(self, user: str, why: LinkEnd) -> None:
        """End a person's link: nothing is added by it."""
        await self._state.end_device_link(user, why)

    async def _shown(self, link: DeviceLink | None) -> ShownLink:
        if link is None:
            raise NotFoundError(
                "device_link_unknown", "there is no such link, or a newer one replaced it"
            )
        holder = await self._writer.ask(lambda reading: reading.person(UUID(link.user)), fresh=True)
        offer = None if link.offer is None else msgspec.msgpack.decode(link.offer, type=Offer)
        stage = _stage(link, offer, holder, now_ms=self._writer.steady_ms())
        return ShownLink(stage, link, holder, offer)


def _stage(link: DeviceLink, offer: Offer | None, holder: Person, *, now_ms: int) -> Stage:
    if offer is not None and offer.passkey.credential_id in holder.passkeys:
        return "added"
    if link.ended is not None:
        return link.ended
    if holder.standing != "active":  # nobody can approve the offer
        return "cancelled"
    if link.expires_ms <= now_ms:
        return "expired"
    return "open" if offer is None else "offered"


# What the next one reads who uses a link that is over, by where it is.
_OVER = {
    "offered": ("device_link_used", "another device used this link"),
    "added": ("device_link_used", "this link was used"),
    "expired": ("device_link_expired", "this link has expired"),
    "cancelled": ("device_link_cancelled", "this link was cancelled"),
    "refused": ("device_link_cancelled", "the ledger refused the passkey of this link"),
    "codes-differ": ("codes_differ", "the codes on the two devices differed"),
}


def _over(stage: Stage) -> ConflictError:
    return ConflictError(*_OVER[stage])


def _digest(secret: str) -> bytes:
    return hashlib.sha256(b"device link" + secret.encode()).digest()
