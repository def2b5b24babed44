"""Service accounts: their owner adds one, and the owner or an administrator ends it."""

from uuid import UUID

from ledger.commands.acts import owner_of, write_act
from ledger.commands.ceremonies import Ceremonies, Ceremony
from ledger.commands.reading import Reading
from ledger.commands.sign_counts import note_counts
from ledger.commands.writer import Answer, Plan, Writer
from ledger.domain import person, service_accounts
from ledger.domain.deadlines import Basis, until_ms
from ledger.domain.events import ServiceAccountEnded
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.person import Person
from ledger.domain.receipts import ADD_KEY, joined
from ledger.domain.service_accounts import ServiceSubmission
from ledger.domain.unique_names import kid_name
from ledger.errors import RefusedError
from ledger.store.async_state import AsyncState


class ServiceAccountCommands:
    """What people may ask of service accounts."""

    def __init__(self, writer: Writer, state: AsyncState, ceremonies: Ceremonies) -> None:
        self._writer = writer
        self._state = state
        self._ceremonies = ceremonies

    async def add(self, user: str, ceremony_id: str, account: ServiceSubmission) -> Answer:
        """Record a service account of the person who is signed in, as `add_allowed` decides.

        The ceremony is that of a further signing key: `KeyCommands.begin` opens it.
        """
        evidence = joined(account.assertion.signature, account.possession)
        stream = UUID(user)

        def decide(begun: Ceremony, reading: Reading) -> Plan:
            owner, rules = reading.admitted(stream), reading.charter()
            body = service_accounts.add_allowed(
                owner, account, rules, nonce=begun.nonce, now_ms=reading.now_ms
            )
            end_ms = until_ms((body,), Basis())
            return Plan(stream, owner, person.evolve, (body,), {"kid": body.kid}, end_ms)

        answer, _ = await self._ceremonies.complete(ADD_KEY, evidence, ceremony_id, decide, user)
        if not answer.repeated:
            await note_counts(self._state, self._writer.now_ms(), account.assertion)
        return answer

    async def end(self, kid: str, act: str, assertion: AssertionEvidence | None) -> Answer:
        """End the service account with this key and its sessions, as `service_accounts.end`.

        Raises NotFoundError `service_unknown`; RefusedError `act_mismatch` for another account.
        """
        owner = await owner_of(self._writer, kid_name(kid), "service_unknown")

        def decide(them: Person, actor: Person, reading: Reading) -> ServiceAccountEnded:
            asked = reading.asked(act, assertion)
            body = service_accounts.end(them, actor, asked, reading.charter())
            if body.account != kid:
                raise RefusedError("act_mismatch", "the act names another account")
            return body

        answer = await write_act(self._writer, owner, act, decide, {"kid": kid})
        await self._state.close_sessions_of(kid)  # also after a repetition, as for a key
        if not answer.repeated:
            await note_counts(self._state, self._writer.now_ms(), assertion)
        return answer
