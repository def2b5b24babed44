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
    decisions,
    drafting,
    erasure,
    late_acts,
    log_keys,
    operator_recovery,
    restoration,
    uses,
)
from ledger.domain.approval import parse_approval
from ledger.domain.changes import effects
from ledger.domain.changes.items import is_change, parse_items
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.decision_context import DecisionContext
from ledger.domain.document import parse_uuid
from ledger.domain.events import (
    ApprovalRetracted,
    BodiesErased,
    Body,
    EffectBody,
    Event,
    HeadsKeyReplaced,
    LedgerBody,
    LedgerCreated,
    LedgerRecord,
    LedgerRestored,
    LogFrozen,
    LogKeysAnnounced,
    LogKeysRetired,
    NameErased,
    OperatorInvitationsCancelled,
    OperatorInvited,
    OutcomeReported,
    PersonBody,
    PersonRecord,
    StatementBody,
    StatementDrafted,
    StatementRecord,
    StatementRejected,
    StatementSigned,
    StatementSuperseded,
    StatementUsed,
    StatementWithdrawn,
    UserNamed,
    UserRegistered,
)
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.person import Person
from ledger.domain.skeletons import Skeletons
from ledger.domain.statement import Statement
from ledger.errors import CorruptError, UnverifiableError
from ledger.jose import CompactJws
from ledger.verify.known_states import KnownStates
from ledger.verify.person_decisions import Others, decide_of_person


class Decisions(KnownStates):
    """The states as of a position; computes the expected event at the next one."""

    def decide(self, event: Event) -> Body:
        """Return the body that an event's evidence leads to.

        Raises the domain's errors if the evidence is invalid, CorruptError if the event is
        misplaced.
        """
        body, now_ms = event.body, clock.to_ms(event.at)
        self._now_ms = now_ms
        if self.charter is not None and self.charter.frozen:
            raise CorruptError("ledger_frozen", "an event after the freeze")
        if self.due and not isinstance(body, EffectBody):
            raise CorruptError("effects_missing", "what the last event brings about is missing")
        if isinstance(body, StatementRecord):  # first: most events are about statements
            if isinstance(body, late_acts.LateAct) and late_acts.is_late(body):
                return self._decide_late(event, body)
            return self._decide_statement(event, body, now_ms)
        if isinstance(body, PersonRecord):
            return self._decide_person(event, body, now_ms)
        if isinstance(body, EffectBody):
            return self._decide_effect(event, body)
        return self._decide_charter(event, body, now_ms)

    # --- changes ---------------------------------------------------------------------------------

    def _decide_effect(self, event: Event, body: EffectBody) -> Body:
        """Return the effect that is due; every other one is refused."""
        if self.due and self.due[0].stream == event.stream:
            return self.due[0].body
        cause = parse_uuid(body.by if isinstance(body, StatementSuperseded) else body.change)
        # Versions can be erased, and this is all that they bring about. Changes cannot be erased.
        if isinstance(body, StatementSuperseded) and not self.due and self._is_erased_cause(cause):
            return body  # accepted as the log states it
        if self.due or self._has_everybody() or self._statement(cause) is not None:
            raise CorruptError("effect_unexpected", "nothing before it has this effect")
        if isinstance(body, BodiesErased | NameErased):  # erased and withheld look alike
            raise UnverifiableError("change_missing", "the change that erased it is not there")
        return body  # evidence without its cause: accepted as the log states it

    def _is_erased_cause(self, stream: UUID) -> bool:
        """Tell whether the event before is an erased one of this stream; a share overrides this."""
        passed = self._erased.get(stream)
        return passed is not None and passed[-1][0] == self.position

    # --- the ledger ------------------------------------------------------------------------------

    def _decide_charter(self, event: Event, body: LedgerRecord, now_ms: int) -> LedgerBody:
        if isinstance(body, LedgerCreated):
            if self.charter is not None or event.stream != charter.STREAM:
                raise CorruptError("ledger_founded_twice", "a ledger is created only once")
            unsigned = msgspec.structs.replace(body, act="")
            return charter.create(body.act, unsigned, now_ms=now_ms)
        self._require_stream(event, charter.STREAM)
        match body:
            case LogKeysAnnounced() | LogKeysRetired() | HeadsKeyReplaced():
                return self._decide_keys(body, now_ms)
            case LedgerRestored():
                return self._restore(event, body, now_ms)
            case OperatorInvited(act=act):
                return operator_recovery.invite(act, self._sources(), now_ms=now_ms)
            case OperatorInvitationsCancelled(act=act, assertion=assertion):
                asked = self._asked(act, assertion)
                return operator_recovery.cancel(self._signer(act), asked, self._charter)
            case LogFrozen(act=act):
                return charter.freeze(self._charter, act, now_ms=now_ms)
            case _:
                assert_never(body)

    def _decide_keys(
        self, body: LogKeysAnnounced | LogKeysRetired | HeadsKeyReplaced, now_ms: int
    ) -> LedgerBody:
        match body:
            case LogKeysAnnounced(act=act, first_size=size):
                # The first size must already exist: keys are not announced for the future.
                if size > self.position + 1:
                    raise CorruptError(
                        "log_keys_misplaced", "the keys are announced for a future size"
                    )
                return log_keys.announce_log_keys(self._charter, act, now_ms=now_ms)
            case LogKeysRetired(act=act, last_size=size):
                if size > self.position + 1:
                    raise CorruptError(
                        "log_keys_misplaced", "the keys are retired at a future size"
                    )
                return log_keys.retire_log_keys(self._charter, act, now_ms=now_ms)
            case HeadsKeyReplaced(act=act):
                return log_keys.replace_heads_key(self._charter, act, now_ms=now_ms)
            case _:
                assert_never(body)

    def _restore(self, event: Event, body: LedgerRestored, now_ms: int) -> LedgerRestored:
        # The restore is the first event after the tree that it continues.
        if body.kept.size != self.position:
            raise CorruptError("restore_misplaced", "the restore keeps another tree")
        if event.at <= self._newest:  # times tell what a loss voids
            raise CorruptError("restore_refused", "a restore is later than every event before it")
        return restoration.restore(self._charter, body.act, now_ms=now_ms)

    def _asked(self, act: str, assertion: AssertionEvidence | None) -> ConfirmedAct:
        rules = self._charter
        return ConfirmedAct(act, assertion, rules.ledger, rules.party, self._now_ms)

    # --- people ----------------------------------------------------------------------------------

    def _decide_person(self, event: Event, body: PersonRecord, now_ms: int) -> PersonBody:
        if isinstance(body, UserRegistered):
            return self._register(event, body, now_ms)
        if isinstance(body, UserNamed):  # the skeletons are not computed again
            if event.stream not in self.people or event.version != erasure.NAMED:
                raise CorruptError("event_misplaced", "a person is named once, as they register")
            return admission.call(body.name, Skeletons(body.unicode, body.name_skeletons))
        owner = self._person(event.stream)
        others = Others(self._signer, self._change)
        return decide_of_person(owner, body, self._charter, others, now_ms)

    def _change(self, statement: str) -> Statement | None:
        """Return a change that somebody names, None if the evidence leaves it out."""
        found = self._statement(UUID(statement))
        if found is None and self._has_everybody():
            raise CorruptError("statement_unknown", "there is no such change")
        return found

    def _register(self, event: Event, body: UserRegistered, now_ms: int) -> UserRegistered:
        if body.user != str(event.stream):
            raise CorruptError("event_misplaced", "the event is in the wrong stream")
        invitations = self._charter.invitations.values()
        invitation = next((each for each in invitations if each.id == body.invitation), None)
        if body.invitation and invitation is None and not self._has_everybody():
            raise UnverifiableError("invitation_missing", "the invitation is not there")
        admitted = admission.admit(self._charter, body.role, invitation, now_ms=now_ms)
        operator_recovery.require_needed(invitation, self._sources(), now_ms=now_ms)
        return admission.register(body.user, admitted)

    # --- statements ------------------------------------------------------------------------------

    def _decide_late(self, event: Event, body: late_acts.LateAct) -> StatementBody:
        """Return a late act, decided as of its own time, as if nothing had been lost."""
        at_ms = late_acts.signed_ms(body)
        self._late_order.require_place(self.position + 1, complete=self._has_everybody())
        late_acts.require_late(self._charter, at_ms, kept_at=self._kept_at())
        # People are as of the restore, but for what it voids.
        self._is_late, self._now_ms = True, clock.to_ms(self._charter.restorations[-1].at)
        try:
            found = self._decide_statement(event, body, at_ms)
        finally:
            self._is_late = False
        return msgspec.structs.replace(found, late=True)

    def _decide_statement(self, event: Event, body: StatementRecord, now_ms: int) -> StatementBody:
        if isinstance(body, StatementDrafted):
            return self._draft(event, body, now_ms)
        subject = self._statement(event.stream)
        if subject is None:
            raise CorruptError("event_misplaced", "a statement's stream must begin with its draft")

        rules, replaced = self._charter, subject.replaces
        earlier = None if replaced is None else self._subject(replaced)
        # A use counts the approvals again, a further decision those that its status depends on.
        counting = subject.approvals if isinstance(body, StatementUsed) else subject.counts_on

        def decision(signer: Person, assertion: AssertionEvidence | None) -> DecisionContext:
            return DecisionContext(
                person=signer,
                ledger=rules.ledger,
                party=rules.party,
                now_ms=now_ms,
                charter_version=rules.version,
                assertion=assertion,
                deciders={user: self._person(parse_uuid(user)) for user in counting},
                roles=rules.signing_roles,
                earlier=earlier,
                floor=rules.values.floor,
                types=rules.types,
                losses=self.losses,
            )

        match body:
            case StatementSigned(jws=jws, assertion=assertion):
                approval = self._approval(jws)
                signer = self._owner(approval.header.kid)
                if self._is_late:
                    late_acts.require_erasing(subject.items)
                signed = decisions.sign(subject, approval, decision(signer, assertion))
                self.due = effects.of_approval(subject, signed, self._sources(), now_ms=now_ms)
                return signed
            case StatementRejected(act=act, assertion=assertion):
                return decisions.reject(subject, act, decision(self._signer(act), assertion))
            case ApprovalRetracted(act=act, assertion=assertion):
                return decisions.retract(subject, act, decision(self._signer(act), assertion))
            case StatementWithdrawn(act=act):
                return decisions.withdraw(subject, act, decision(self._signer(act), None))
            case StatementUsed(act=act):
                return uses.use(subject, act, decision(self._signer(act), None))
            case OutcomeReported(act=act, assertion=assertion):
                return uses.report(subject, act, decision(self._signer(act), assertion))
            case _:
                assert_never(body)

    def _approval(self, jws: str) -> CompactJws:
        """Return an approval's JWS; an auditor that verified it before overrides this."""
        return parse_approval(jws)

    def _draft(self, event: Event, body: StatementDrafted, now_ms: int) -> StatementDrafted:
        creator = self._signer(body.act)

        def find(stream: UUID) -> Statement | None:
            found = self._named(stream)
            if found is None or not erasure.is_unknown(found):
                return found
            return erasure.as_stated(found, body, event.at)

        again, document = drafting.draft(
            body.document.encode(),
            body.act,
            creator,
            charter=self._rules,
            now_ms=now_ms,
            find=find,
        )
        self._require_stream(event, UUID(document.statement_id))
        items = parse_items(document) if is_change(document) else None
        if self._is_late:
            late_acts.require_erasing(items)
        if items is not None:
            own = document.statement_id
            effects.decide(own, items, self._sources(), now_ms=now_ms, completes=False)
        return again
