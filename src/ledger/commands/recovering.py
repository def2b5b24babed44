"""Recovery codes and links of re-enrolments: set codes, add a passkey. No rule lives here."""

from uuid import UUID

from ledger.commands.acts import signer_of, write_act
from ledger.commands.ceremonies import Begun, Ceremonies, Ceremony, active_passkeys
from ledger.commands.reading import Reading
from ledger.commands.sign_counts import note_counts
from ledger.commands.writer import Answer, Plan, Writer
from ledger.domain import held_passkeys, person, recoveries, recovery_codes
from ledger.domain.acts import parse_act
from ledger.domain.deadlines import Basis, until_ms
from ledger.domain.document import parse_uuid
from ledger.domain.held_passkeys import PasskeySubmission
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.person import Person
from ledger.domain.receipts import ADD_PASSKEY, joined
from ledger.domain.unique_names import key_material_name
from ledger.errors import NotFoundError, RefusedError
from ledger.store.async_state import AsyncState


class RecoveryCommands:
    """What people ask of their recovery codes, and somebody who lost every device."""

    def __init__(self, writer: Writer, state: AsyncState, ceremonies: Ceremonies) -> None:
        self._writer = writer
        self._state = state
        self._ceremonies = ceremonies

    async def set_codes(self, act: str, assertion: AssertionEvidence | None) -> Answer:
        """Replace the signer's codes, as `recovery_codes.set_codes` decides.

        Raises RefusedError `key_unknown`.
        """
        owner = await signer_of(self._writer, parse_act(act).header.kid)
        answer = await write_act(
            self._writer,
            owner,
            act,
            lambda them, _, reading: recovery_codes.set_codes(them, reading.asked(act, assertion)),
            {"user": str(owner)},
        )
        if not answer.repeated:
            await note_counts(self._state, self._writer.now_ms(), assertion)
        return answer

    async def left(self, user: str) -> tuple[int, bool]:
        """Return how many of a person's codes can be used, and whether they ever had any."""
        holder = await self._writer.ask(lambda reading: reading.person(UUID(user)))
        now_ms = self._writer.now_ms()
        return recovery_codes.codes_left(holder, now_ms=now_ms), bool(holder.codes)

    async def cancel(self, user: str, act: str, assertion: AssertionEvidence | None) -> Answer:
        """Cancel a recovery of a person that waits, as `recoveries.cancel` decides."""
        answer = await write_act(
            self._writer,
            parse_uuid(user),
            act,
            lambda them, actor, reading: recoveries.cancel(
                them, actor, reading.asked(act, assertion), reading.charter()
            ),
            {"user": user},
        )
        if not answer.repeated:
            await note_counts(self._state, self._writer.now_ms(), assertion)
        return answer

    async def begin(self, kid: str) -> tuple[Begun, str]:
        """Open a recovery by the code or link with this key; return it and the person's name.

        Raises RefusedError `code_unknown`; ForbiddenError and ConflictError as
        `recoveries.require_usable`.
        """

        def look(reading: Reading) -> Person:
            holder = _holder(reading, kid)
            recoveries.require_usable(holder, kid, now_ms=reading.now_ms)
            return holder

        holder = await self._writer.ask(look)
        begun = await self._ceremonies.begin(
            ADD_PASSKEY,
            user=holder.user,
            invitation=kid,
            passkeys=active_passkeys(holder),
        )
        return begun, holder.name

    async def complete(
        self,
        ceremony_id: str,
        passkey: PasskeySubmission,
        redeem: str,
        assertion: AssertionEvidence,
    ) -> Answer:
        """Record a passkey that works later, as `recoveries.recover` decides."""
        evidence = joined(passkey.registration.attestation_object, redeem)

        def decide(begun: Ceremony, reading: Reading) -> Plan:
            stream, founding = UUID(begun.user), reading.charter()
            owner = reading.admitted(stream)
            added = held_passkeys.first_passkey(
                passkey, nonce=begun.nonce, ledger=founding.ledger, party=founding.party
            )
            asked = reading.asked(redeem, assertion)
            body = recoveries.recover(owner, added, asked, founding)
            answer: dict[str, object] = {
                "credentialId": body.credential_id,
                "activeFrom": body.active_from,
                "needsAdmission": body.needs_admission,
            }
            # The end of the waiting time follows from the time, which the log must keep.
            ends = (until_ms((body,), Basis(actor=owner)), reading.now_ms + 1)
            end_ms = min(end for end in ends if end is not None)
            return Plan(stream, owner, person.evolve, (body,), answer, end_ms)

        answer, _ = await self._ceremonies.complete(ADD_PASSKEY, evidence, ceremony_id, decide)
        if not answer.repeated:
            await note_counts(self._state, self._writer.now_ms(), assertion)
        return answer


def _holder(reading: Reading, kid: str) -> Person:
    """Return the person of a code or link; raise RefusedError `code_unknown`."""
    owner = reading.owner(key_material_name(kid))
    try:
        holder = None if owner is None else reading.person(owner)
    except NotFoundError:  # a key of the ledger itself
        holder = None
    if holder is None or not (kid in holder.codes or recoveries.link_of(holder, kid)):
        raise RefusedError("code_unknown", "there is no such recovery code or link")
    return holder
