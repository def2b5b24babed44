"""Register: a person, their first passkey and their first signing key, in one step."""

from functools import partial
from uuid import UUID, uuid4

from ledger.commands.ceremonies import Begun, Ceremonies, Ceremony
from ledger.commands.reading import Reading
from ledger.commands.writer import Answer, Plan, Writer
from ledger.domain import charter, held_passkeys, person, signing_keys
from ledger.domain.deadlines import Basis, until_ms
from ledger.domain.events import Event, PasskeyAdded, UserRegistered
from ledger.domain.held_passkeys import PasskeySubmission
from ledger.domain.person import Person
from ledger.domain.receipts import REGISTER, joined
from ledger.domain.signing_keys import KeySubmission


class RegistrationCommands:
    """What a newcomer may ask."""

    def __init__(self, writer: Writer, ceremonies: Ceremonies) -> None:
        self._writer = writer
        self._ceremonies = ceremonies

    async def begin(self, name: str, role: str | None, token: str | None) -> Begun:
        """Open a registration; name, role and invitation are fixed here.

        Raises as `charter.admit`, `charter.find_invitation` and `person.register` do.
        """

        def admit(reading: Reading) -> str:
            founding = reading.charter()
            invitation = None if token is None else charter.find_invitation(founding, token)
            chosen = role or (invitation.role if invitation else "")
            charter.admit(founding, chosen, invitation, now_ms=reading.now_ms)
            return chosen

        chosen = await self._writer.ask(admit)
        user = str(uuid4())
        person.register(user, name, chosen, None)
        return await self._ceremonies.begin(
            REGISTER, user=user, name=name, role=chosen, invitation=token
        )

    async def complete(
        self, ceremony_id: str, passkey: PasskeySubmission, key: KeySubmission
    ) -> tuple[Answer, str | None]:
        """Record a person, their passkey and their attested key, or nothing at all.

        Returns the answer and, unless it is a repetition, the new person's id.
        """
        evidence = joined(passkey.registration.attestation_object, key.possession)
        # A repetition answers no session's cookie, or a recorded request would be a sign-in.
        return await self._ceremonies.complete(
            REGISTER, evidence, ceremony_id, partial(_decide, passkey, key)
        )


def _decide(
    passkey: PasskeySubmission, key: KeySubmission, begun: Ceremony, reading: Reading
) -> Plan:
    founding = reading.charter()
    stream = UUID(begun.user)
    token = begun.invitation
    invitation = None if token is None else charter.find_invitation(founding, token)
    admitted = charter.admit(founding, begun.role, invitation, now_ms=reading.now_ms)
    registered = person.register(begun.user, begun.name, begun.role, admitted)
    added = held_passkeys.first_passkey(
        passkey, nonce=begun.nonce, ledger=founding.ledger, party=founding.party
    )
    newcomer = _newcomer(stream, registered, added)
    attested = signing_keys.attest_key(
        newcomer,
        key,
        nonce=begun.nonce,
        ledger=founding.ledger,
        party=founding.party,
        now_ms=reading.now_ms,
    )
    answer: dict[str, object] = {
        "user": {
            "id": begun.user,
            "name": begun.name,
            "roles": [begun.role],
            "credentialIds": [added.credential_id],
            "kids": [attested.kid],
        },
        "kid": attested.kid,
    }
    bodies = (registered, added, attested)
    end_ms = until_ms(bodies, Basis(charter=founding))
    return Plan(stream, None, person.evolve, bodies, answer, end_ms)


def _newcomer(stream: UUID, registered: UserRegistered, added: PasskeyAdded) -> Person:
    """Return the person as they are before their first key is attested."""
    first = Event(stream=stream, version=1, at="", body=registered)
    second = Event(stream=stream, version=2, at="", body=added)
    return person.evolve(person.evolve(None, first), second)
