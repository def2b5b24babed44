"""Recompute each event from its evidence and the states before it. Pure.

Signatures, passkey responses and rules are checked by the domain's functions, which the server uses
too. This module computes the expected event; auditor.py compares it with the stored one.
"""

from typing import assert_never
from uuid import UUID

import msgspec

from ledger import clock
from ledger.domain import (
    admission,
    charter,
    compromise,
    drafting,
    held_passkeys,
    person,
    redeeming,
    restoration,
    signing_keys,
    standing,
    statement,
)
from ledger.domain.approval import parse_approval
from ledger.domain.changes import effects
from ledger.domain.changes.items import is_change, parse_items
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.events import (
    Body,
    CompromiseDeclared,
    EffectBody,
    Event,
    KeyAttested,
    KeyRevoked,
    LedgerBody,
    LedgerCreated,
    LedgerRecord,
    LedgerRestored,
    LogFrozen,
    LogKeysAnnounced,
    LogKeysRetired,
    PasskeyAdded,
    PasskeyRemoved,
    PersonBody,
    PersonRecord,
    PersonSuspended,
    StatementBody,
    StatementDrafted,
    StatementRecord,
    StatementRejected,
    StatementSigned,
    StatementWithdrawn,
    UserRegistered,
)
from ledger.domain.held_passkeys import PasskeySubmission
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.person import Person
from ledger.domain.signing_keys import KeySubmission
from ledger.domain.skeletons import Skeletons
from ledger.domain.statement import DecisionContext
from ledger.errors import CorruptError
from ledger.jose import CompactJws
from ledger.verify.known_states import KnownStates


class Decisions(KnownStates):
    """The states as of a position; computes the expected event at the next one."""

    def decide(self, event: Event) -> Body:
        """Return the body that an event's evidence leads to.

        Raises the domain's errors if the evidence is invalid, CorruptError if the event is
        misplaced.
        """
        body, now_ms = event.body, clock.to_ms(event.at)
        if self.charter is not None and self.charter.frozen:
            raise CorruptError("ledger_frozen", "an event after the freeze")
        if isinstance(body, EffectBody):
            return self._decide_effect(event, body)
        if self.due:
            raise CorruptError("effects_missing", "the effects of an approved change are missing")
        if isinstance(body, StatementRecord):  # most events are about statements
            return self._decide_statement(event, body, now_ms)
        if isinstance(body, PersonRecord):
            return self._decide_person(event, body, now_ms)
        return self._decide_charter(event, body, now_ms)

    # --- changes ---------------------------------------------------------------------------------

    def _decide_effect(self, event: Event, body: EffectBody) -> Body:
        """Return the effect that is due; every other one is refused."""
        if self.due and self.due[0].stream == event.stream:
            return self.due[0].body
        if self.due or self._has_everybody() or self._statement(UUID(body.change)) is not None:
            raise CorruptError("effect_unexpected", "no approved change has this effect here")
        return body  # evidence without the change: as the log states

    # --- the ledger ------------------------------------------------------------------------------

    def _decide_charter(self, event: Event, body: LedgerRecord, now_ms: int) -> LedgerBody:
        if isinstance(body, LedgerCreated):
            if self.charter is not None or event.stream != charter.STREAM:
                raise CorruptError("ledger_founded_twice", "a ledger is created only once")
            unsigned = msgspec.structs.replace(body, act="")
            return charter.create(body.act, unsigned, now_ms=now_ms)
        self._require_stream(event, charter.STREAM)
        match body:
            case LogKeysAnnounced(act=act, first_size=size):
                # The first size must already exist: keys are not announced for the future.
                if size > self.position + 1:
                    raise CorruptError(
                        "log_keys_misplaced", "the keys are announced for a future size"
                    )
                return charter.announce_log_keys(self._charter, act, now_ms=now_ms)
            case LogKeysRetired(act=act, last_size=size):
                if size > self.position + 1:
                    raise CorruptError(
                        "log_keys_misplaced", "the keys are retired at a future size"
                    )
                return charter.retire_log_keys(self._charter, act, now_ms=now_ms)
            case LedgerRestored(act=act, kept=kept):
                # The restore is the first event after the tree that it continues.
                if kept.size != self.position:
                    raise CorruptError("restore_misplaced", "the restore keeps another tree")
                return restoration.restore(self._charter, act, now_ms=now_ms)
            case LogFrozen(act=act):
                return charter.freeze(self._charter, act, now_ms=now_ms)
            case _:
                assert_never(body)

    # --- people ----------------------------------------------------------------------------------

    def _decide_person(self, event: Event, body: PersonRecord, now_ms: int) -> PersonBody:
        if isinstance(body, UserRegistered):
            return self._register(event, body, now_ms)
        owner = self.people[event.stream]
        match body:
            case PasskeyAdded():
                return self._add_passkey(owner, body, now_ms)
            case KeyAttested():
                return self._attest_key(owner, body, now_ms)
            case PasskeyRemoved(credential_id=name, act=act, assertion=assertion):
                return held_passkeys.remove_passkey(
                    owner, name, self._asked(act, assertion, now_ms)
                )
            case KeyRevoked(kid=kid, act=act, assertion=assertion):
                return signing_keys.revoke_key(owner, kid, self._asked(act, assertion, now_ms))
            case CompromiseDeclared(act=act, assertion=assertion):
                return compromise.declare(owner, self._asked(act, assertion, now_ms))
            case PersonSuspended(act=act, assertion=assertion):
                asked = self._asked(act, assertion, now_ms)
                return standing.suspend(owner, self._signer(act), asked, self._charter)
            case _:
                assert_never(body)

    def _register(self, event: Event, body: UserRegistered, now_ms: int) -> UserRegistered:
        self._require_stream(event, UUID(body.user))
        invitations = self._charter.invitations.values()
        invitation = next((each for each in invitations if each.id == body.invitation), None)
        admitted = admission.admit(self._charter, body.role, invitation, now_ms=now_ms)
        looks = Skeletons(body.unicode, body.name_skeletons)  # not computed again
        return person.register(body.user, body.name, admitted.role, admitted.invitation, looks)

    def _add_passkey(self, owner: Person, body: PasskeyAdded, now_ms: int) -> PasskeyAdded:
        ledger, party = self._charter.ledger, self._charter.party
        submission = PasskeySubmission(body.credential_id, body.registration, body.transports)
        added = held_passkeys.first_passkey(
            submission, nonce=body.nonce, ledger=ledger, party=party
        )
        if not owner.passkeys:
            return redeeming.redeem_invitation(
                owner, added, body.redeem, self._charter, now_ms=now_ms
            )
        if body.act is None:
            raise CorruptError("act_missing", "adding a further passkey requires an act")
        asked = self._asked(body.act, body.confirmation, now_ms)
        return held_passkeys.add_passkey(owner, added, asked, body.assertion)

    def _attest_key(self, owner: Person, body: KeyAttested, now_ms: int) -> KeyAttested:
        jwk = msgspec.to_builtins(body.jwk)
        return signing_keys.attest_key(
            owner,
            KeySubmission(jwk, body.assertion, body.possession, body.home, body.expires_at),
            nonce=body.nonce,
            ledger=self._charter.ledger,
            party=self._charter.party,
            now_ms=now_ms,
        )

    # --- statements ------------------------------------------------------------------------------

    def _decide_statement(self, event: Event, body: StatementRecord, now_ms: int) -> StatementBody:
        if isinstance(body, StatementDrafted):
            return self._draft(event, body, now_ms)
        subject = self._statement(event.stream)
        if subject is None:
            raise CorruptError("event_misplaced", "a statement's stream must begin with its draft")

        def decision(signer: Person, assertion: AssertionEvidence | None) -> DecisionContext:
            return DecisionContext(
                person=signer,
                ledger=self._charter.ledger,
                party=self._charter.party,
                now_ms=now_ms,
                assertion=assertion,
                deciders={
                    user: self.people[UUID(user)]
                    for user in subject.approvals | subject.rejections
                    if subject.status == "pending"
                },
                roles=self._charter.signing_roles,
            )

        match body:
            case StatementSigned(jws=jws, assertion=assertion):
                approval = self._approval(jws)
                signer = self._owner(approval.header.kid)
                signed = statement.sign(subject, approval, decision(signer, assertion))
                self.due = effects.of_approval(subject, signed, self._sources(), now_ms=now_ms)
                return signed
            case StatementRejected(act=act, assertion=assertion):
                return statement.reject(subject, act, decision(self._signer(act), assertion))
            case StatementWithdrawn(act=act):
                return statement.withdraw(subject, act, decision(self._signer(act), None))
            case _:
                assert_never(body)

    def _approval(self, jws: str) -> CompactJws:
        """Return an approval's JWS; an auditor that verified it before overrides this."""
        return parse_approval(jws)

    def _draft(self, event: Event, body: StatementDrafted, now_ms: int) -> StatementDrafted:
        creator = self._signer(body.act)
        again, document = drafting.draft(
            body.document.encode(), body.act, creator, charter=self._charter, now_ms=now_ms
        )
        self._require_stream(event, UUID(document.statement_id))
        if is_change(document):
            items = parse_items(document)
            effects.decide(document.statement_id, items, self._sources(), now_ms=now_ms)
        superseded = document.supersedes
        if superseded is not None and self._statement(UUID(superseded)) is None:
            raise CorruptError("statement_unknown", "it supersedes an unknown statement")
        return again

    def _asked(self, act: str, assertion: AssertionEvidence | None, now_ms: int) -> ConfirmedAct:
        return ConfirmedAct(act, assertion, self._charter.ledger, self._charter.party, now_ms)
