"""Signing keys of people: attest one more, revoke one."""

from uuid import UUID

from ledger.commands.acts import owner_of, write_act
from ledger.commands.ceremonies import Begun, Ceremonies, Ceremony, active_passkeys
from ledger.commands.writer import Answer, Plan, Reading, Writer
from ledger.domain import person, signing_keys
from ledger.domain.passkey import sign_count
from ledger.domain.receipts import ADD_KEY, joined
from ledger.domain.signing_keys import KeySubmission
from ledger.domain.unique_names import kid_name
from ledger.store.sqlite.sessions import OperationalState


class KeyCommands:
    """What people may ask of their signing keys, and administrators of everybody's."""

    def __init__(self, writer: Writer, state: OperationalState, ceremonies: Ceremonies) -> None:
        self._writer = writer
        self._state = state
        self._ceremonies = ceremonies

    def owner(self, kid: str) -> str | None:
        """Return whose signing key this is, ended or not, None if nobody's."""
        owner = self._writer.log.store.claimed(kid_name(kid))
        return None if owner is None else str(owner)

    def begin(self, user: str) -> Begun:
        """Open the attestation of one more signing key."""
        holder = self._writer.reading().person(UUID(user))
        return self._ceremonies.begin(ADD_KEY, user=user, credential_ids=active_passkeys(holder))

    async def add(self, user: str, ceremony_id: str, key: KeySubmission) -> Answer:
        """Record one more attested key of the person who is signed in."""
        evidence = joined(key.assertion.signature, key.possession)
        stream = UUID(user)

        def decide(begun: Ceremony, reading: Reading) -> Plan:
            owner, founding = reading.person(stream), reading.charter()
            # The log knows the counts in its own events; a sign-in may have passed them.
            self._state.require_growth(key.assertion.credential_id, sign_count(key.assertion))
            body = signing_keys.attest_key(
                owner,
                key,
                nonce=begun.nonce,
                ledger=founding.ledger,
                party=founding.party,
                now_ms=reading.now_ms,
            )
            return Plan(stream, owner, person.evolve, (body,), {"kid": body.kid})

        answer, _ = await self._ceremonies.complete(ADD_KEY, evidence, ceremony_id, decide, user)
        return answer

    async def revoke(self, kid: str, act: str) -> Answer:
        """End a key, as `signing_keys.revoke_key` decides; raise NotFoundError `key_unknown`."""
        owner = owner_of(self._writer, kid_name(kid), "key_unknown")
        return await write_act(
            self._writer,
            owner,
            act,
            lambda them, actor, reading: signing_keys.revoke_key(
                them, actor, kid, act, ledger=reading.charter().ledger, now_ms=reading.now_ms
            ),
            {"kid": kid},
        )
