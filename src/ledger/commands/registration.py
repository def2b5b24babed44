"""Register: a person, their first passkey and their first signing key, in one step."""

from functools import partial
from uuid import UUID, uuid4

from ledger import clock
from ledger.commands.ceremonies import Begun, Ceremonies, Ceremony
from ledger.commands.changes import sources
from ledger.commands.invitations import require_unused
from ledger.commands.reading import Reading
from ledger.commands.writer import Answer, Plan, Writer
from ledger.domain import (
    admission,
    held_passkeys,
    invitations,
    operator_recovery,
    person,
    redeeming,
    signing_keys,
)
from ledger.domain.deadlines import Basis, until_ms
from ledger.domain.events import Event
from ledger.domain.held_passkeys import PasskeySubmission
from ledger.domain.receipts import REGISTER, joined
from ledger.domain.signing_keys import KeySubmission
from ledger.domain.skeletons import skeletons


class RegistrationCommands:
    """What a newcomer may ask."""

    def __init__(self, writer: Writer, ceremonies: Ceremonies) -> None:
        self._writer = writer
        self._ceremonies = ceremonies

    async def begin(self, name: str, role: str | None, kid: str | None) -> Begun:
        """Open a registration; name, role and invitation are fixed here.

        `kid` is that of the invitation's key. Raises as `admission.admit`, `invitations.find`,
        `require_unused`, `operator_recovery.require_needed`, `skeletons` and
        `Reading.require_unlike` do: a name is refused before a passkey is made for it.
        """
        looks = skeletons(name)

        def admit(reading: Reading) -> str:
            founding = reading.charter()
            invitation = None if kid is None else invitations.find(founding.invitations, kid)
            chosen = role or (invitation.role if invitation else "")
            admission.admit(founding, chosen, invitation, now_ms=reading.now_ms)
            reading.require_unlike(looks.sha256)
            if invitation is not None:
                require_unused(reading, invitation)
                operator_recovery.require_needed(
                    invitation, sources(reading), now_ms=reading.now_ms
                )
            return chosen

        chosen = await self._writer.ask(admit)
        return await self._ceremonies.begin(
            REGISTER, user=str(uuid4()), name=name, role=chosen, invitation=kid
        )

    async def complete(
        self,
        ceremony_id: str,
        passkey: PasskeySubmission,
        key: KeySubmission,
        redeem: str | None = None,
    ) -> tuple[Answer, str | None]:
        """Record a person, their passkey and their attested key, or nothing at all.

        `redeem` is a JWS by the invitation's key, if there was an invitation.
        Returns the answer and, unless it is a repetition, the new person's id.
        """
        evidence = joined(passkey.registration.attestation_object, key.possession)
        # A repetition answers no session's cookie, or a recorded request would be a sign-in.
        return await self._ceremonies.complete(
            REGISTER, evidence, ceremony_id, partial(_decide, passkey, key, redeem)
        )


def _decide(
    passkey: PasskeySubmission,
    key: KeySubmission,
    redeem: str | None,
    begun: Ceremony,
    reading: Reading,
) -> Plan:
    founding = reading.charter()
    stream = UUID(begun.user)
    kid = begun.invitation
    invitation = None if kid is None else invitations.find(founding.invitations, kid)
    admitted = admission.admit(founding, begun.role, invitation, now_ms=reading.now_ms)
    operator_recovery.require_needed(invitation, sources(reading), now_ms=reading.now_ms)
    registered = admission.register(begun.user, admitted)
    added = held_passkeys.first_passkey(
        passkey, nonce=begun.nonce, ledger=founding.ledger, party=founding.party
    )
    at = clock.to_text(reading.now_ms)
    registrant = person.evolve(None, Event(stream=stream, version=1, at=at, body=registered))
    added = redeeming.redeem_invitation(registrant, added, redeem, founding, now_ms=reading.now_ms)
    newcomer = person.evolve(registrant, Event(stream=stream, version=2, at=at, body=added))
    attested = signing_keys.attest_allowed_key(
        newcomer, key, founding, nonce=begun.nonce, now_ms=reading.now_ms
    )
    answer: dict[str, object] = {
        "user": {
            "id": begun.user,
            "roles": [] if admitted.role is None else [admitted.role],
            "credentialIds": [added.credential_id],
            "kids": [attested.kid],
        },
        "kid": attested.kid,
    }
    bodies = (registered, added, attested, admission.call(begun.name, skeletons(begun.name)))
    end_ms = until_ms(bodies, Basis(charter=founding))
    return Plan(stream, None, person.evolve, bodies, answer, end_ms)
