"""Passkeys of people: register one more, remove one."""

from collections.abc import Sequence
from uuid import UUID

from ledger.commands.acts import owner_of, write_act
from ledger.commands.ceremonies import CEREMONY_MS, Begun, Ceremonies, Ceremony, active_passkeys
from ledger.commands.reading import Reading
from ledger.commands.sign_counts import note_counts
from ledger.commands.writer import Answer, Plan, Writer
from ledger.domain import held_passkeys, person
from ledger.domain.deadlines import Basis, until_ms
from ledger.domain.held_passkeys import PasskeySubmission
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.receipts import ADD_PASSKEY, joined
from ledger.domain.unique_names import credential_name
from ledger.store.async_state import AsyncState


class PasskeyCommands:
    """What people may ask of their passkeys."""

    def __init__(self, writer: Writer, state: AsyncState, ceremonies: Ceremonies) -> None:
        self._writer = writer
        self._state = state
        self._ceremonies = ceremonies

    async def fallen(self) -> dict[str, int]:
        """Return the passkeys whose sign count did not grow, and when in ms since 1970."""
        return await self._state.fallen_counts()

    async def last_uses(self, credential_ids: Sequence[str]) -> dict[str, int]:
        """Return when these passkeys were last used, in ms since 1970, as far as it is known."""
        return await self._state.last_uses(credential_ids)

    async def begin(self, user: str, *, lasts_ms: int = CEREMONY_MS) -> tuple[Begun, str]:
        """Open the registration of one more passkey; return it and the person's name."""
        holder = await self._writer.ask(lambda reading: reading.person(UUID(user)))
        passkeys = active_passkeys(holder)
        begun = await self._ceremonies.begin(
            ADD_PASSKEY, user=user, passkeys=passkeys, lasts_ms=lasts_ms
        )
        return begun, holder.name

    async def add(
        self,
        user: str,
        ceremony_id: str,
        passkey: PasskeySubmission,
        act: str,
        proofs: tuple[AssertionEvidence, AssertionEvidence],
    ) -> Answer:
        """Record one more passkey, as `held_passkeys.add_passkey` decides.

        `proofs` are the new passkey's assertion, and an older one's confirmation of the act.
        """
        assertion, confirmation = proofs
        evidence = joined(passkey.registration.attestation_object, act)
        stream = UUID(user)

        def decide(begun: Ceremony, reading: Reading) -> Plan:
            owner, founding = reading.admitted(stream), reading.charter()
            added = held_passkeys.first_passkey(
                passkey, nonce=begun.nonce, ledger=founding.ledger, party=founding.party
            )
            asked = reading.asked(act, confirmation)
            body = held_passkeys.add_passkey(owner, added, asked, assertion)
            answer: dict[str, object] = {"credentialId": body.credential_id}
            end_ms = until_ms((body,), Basis(actor=owner))
            return Plan(stream, owner, person.evolve, (body,), answer, end_ms)

        answer, _ = await self._ceremonies.complete(
            ADD_PASSKEY, evidence, ceremony_id, decide, user
        )
        if not answer.repeated:
            await note_counts(self._state, self._writer.now_ms(), *proofs)
        return answer

    async def remove(
        self, credential_id: str, act: str, assertion: AssertionEvidence | None
    ) -> Answer:
        """End a passkey and the sessions it opened, as `held_passkeys.remove_passkey` decides.

        Raises NotFoundError `passkey_unknown`.
        """
        owner = await owner_of(self._writer, credential_name(credential_id), "passkey_unknown")
        answer = await write_act(
            self._writer,
            owner,
            act,
            lambda them, actor, reading: held_passkeys.remove_passkey(
                them, credential_id, reading.asked(act, assertion)
            ),
            {"credentialId": credential_id},
        )
        # Also after a repetition: the first request may have been stored and not have ended them.
        # A passkey that was removed opens no session, so nothing else can end.
        await self._state.close_sessions_of(credential_id)
        await self._state.forget_wrapped_keys_of(credential_id)
        if not answer.repeated:
            await note_counts(self._state, self._writer.now_ms(), assertion)
        return answer
