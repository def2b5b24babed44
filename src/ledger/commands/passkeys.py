"""Passkeys of people: register one more, remove one."""

from uuid import UUID

from ledger.commands.acts import owner_of, write_act
from ledger.commands.ceremonies import Begun, Ceremonies, Ceremony, NewPasskey, active_passkeys
from ledger.commands.reading import Reading
from ledger.commands.writer import Answer, Plan, Writer
from ledger.domain import person
from ledger.domain.acts import stale_ms
from ledger.domain.deadlines import Basis, until_ms
from ledger.domain.receipts import ADD_PASSKEY, joined
from ledger.domain.unique_names import credential_name
from ledger.encoding import b64u_decode
from ledger.store.async_state import AsyncState


class PasskeyCommands:
    """What people may ask of their passkeys, and administrators of everybody's."""

    def __init__(self, writer: Writer, state: AsyncState, ceremonies: Ceremonies) -> None:
        self._writer = writer
        self._state = state
        self._ceremonies = ceremonies

    async def begin(self, user: str) -> tuple[Begun, str]:
        """Open the registration of one more passkey; return it and the person's name."""
        holder = await self._writer.ask(lambda reading: reading.person(UUID(user)))
        passkeys = active_passkeys(holder)
        begun = await self._ceremonies.begin(ADD_PASSKEY, user=user, credential_ids=passkeys)
        return begun, holder.name

    async def add(self, user: str, ceremony_id: str, passkey: NewPasskey, act: str) -> Answer:
        """Record one more passkey that the person signed for with an attested key."""
        evidence = joined(passkey.evidence.attestation_object, act)
        stream = UUID(user)

        def decide(begun: Ceremony, reading: Reading) -> Plan:
            owner, founding = reading.person(stream), reading.charter()
            added = person.first_passkey(
                passkey.evidence,
                passkey.credential_id,
                challenge=b64u_decode(begun.challenge),
                party=founding.party,
                transports=passkey.transports,
            )
            body = person.add_passkey(
                owner, added, act, ledger=founding.ledger, now_ms=reading.now_ms
            )
            answer: dict[str, object] = {"credentialId": body.credential_id}
            end_ms = until_ms((body,), Basis(actor=owner))
            return Plan(stream, owner, person.evolve, (body,), answer, end_ms)

        answer, _ = await self._ceremonies.complete(
            ADD_PASSKEY, evidence, ceremony_id, decide, user
        )
        return answer

    async def remove(self, credential_id: str, act: str) -> Answer:
        """End a passkey and its owner's sessions, as `person.remove_passkey` decides.

        Raises NotFoundError `passkey_unknown`.
        """
        owner = await owner_of(self._writer, credential_name(credential_id), "passkey_unknown")
        answer = await write_act(
            self._writer,
            owner,
            act,
            lambda them, actor, reading: person.remove_passkey(
                them,
                actor,
                credential_id,
                act,
                ledger=reading.charter().ledger,
                now_ms=reading.now_ms,
            ),
            {"credentialId": credential_id},
        )
        # A repetition may be of a request that was stored and could not end them; one of an old act
        # ends nothing, or everybody who has seen the act could.
        if not answer.repeated or self._writer.now_ms() < stale_ms(act):
            await self._state.close_sessions(str(owner))
        return answer
