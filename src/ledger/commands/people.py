"""Commands on people: found the ledger, register, sign in, keys, passkeys, roles, invitations.

Load, decide, save; no rule lives here. Ceremonies hold what a challenge was issued for, are used
once, and end with their first use, whatever comes of it.
"""

import asyncio
import secrets
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID, uuid4
from weakref import WeakValueDictionary

import msgspec

from ledger import clock
from ledger.commands.writer import Answer, Plan, Reading, Writer
from ledger.domain import acts, charter, person
from ledger.domain.acts import parse_act, verify_act
from ledger.domain.document import parse_uuid
from ledger.domain.events import Body, Event
from ledger.domain.passkey import (
    AssertionEvidence,
    RegistrationEvidence,
    sign_count,
    verify_assertion,
)
from ledger.domain.person import KeySubmission, Person
from ledger.domain.receipts import ACT, ADD_KEY, ADD_PASSKEY, INVITE, REGISTER, joined
from ledger.domain.unique_names import credential_name, kid_name
from ledger.encoding import b64u_decode, b64u_encode
from ledger.errors import ForbiddenError, NotFoundError, RefusedError
from ledger.store.sqlite.sessions import OperationalState

NONCE_BYTES = 32
SIGN_IN = "sign-in"


class Ceremony(msgspec.Struct, frozen=True):
    """What a challenge was issued for; `challenge` and `nonce` are base64url of 32 bytes."""

    challenge: str
    nonce: str = ""
    user: str = ""
    name: str = ""
    role: str = ""
    invitation: str | None = None


class Begun(msgspec.Struct, frozen=True):
    """A ceremony that was opened, by its opaque id, and whose passkeys it concerns."""

    id: str
    ceremony: Ceremony
    credential_ids: tuple[str, ...] = ()


class NewPasskey(msgspec.Struct, frozen=True):
    """A registration response: the credential's id, the evidence, transports as reported."""

    credential_id: str
    evidence: RegistrationEvidence
    transports: tuple[str, ...] = ()


class PeopleCommands:
    """What people and machines may ask of people."""

    def __init__(self, writer: Writer, state: OperationalState) -> None:
        self._writer = writer
        self._state = state
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    # --- registration ----------------------------------------------------------------------------

    def begin_registration(self, name: str, role: str | None, token: str | None) -> Begun:
        """Open a registration; name, role and invitation are fixed here.

        Raises as `charter.admit`, `charter.find_invitation` and `person.register` do.
        """
        reading = self._writer.reading()
        invitation = None if token is None else self._find_invitation(reading, token)
        founding = reading.charter()
        chosen = role or (invitation.role if invitation else "")
        charter.admit(founding, chosen, invitation, now_ms=reading.now_ms)
        user = str(uuid4())
        person.register(user, name, chosen, None)
        return self._begin(REGISTER, user=user, name=name, role=chosen, invitation=token)

    async def complete_registration(
        self, ceremony_id: str, passkey: NewPasskey, key: KeySubmission
    ) -> tuple[Answer, str | None]:
        """Record a person, their passkey and their attested key, or nothing at all.

        Returns the answer and, unless it is a repetition, the new person's id.
        """
        evidence = joined(passkey.evidence.attestation_object, key.possession)

        def decide(begun: Ceremony, reading: Reading) -> Plan:
            founding = reading.charter()
            stream = UUID(begun.user)
            invitation = (
                None
                if begun.invitation is None
                else charter.find_invitation(founding, begun.invitation)
            )
            admitted = charter.admit(founding, begun.role, invitation, now_ms=reading.now_ms)
            registered = person.register(begun.user, begun.name, begun.role, admitted)
            added = person.first_passkey(
                passkey.evidence,
                passkey.credential_id,
                challenge=b64u_decode(begun.challenge),
                party=founding.party,
                transports=passkey.transports,
            )
            newcomer = _fold(None, stream, registered, added)
            attested = person.attest_key(
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
            return Plan(stream, None, person.evolve, bodies, answer)

        # A repetition answers no session's cookie, or a recorded request would be a sign-in.
        return await self._once(REGISTER, evidence, ceremony_id, decide)

    # --- signing in ------------------------------------------------------------------------------

    def begin_sign_in(self) -> Begun:
        """Open a sign-in; its challenge is random, so no attestation can be replayed as one."""
        return self._begin(SIGN_IN)

    def sign_in(self, ceremony_id: str, assertion: AssertionEvidence) -> str:
        """Return whose passkey signed the challenge.

        Raises RefusedError `ceremony_unknown`, `passkey_unknown`, `passkey_removed`,
        `passkey_assertion_refused`.
        """
        begun = self._take(ceremony_id, SIGN_IN)
        reading = self._writer.reading(fresh=True)
        holder = reading.holder(assertion.credential_id)
        passkey = holder.active_passkey(assertion.credential_id)
        known = max(passkey.sign_count, self._state.sign_count(assertion.credential_id))
        count = verify_assertion(
            assertion,
            challenge=b64u_decode(begun.challenge),
            public_key=passkey.public_key,
            sign_count=known,
            party=reading.charter().party,
        )
        self._state.advance_sign_count(assertion.credential_id, count)
        return holder.user

    def sign_in_by_key(self, act_text: str) -> str:
        """Return whose attested key signed a `sign-in` act; its jti is used once.

        Raises RefusedError as `verify_act` does, or `already_used`.
        """
        jws = parse_act(act_text)
        reading = self._writer.reading(fresh=True)
        signer = reading.signer(jws.header.kid)
        key = signer.active_key(jws.header.kid, now_ms=reading.now_ms)
        ledger = reading.charter().ledger
        act = verify_act(jws, key.jwk, acts.SignIn, ledger=ledger, now_ms=reading.now_ms)
        if not 1 <= len(act.jti) <= 128:
            raise RefusedError("act_mismatch", "a jti has 1 to 128 characters")
        name = f"sign-in/{key.kid}/{act.jti}"
        expires = reading.now_ms + 2 * clock.SKEW_MS
        self._state.use_once(name, now_ms=reading.now_ms, expires_ms=expires)
        return signer.user

    # --- keys and passkeys -----------------------------------------------------------------------

    def begin_key(self, user: str) -> Begun:
        """Open the attestation of one more signing key."""
        holder = self._writer.reading().person(UUID(user))
        return self._begin(ADD_KEY, user=user, credential_ids=_active(holder))

    async def add_key(self, user: str, ceremony_id: str, key: KeySubmission) -> Answer:
        """Record one more attested key of the person who is signed in."""
        evidence = joined(key.assertion.signature, key.possession)
        stream = UUID(user)

        def decide(begun: Ceremony, reading: Reading) -> Plan:
            owner, founding = reading.person(stream), reading.charter()
            # The log knows the counts in its own events; a sign-in may have passed them.
            self._state.require_growth(key.assertion.credential_id, sign_count(key.assertion))
            body = person.attest_key(
                owner,
                key,
                nonce=begun.nonce,
                ledger=founding.ledger,
                party=founding.party,
                now_ms=reading.now_ms,
            )
            return Plan(stream, owner, person.evolve, (body,), {"kid": body.kid})

        answer, _ = await self._once(ADD_KEY, evidence, ceremony_id, decide, user)
        return answer

    def begin_passkey(self, user: str) -> tuple[Begun, str]:
        """Open the registration of one more passkey; return it and the person's name."""
        holder = self._writer.reading().person(UUID(user))
        begun = self._begin(ADD_PASSKEY, user=user, credential_ids=_active(holder))
        return begun, holder.name

    async def add_passkey(
        self, user: str, ceremony_id: str, passkey: NewPasskey, act: str
    ) -> Answer:
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
            return Plan(stream, owner, person.evolve, (body,), answer)

        answer, _ = await self._once(ADD_PASSKEY, evidence, ceremony_id, decide, user)
        return answer

    async def revoke_key(self, kid: str, act: str) -> Answer:
        """End a signing key, as `person.revoke_key` decides."""
        owner = self._owner(kid_name(kid), "key_unknown")
        return await self._act_on(
            owner,
            act,
            lambda them, actor, now: person.revoke_key(
                them, actor, kid, act, ledger=self._ledger(), now_ms=now
            ),
            {"kid": kid},
        )

    async def remove_passkey(self, credential_id: str, act: str) -> Answer:
        """End a passkey and its owner's sessions, as `person.remove_passkey` decides."""
        owner = self._owner(credential_name(credential_id), "passkey_unknown")
        answer = await self._act_on(
            owner,
            act,
            lambda them, actor, now: person.remove_passkey(
                them, actor, credential_id, act, ledger=self._ledger(), now_ms=now
            ),
            {"credentialId": credential_id},
        )
        if not answer.repeated:
            self._state.close_sessions(str(owner))
        return answer

    async def grant_role(self, user: str, act: str) -> Answer:
        """Give a person one more role, as `person.grant_role` decides."""
        return await self._act_on(
            parse_uuid(user),
            act,
            lambda them, actor, now: person.grant_role(
                them, actor, act, ledger=self._ledger(), now_ms=now
            ),
            {"user": user},
        )

    async def invite(self, act: str) -> Answer:
        """Record an invitation, as `charter.invite` decides."""

        def decide(reading: Reading) -> Plan:
            inviter = reading.signer(parse_act(act).header.kid)
            founding = reading.charter()
            body = charter.invite(founding, inviter, act, now_ms=reading.now_ms)
            answer: dict[str, object] = {"invitationId": body.invitation_id}
            return Plan(charter.STREAM, founding, charter.evolve, (body,), answer)

        return await self._writer.write(INVITE, act, charter.STREAM, decide)

    async def _act_on(
        self,
        owner: UUID,
        act: str,
        decide_body: Callable[[Person, Person, int], Body],
        answer: dict[str, object],
    ) -> Answer:
        """Run one signed act on a person's stream: by themselves or by an administrator."""

        def decide(reading: Reading) -> Plan:
            actor = reading.signer(parse_act(act).header.kid)
            them = reading.person(owner)
            body = decide_body(them, actor, reading.now_ms)
            return Plan(owner, them, person.evolve, (body,), answer)

        return await self._writer.write(ACT, joined(str(owner), act), owner, decide)

    # --- parts -----------------------------------------------------------------------------------

    def _ledger(self) -> str:
        return self._writer.reading().charter().ledger

    def _owner(self, name: str, code: str) -> UUID:
        owner = self._writer.log.store.claimed(name)
        if owner is None:
            raise NotFoundError(code, "there is no such thing here")
        return owner

    def _begin(self, purpose: str, *, credential_ids: tuple[str, ...] = (), **fixed: Any) -> Begun:
        challenge, nonce = (b64u_encode(secrets.token_bytes(NONCE_BYTES)) for _ in range(2))
        ceremony = Ceremony(challenge=challenge, nonce=nonce, **fixed)
        now_ms = self._writer.now_ms()
        ceremony_id = self._state.open_ceremony(purpose, ceremony, now_ms=now_ms)
        return Begun(ceremony_id, ceremony, credential_ids)

    @staticmethod
    def _find_invitation(reading: Reading, token: str) -> charter.Invitation:
        try:
            return charter.find_invitation(reading.charter(), token)
        except ForbiddenError:  # another process may have recorded it since
            reading.forget()
            return charter.find_invitation(reading.charter(), token)

    async def _once(
        self,
        purpose: str,
        evidence: str,
        ceremony_id: str,
        decide: Callable[[Ceremony, Reading], Plan],
        user: str | None = None,
    ) -> tuple[Answer, str | None]:
        """End a ceremony and record what came of it; return the answer and, at first, for whom.

        The same evidence again is answered the same. If it arrives meanwhile, it waits: the
        ceremony is already gone then, and its answer is not there yet.
        """
        async with self._turns.setdefault(evidence, asyncio.Lock()):
            known = self._writer.known(purpose, evidence)
            if known is not None:
                return known, None
            begun = self._take(ceremony_id, purpose, user)
            stream = UUID(begun.user)
            answer = await self._writer.write(purpose, evidence, stream, partial(decide, begun))
            return answer, begun.user

    def _take(self, ceremony_id: str, purpose: str, user: str | None = None) -> Ceremony:
        now_ms = self._writer.now_ms()
        begun = self._state.take_ceremony(ceremony_id, purpose, Ceremony, now_ms=now_ms)
        if user is not None and begun.user != user:
            raise ForbiddenError("ceremony_of_another", "somebody else began this")
        return begun


def _active(holder: Person) -> tuple[str, ...]:
    return tuple(each.credential_id for each in holder.passkeys.values() if not each.removed)


def _fold(state: Person | None, stream: UUID, *bodies: Body) -> Person:
    for version, body in enumerate(bodies, start=1):
        state = person.evolve(state, Event(stream=stream, version=version, at="", body=body))
    if state is None:
        raise AssertionError("nothing to fold")
    return state
