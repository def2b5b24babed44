"""Signing keys of people: attest one more, revoke one, reaffirm one after a loss."""

from uuid import UUID

from ledger.commands.acts import owner_of, write_act
from ledger.commands.ceremonies import Begun, Ceremonies, Ceremony, active_passkeys
from ledger.commands.reading import Reading
from ledger.commands.sign_counts import note_counts
from ledger.commands.writer import Answer, Plan, Writer
from ledger.domain import person, signing_keys
from ledger.domain.deadlines import Basis, until_ms
from ledger.domain.events import KeyReaffirmed
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.person import Person
from ledger.domain.receipts import ADD_KEY, joined
from ledger.domain.signing_keys import KeySubmission
from ledger.domain.unique_names import kid_name
from ledger.errors import RefusedError
from ledger.store.async_state import AsyncState


class KeyCommands:
    """What people may ask of their signing keys."""

    def __init__(self, writer: Writer, state: AsyncState, ceremonies: Ceremonies) -> None:
        self._writer = writer
        self._state = state
        self._ceremonies = ceremonies

    async def owner(self, kid: str) -> str | None:
        """Return whose signing key this is, ended or not, None if nobody's."""
        name = kid_name(kid)
        owner = self._writer.seen.owner(name)  # for ever, so nothing has to be asked again
        if owner is None:
            owner = await self._writer.ask(lambda reading: reading.owner(name))
        return None if owner is None else str(owner)

    async def begin(self, user: str) -> Begun:
        """Open the attestation of one more signing key."""
        holder = await self._writer.ask(lambda reading: reading.person(UUID(user)))
        passkeys = active_passkeys(holder)
        return await self._ceremonies.begin(ADD_KEY, user=user, passkeys=passkeys)

    async def add(self, user: str, ceremony_id: str, key: KeySubmission) -> Answer:
        """Record one more attested key of the person who is signed in."""
        evidence = joined(key.assertion.signature, key.possession)
        stream = UUID(user)

        def decide(begun: Ceremony, reading: Reading) -> Plan:
            owner, rules = reading.admitted(stream), reading.charter()
            body = signing_keys.attest_allowed_key(
                owner, key, rules, nonce=begun.nonce, now_ms=reading.now_ms
            )
            end_ms = until_ms((body,), Basis())
            return Plan(stream, owner, person.evolve, (body,), {"kid": body.kid}, end_ms)

        answer, _ = await self._ceremonies.complete(ADD_KEY, evidence, ceremony_id, decide, user)
        if not answer.repeated:
            await note_counts(self._state, self._writer.now_ms(), key.assertion)
        return answer

    async def revoke(
        self, kid: str, act: str, assertion: AssertionEvidence | None = None
    ) -> Answer:
        """End a key and the sessions it opened, as `signing_keys.revoke_key` decides.

        Raises NotFoundError `key_unknown`.
        """
        owner = await owner_of(self._writer, kid_name(kid), "key_unknown")
        answer = await write_act(
            self._writer,
            owner,
            act,
            lambda them, actor, reading: signing_keys.revoke_key(
                them, kid, reading.asked(act, assertion)
            ),
            {"kid": kid},
        )
        await self._state.close_sessions_of(kid)  # also after a repetition, as for a passkey
        await self._state.forget_wrapped_keys_of(kid)
        if not answer.repeated:
            await note_counts(self._state, self._writer.now_ms(), assertion)
        return answer

    async def reaffirm(self, kid: str, act: str, assertion: AssertionEvidence | None) -> Answer:
        """Let a key sign again after a loss, as `signing_keys.reaffirm_key` decides.

        Raises NotFoundError `key_unknown`; RefusedError `act_mismatch` for an act on another key.
        """
        owner = await owner_of(self._writer, kid_name(kid), "key_unknown")

        def decide(them: Person, _: Person, reading: Reading) -> KeyReaffirmed:
            asked = reading.asked(act, assertion)
            body = signing_keys.reaffirm_key(them, asked, reading.charter())
            if body.kid != kid:
                raise RefusedError("act_mismatch", "the act names another key")
            return body

        answer = await write_act(self._writer, owner, act, decide, {"kid": kid})
        if not answer.repeated:
            await note_counts(self._state, self._writer.now_ms(), assertion)
        return answer
