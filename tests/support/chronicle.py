"""A small ledger in memory with real evidence, identical in every run.

Fixed keys, times and salts, and deterministic signatures (RFC 8032, RFC 6979), make each run
identical byte for byte. The auditor checks every event as it is appended, so the log is always
valid.
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

import msgspec

from ledger.domain import (
    admission,
    charter,
    compromise,
    decisions,
    drafting,
    ledger_acts,
    log_keys,
    person,
    restoration,
    signing_keys,
    standing,
)
from ledger.domain.act import Act
from ledger.domain.acts import TYP
from ledger.domain.approval import parse_approval
from ledger.domain.charter import SETUP
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.decision_context import DecisionContext
from ledger.domain.entry import leaf_hash
from ledger.domain.events import Body, Event, LedgerCreated, PasskeyAdded, encode
from ledger.domain.held_passkeys import add_passkey, first_passkey, remove_passkey
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.policy import Node
from ledger.domain.redeeming import redeem_invitation
from ledger.domain.skeletons import skeletons
from ledger.tlog.merkle import Edge
from ledger.verify.auditor import Auditor
from tests.support.authenticator import Passkey
from tests.support.changes import invite
from tests.support.fixed_keys import fixed_log_keys, fixed_passkey
from tests.support.keys import ed25519_key
from tests.support.links import link_jwk, link_key
from tests.support.signers import LEDGER, NONCE, PARTY, Clock, Signer

FOUNDING = Node(1, ("role:administrator",))
SETUP_TOKEN, TOKEN = "setup", "token"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def statement_id(number: int) -> str:
    """Return the id of a statement or change of a chronicle."""
    return str(UUID(int=(number << 64) | 0x4000_8000_0000_0000_0000))


@dataclass
class Chronicle:
    """A log in memory, and the people who write it."""

    time: Clock = field(default_factory=Clock)
    auditor: Auditor = field(default_factory=Auditor)
    events: list[Event] = field(default_factory=list)
    states: list[bytes] = field(default_factory=list)

    def signer(self, number: int, *roles: str) -> Signer:
        return Signer(number, *roles, time=self.time, passkey=fixed_passkey(number))

    def tell(self, stream: UUID | str, body: Body) -> Event:
        """Append one event and let the auditor check it."""
        stream = UUID(str(stream))
        version = 1 + sum(event.stream == stream for event in self.events)
        event = Event(stream=stream, version=version, at=str(self.time), body=body)
        position = len(self.states) + 1
        state = encode(event, salt=hashlib.sha256(b"salt %d" % position).digest())
        self.auditor.add(position, state)
        self.events.append(event)
        self.states.append(state)
        self.time.ms += 1000
        return event

    def _now(self) -> dict[str, Any]:
        return {"ledger": LEDGER, "now_ms": self.time.ms}

    # --- the ledger and its people ---------------------------------------------------------------

    def found(self) -> None:
        key = ed25519_key(1000)
        setup = link_key(SETUP_TOKEN).jwk
        rules = dict[str, Any](rpId=PARTY.rp_id, origin=PARTY.origin, registration="open")
        founder = Signer(1000, key=key, time=self.time)
        act = founder.act("create-ledger", **rules, setup=link_jwk(SETUP_TOKEN))
        unsigned = LedgerCreated(LEDGER, PARTY.origin, PARTY.rp_id, "open", key.jwk, "", setup)
        self.tell(charter.STREAM, charter.create(act, unsigned, now_ms=self.time.ms))

    def announce(self, number: int) -> None:
        keys = fixed_log_keys(number)
        act = self._own(ledger_acts.AnnounceLogKeys, vkeys=keys, first_size=len(self.states) + 1)
        self.tell(charter.STREAM, log_keys.announce_log_keys(self._charter, act, **self._clock()))

    def retire(self, number: int) -> None:
        size = len(self.states) + 1
        act = self._own(ledger_acts.RetireLogKeys, vkeys=fixed_log_keys(number), last_size=size)
        self.tell(charter.STREAM, log_keys.retire_log_keys(self._charter, act, **self._clock()))

    def restore(
        self, lost: ledger_acts.LostTree | Literal["unknown"] | None, **members: Any
    ) -> None:
        """Record a restore that keeps everything told so far."""
        edge, _ = Edge().extend(b"".join(map(leaf_hash, self.states)))
        origin = restoration.log_origin(LEDGER, 1)
        said: dict[str, Any] = {
            "epoch": 1,
            "kept": ledger_acts.KeptTree(edge.size, edge.root().hex()),
            "lost": lost,
            "origin": origin,
            "vkeys": fixed_log_keys(3, origin),
            "reason": "The disk of the server failed.",
        }
        act = self._own(ledger_acts.RestoreLedger, **(said | members))
        self.tell(charter.STREAM, restoration.restore(self._charter, act, **self._clock()))

    def freeze(self) -> None:
        act = self._own(ledger_acts.FreezeLedger, reason="The fund is closed.")
        self.tell(charter.STREAM, charter.freeze(self._charter, act, **self._clock()))

    def _own(self, act: type[Act], **members: Any) -> str:
        """Return an act signed by the ledger's own key."""
        raw = msgspec.json.encode(act(iat=self.time.ms // 1000, ledger=LEDGER, **members))
        return ed25519_key(1000).jws(raw, typ=TYP)

    def _clock(self) -> dict[str, int]:
        return {"now_ms": self.time.ms}

    @property
    def _charter(self) -> charter.Charter:
        assert self.auditor.charter is not None
        return self.auditor.charter

    def register(self, who: Signer, name: str, invitation: str | None = None) -> None:
        """Register somebody; an invitation but the first one has the link of `TOKEN`."""
        tokens = {None: None, SETUP: SETUP_TOKEN}
        self.register_by(who, name, invitation, tokens.get(invitation, TOKEN))

    def register_by(
        self, who: Signer, name: str, invitation: str | None, token: str | None, **given: None
    ) -> None:
        """Register somebody by a link; `given` may say that the invitation gives no `role`."""
        (role,) = given.values() or who.roles
        self.tell(who.user, admission.register(who.user, name, role, invitation, skeletons(name)))
        text = None if token is None else who.redeem(link_key(token))
        added, now_ms = self.shown(who, who.passkey), self.time.ms
        newcomer = self.state_of(who)
        body = redeem_invitation(newcomer, added, text, self._charter, now_ms=now_ms)
        self.tell(who.user, body)
        self.attest(who, who.key)

    def shown(self, who: Signer, passkey: Passkey) -> PasskeyAdded:
        new = who.new_passkey(passkey)
        return first_passkey(new, nonce=NONCE, ledger=LEDGER, party=PARTY)

    def attest(self, who: Signer, key: Any, **more: Any) -> None:
        submission = who.submission(key, **more)
        owner = self.auditor.people[UUID(who.user)]
        body = signing_keys.attest_key(owner, submission, nonce=NONCE, party=PARTY, **self._now())
        self.tell(who.user, body)

    def change(self, who: Signer, number: int, *items: dict[str, Any], **members: Any) -> bytes:
        """Record a change, its drafter's approval, and its effects if that completes it."""
        raw = who.change(*items, statementId=statement_id(number), **members)
        body, _ = drafting.draft(raw, who.draft_act(raw), self.state_of(who), **self._rules())
        self.tell(statement_id(number), body)
        self.approve_change(who, raw)
        return raw

    def approve_change(self, who: Signer, raw: bytes) -> None:
        """Record an approval of a change, and its effects if that completes it."""
        jws, stream = who.shared(raw), UUID(json.loads(raw)["statementId"])
        decision = self._decision(who, who.confirm(jws))
        signed = decisions.sign(self.auditor.statements[stream], parse_approval(jws), decision)
        self.tell(stream, signed)
        for effect in self.auditor.due:
            self.tell(effect.stream, effect.body)

    def invite(self, who: Signer, number: int, role: str, invitation: str) -> None:
        ends = "2026-12-01T00:00:00.000Z"
        self.change(who, number, invite(TOKEN, role, ends, invitation=invitation))

    def _rules(self) -> dict[str, Any]:
        return {"charter": self._charter, "now_ms": self.time.ms}

    def state_of(self, who: Signer) -> person.Person:
        """Return a person as of now."""
        return person.settled(self.auditor.people[UUID(who.user)], self.time.ms)

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

    # --- statements ------------------------------------------------------------------------------

    def draft(self, who: Signer, number: int, **members: Any) -> bytes:
        raw = who.document(statementId=statement_id(number), **members)
        creator = self.state_of(who)
        body, _ = drafting.draft(raw, who.draft_act(raw), creator, **self._rules())
        self.tell(statement_id(number), body)
        return raw

    def sign(self, who: Signer, jws: str, raw: bytes) -> None:
        stream = UUID(json.loads(raw)["statementId"])
        subject = self.auditor.statements[stream]
        self.tell(stream, decisions.sign(subject, parse_approval(jws), self._decision(who)))

    def reject(self, who: Signer, raw: bytes, *, confirmed: bool = False) -> None:
        self._decide("reject", who, raw, "The amount is too low.", confirmed=confirmed)

    def retract(self, who: Signer, raw: bytes) -> None:
        self._decide("retract", who, raw, "Approved by mistake.")

    def withdraw(self, who: Signer, raw: bytes) -> None:
        self._decide("withdraw", who, raw, "Replaced.")

    def _decide(
        self, kind: str, who: Signer, raw: bytes, reason: str, *, confirmed: bool = False
    ) -> None:
        stream = UUID(json.loads(raw)["statementId"])
        act = who.act(kind, **self._about(raw), reason=reason)
        decision = self._decision(who, who.confirm(act) if confirmed else None)
        self.tell(stream, getattr(decisions, kind)(self.auditor.statements[stream], act, decision))

    @staticmethod
    def _about(raw: bytes) -> dict[str, Any]:
        return {"statementId": json.loads(raw)["statementId"], "sha256": digest(raw.decode())}

    def _decision(self, who: Signer, assertion: AssertionEvidence | None = None) -> DecisionContext:
        everybody = self.auditor.people.items()
        people = {str(user): person.settled(each, self.time.ms) for user, each in everybody}
        now = self.time.ms, self._charter.version
        return DecisionContext(self.state_of(who), LEDGER, PARTY, *now, assertion, people)
