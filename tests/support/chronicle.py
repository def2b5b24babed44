"""A small ledger in memory with real evidence, identical in every run.

Fixed keys, times and salts, and deterministic signatures (RFC 8032, RFC 6979), make each run
identical byte for byte. The auditor checks every event as it is appended, so the log is always
valid.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec

from ledger.domain import (
    acceptance,
    admission,
    compromise,
    decisions,
    drafting,
    governance,
    operator_recovery,
    person,
    service_accounts,
    signing_keys,
    standing,
    uses,
)
from ledger.domain.admission import accepted_with
from ledger.domain.approval import parse_approval
from ledger.domain.charter import SETUP, STREAM
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.decision_context import DecisionContext
from ledger.domain.epochs import Loss
from ledger.domain.events import Body, PasskeyAdded
from ledger.domain.held_passkeys import add_passkey, first_passkey, remove_passkey
from ledger.domain.invitations import AdmittedAs
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.policy import Node
from ledger.domain.redeeming import redeem_invitation
from ledger.domain.skeletons import skeletons
from ledger.domain.vocabulary import OPERATOR
from tests.support.authenticator import Passkey
from tests.support.changes import acceptance as acceptance_members
from tests.support.changes import invite, policy_set
from tests.support.ledger_chronicle import RECOVERY, LedgerChronicle
from tests.support.ledger_chronicle import SETUP_TOKEN as SETUP_TOKEN  # tests take it from here
from tests.support.links import link_key
from tests.support.signers import LEDGER, NONCE, PARTY, Signer

FOUNDING = Node(1, ("role:administrator",))
TOKEN = "token"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def statement_id(number: int) -> str:
    """Return the id of a statement or change of a chronicle."""
    return str(UUID(int=(number << 64) | 0x4000_8000_0000_0000_0000))


@dataclass
class Chronicle(LedgerChronicle):
    """A log in memory, and the people who write it."""

    people: list[Signer] = field(default_factory=list)

    # --- people ----------------------------------------------------------------------------------

    def register(self, who: Signer, name: str, invitation: str | None = None) -> None:
        """Register somebody; an invitation but the first one has the link of `TOKEN`."""
        tokens = {None: None, SETUP: SETUP_TOKEN}
        self.register_by(who, name, invitation, tokens.get(invitation, TOKEN))

    def register_by(
        self, who: Signer, name: str, invitation: str | None, token: str | None, **given: None
    ) -> None:
        """Register somebody by a link; `given` may say that the invitation gives no `role`."""
        (role,) = given.values() or who.roles
        self.people.append(who)
        admitted = self.admitted(role, invitation)
        self.tell(who.user, admission.register(who.user, admitted))
        accepts = {} if admitted.accepts is None else {"accepts": admitted.accepts}
        text = None if token is None else who.redeem(link_key(token), **accepts)
        added, now_ms = self.shown(who, who.passkey), self.time.ms
        newcomer = self.state_of(who)
        body = redeem_invitation(newcomer, added, text, self._charter, now_ms=now_ms)
        self.tell(who.user, body)
        self.attest(who, who.key)
        self.tell(who.user, admission.call(name, skeletons(name)))

    def admitted(self, role: str | None, invitation: str | None) -> AdmittedAs:
        """Return how somebody in this role is admitted now."""
        known = self._charter.invitations.values()
        by_operator = any(each.id == invitation and each.recovery for each in known)
        by = OPERATOR if by_operator else None
        return AdmittedAs(invitation, role, accepted_with(self._charter, role), by)

    def shown(self, who: Signer, passkey: Passkey) -> PasskeyAdded:
        new = who.new_passkey(passkey)
        return first_passkey(new, nonce=NONCE, ledger=LEDGER, party=PARTY)

    def attest(self, who: Signer, key: Any, **more: Any) -> None:
        submission = who.submission(key, **more)
        owner = self.state_of(who)
        body = signing_keys.attest_key(owner, submission, nonce=NONCE, party=PARTY, **self._now())
        self.tell(who.user, body)

    def add_service(self, who: Signer, key: Any, **members: Any) -> None:
        submission, owner = who.service(key, **members), self.state_of(who)
        body = service_accounts.add(owner, submission, nonce=NONCE, party=PARTY, **self._now())
        self.tell(who.user, body)

    def end_service(self, owner: Signer, kid: str, by: Signer) -> None:
        act = by.confirmed(by.act("end-service-account", user=owner.user, account=kid))
        found = self.state_of(owner), self.state_of(by)
        self.tell(owner.user, service_accounts.end(*found, act, self._charter))

    def change(self, who: Signer, number: int, *items: dict[str, Any], **members: Any) -> bytes:
        """Record a change, its drafter's approval, and its effects if that completes it.

        Everybody here accepts a policy that it sets before the drafter approves it.
        """
        raw = self.draft_change(who, number, *items, **members)
        policy = policy_set(items)
        for each in self.people if policy else ():
            if policy and governance.awaits(self._charter.in_force(self.state_of(each)), policy):
                self.accept(each, policy, statement_id(number))
        self.approve_change(who, raw)
        return raw

    def draft_change(
        self, who: Signer, number: int, *items: dict[str, Any], **members: Any
    ) -> bytes:
        """Record the draft of a change."""
        raw = who.change(*items, statementId=statement_id(number), **members)
        body, _ = drafting.draft(raw, who.draft_act(raw), self.state_of(who), **self._rules())
        self.tell(statement_id(number), body)
        return raw

    def accept(self, who: Signer, policy: Node, change: str | None = None) -> None:
        """Record that a person accepts a governance policy."""
        self.tell(who.user, self.acceptance_of(who, policy, change))

    def acceptance_of(self, who: Signer, policy: Node, change: str | None = None) -> Body:
        asked = who.confirmed(who.act("accept-governance", **acceptance_members(policy, change)))
        statements = self.auditor.statements
        return acceptance.accept(
            self.state_of(who), asked, self._charter, lambda name: statements[UUID(name)]
        )

    def approve_change(self, who: Signer, raw: bytes) -> None:
        """Record an approval of a change, and its effects if that completes it."""
        jws, stream = who.shared(raw), UUID(json.loads(raw)["statementId"])
        decision = self._decision(who, who.confirm(jws))
        signed = decisions.sign(self.auditor.statements[stream], parse_approval(jws), decision)
        self.tell(stream, signed)
        self.tell_effects()

    def tell_effects(self) -> None:
        """Record what the last event brings about."""
        for effect in self.auditor.due:
            self.tell(effect.stream, effect.body)

    def invite(self, who: Signer, number: int, role: str, invitation: str) -> None:
        ends = "2026-12-01T00:00:00.000Z"
        self.change(who, number, invite(TOKEN, role, ends, invitation=invitation))

    def _rules(self) -> dict[str, Any]:
        return {"charter": self._charter, "now_ms": self.time.ms}

    def state_of(self, who: Signer) -> person.Person:
        """Return a person as of now."""
        known = self.auditor.people[UUID(who.user)]
        return person.settled(known, self.time.ms, self._charter.losses)

    def add_passkey(self, who: Signer, passkey: Passkey) -> None:
        added = self.shown(who, passkey)
        addition = who.addition(passkey)
        body = add_passkey(self.state_of(who), added, *addition)
        self.tell(who.user, body)
        who.passkey = passkey

    def remove_passkey(self, owner: Signer, credential_id: str) -> None:
        act = owner.confirmed(owner.act("remove-passkey", credentialId=credential_id))
        body = remove_passkey(self.state_of(owner), credential_id, act)
        self.tell(owner.user, body)

    def revoke(self, owner: Signer, kid: str, **members: Any) -> None:
        act = owner.act("revoke-key", kid=kid, **members)
        assertion = owner.confirm(act) if "compromisedSince" in members else None
        asked = ConfirmedAct(act, assertion, LEDGER, PARTY, self.time.ms)
        self.tell(owner.user, signing_keys.revoke_key(self.state_of(owner), kid, asked))

    def reaffirm(self, owner: Signer, kid: str | None = None) -> None:
        """Record that a person reaffirms a key after a loss; without `kid`, the signer's own."""
        epoch = self._charter.lost_epoch
        act = owner.confirmed(owner.act("reaffirm-key", kid=kid or owner.key.kid, epoch=epoch))
        body = signing_keys.reaffirm_key(self.state_of(owner), act, self._charter)
        self.tell(owner.user, body)

    def declare(self, owner: Signer, key: Any, **members: Any) -> None:
        act = owner.act("declare-compromise", key=key, **members)
        asked = ConfirmedAct(act, owner.confirm(act), LEDGER, PARTY, self.time.ms)
        self.tell(owner.user, compromise.declare(self.state_of(owner), asked))

    def suspend(self, whom: Signer, by: Signer) -> None:
        act = by.act("suspend", user=whom.user, reason="Left the company.")
        asked = ConfirmedAct(act, by.confirm(act), LEDGER, PARTY, self.time.ms)
        self.tell(
            whom.user,
            standing.suspend(self.state_of(whom), self.state_of(by), asked, self._charter),
        )

    def cancel_operators(self, by: Signer, recovery: str = RECOVERY) -> None:
        """Record that somebody who governs cancels the operator's invitations."""
        asked = by.confirmed(by.act("cancel-operator-invitations", recovery=recovery))
        body = operator_recovery.cancel(self.state_of(by), asked, self._charter)
        self.tell(STREAM, body)

    def draft(self, who: Signer, number: int, **members: Any) -> bytes:
        raw = who.document(statementId=statement_id(number), **members)
        given = self._rules() | {"find": self.auditor.statements.get}
        body, _ = drafting.draft(raw, who.draft_act(raw), self.state_of(who), **given)
        self.tell(statement_id(number), body)
        self.tell_effects()
        return raw

    def sign(self, who: Signer, jws: str, raw: bytes, *, confirmed: bool = False) -> None:
        self._decide("sign", who, raw, jws, who.confirm(jws) if confirmed else None)
        self.tell_effects()

    def reject(self, who: Signer, raw: bytes, *, confirmed: bool = False) -> None:
        act = who.act("reject", **about(raw), reason="The amount is too low.")
        self._decide("reject", who, raw, act, who.confirm(act) if confirmed else None)

    def retract(self, who: Signer, raw: bytes) -> None:
        act = who.act("retract", **about(raw), reason="Approved by mistake.")
        self._decide("retract", who, raw, act)

    def withdraw(self, who: Signer, raw: bytes) -> None:
        self._decide("withdraw", who, raw, who.act("withdraw", **about(raw), reason="Replaced."))

    def use_statement(self, who: Signer, raw: bytes, nonce: str, **members: Any) -> None:
        act = who.act("use", **about(raw), nonce=nonce, **members)
        subject = self.auditor.statements[UUID(json.loads(raw)["statementId"])]
        self.tell(subject.id, uses.use(subject, act, self._decision(who)))

    def report(
        self, who: Signer, raw: bytes, place: tuple[int, int], outcome: str, *, confirmed: bool
    ) -> None:
        number, generation = place
        members: dict[str, Any] = {"number": number, "generation": generation, "outcome": outcome}
        act = who.act("outcome", **about(raw), **members)
        subject = self.auditor.statements[UUID(json.loads(raw)["statementId"])]
        decision = self._decision(who, who.confirm(act) if confirmed else None)
        self.tell(subject.id, uses.report(subject, act, decision))

    def _decide(self, kind: str, who: Signer, raw: bytes, text: str, shown: Any = None) -> None:
        subject = self.auditor.statements[UUID(json.loads(raw)["statementId"])]
        earlier = None if subject.replaces is None else self.auditor.statements[subject.replaces]
        decision = msgspec.structs.replace(self._decision(who, shown), earlier=earlier)
        evidence = parse_approval(text) if kind == "sign" else text
        self.tell(subject.id, getattr(decisions, kind)(subject, evidence, decision))

    @property
    def lost(self) -> Sequence[Loss]:
        """The losses that decisions here know of."""
        return self._charter.losses

    def _decision(self, who: Signer, assertion: AssertionEvidence | None = None) -> DecisionContext:
        everybody = self.auditor.people.items()
        losses = self._charter.losses
        people = {str(user): person.settled(each, self.time.ms, losses) for user, each in everybody}
        now = self.time.ms, self._charter.version
        return DecisionContext(
            self.state_of(who), LEDGER, PARTY, *now, assertion, people, losses=self.lost
        )


def about(raw: bytes) -> dict[str, Any]:
    return {"statementId": json.loads(raw)["statementId"], "sha256": digest(raw.decode())}
