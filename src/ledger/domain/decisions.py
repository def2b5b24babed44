"""Decisions on a statement: approve, reject, retract, withdraw. Pure.

Every decision takes the states as of its own position and the evidence, and returns the event's
body or raises. The event records the status after the decision. The audit recomputes that status
from the evidence and compares.
"""

from typing import TypeVar

from ledger import clock
from ledger.domain import acts, charter_values, policy, steps, versions
from ledger.domain.acts import parse_act, verify_act
from ledger.domain.approval import Subject, verify_approval
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.counting import stands, steps_of, without
from ledger.domain.decision_context import DecisionContext
from ledger.domain.events import (
    ApprovalRetracted,
    StatementRejected,
    StatementSigned,
    StatementWithdrawn,
)
from ledger.domain.holdings import AttestedKey
from ledger.domain.person import Person, may_sign
from ledger.domain.readers import require_readable
from ledger.domain.standing import require_standing
from ledger.domain.statement import Statement, require_bodies
from ledger.domain.text import require_optional_reason, require_reason
from ledger.errors import ConflictError, ForbiddenError, MalformedError, RefusedError
from ledger.jose import CompactJws, PublicJwk, verify_compact

A = TypeVar("A", acts.Reject, acts.Retract, acts.Withdraw, acts.UseStatement, acts.ReportOutcome)


def sign(statement: Statement, jws: CompactJws, decision: DecisionContext) -> StatementSigned:
    """Return the approval of a statement; `jws` comes from `parse_approval`.

    Raises NotFoundError as `require_readable`; ConflictError `statement_<status>`,
    `already_approved`, `below_floor`, and as `steps.require_open`; ForbiddenError `not_a_signer`,
    `person_suspended`, `person_deactivated`; MalformedError and RefusedError as `verify_approval`
    and `verify_assertion` do.
    """
    person = decision.person
    # 1. The key is in force at this position.
    key = person.active_key(jws.header.kid, now_ms=decision.now_ms)
    # 2. The signature is valid and covers exactly this statement, which this person may read.
    require_readable(statement.audience, person, jws, key.jwk)
    require_unerased(statement, jws, key.jwk)
    about = _subject(statement, decision)
    form, iat = verify_approval(jws, key.jwk, about, signer=person.user, now_ms=decision.now_ms)
    clock.require_after(iat, statement.created_ms)
    # 3. The statement accepts approvals; this person may approve and has not done so yet.
    _require_order(statement, person, iat)
    versions.require_status(statement, decision, "pending", "approved")
    require_standing(person)
    if not (versions.may_approve(statement, person) and may_sign(person)):
        raise ForbiddenError("not_a_signer", "the policy does not ask for this person")
    if stands(statement.approvals, person):
        raise ConflictError("already_approved", "this person has already approved")
    # 4. The step that it fills, if the policy has steps.
    step = _step_of(statement, decision)
    # 5. A fresh passkey assertion, if the policy requires one; the floor as it is now.
    sign_count = _confirm(statement, jws.text, decision)
    _require_floor(statement, decision)
    # 6. The resulting status: once reached it stays, and what is in question adds nothing to it.
    reached = statement.status == "approved" or versions.meets(
        statement,
        decision.counted(statement.approvals) | {person.user: person.roles},
        steps_of(statement.approvals) | ({} if step is None else {person.user: step}),
    )
    return StatementSigned(
        signer=person.user,
        kid=key.kid,
        roles=tuple(sorted(person.roles)),
        form=form,
        iat=iat,
        status="approved" if reached else "pending",
        jws=jws.text,
        assertion=decision.assertion,
        sign_count=sign_count,
        step=step,
        seen=decision.seen(statement),
    )


def reject(statement: Statement, act_text: str, decision: DecisionContext) -> StatementRejected:
    """Return the rejection of a statement.

    Raises NotFoundError as `require_readable`; ConflictError `statement_<status>`,
    `already_approved`, `already_rejected`; ForbiddenError `not_a_signer`, `person_suspended`,
    `person_deactivated`; MalformedError `reason_invalid`, `text_refused`; RefusedError as
    `verify_act` and `verify_assertion` do.
    """
    person = decision.person
    key, act = act_about(statement, act_text, acts.Reject, decision)
    require_reason(act.reason)
    _require_order(statement, person, act.iat)
    versions.require_status(statement, decision, "pending")
    require_standing(person)
    vetoes = policy.may_veto(statement.policy, person.user, person.roles)
    if not (vetoes or versions.may_approve(statement, person)) or not may_sign(person):
        raise ForbiddenError("not_a_signer", "the policy does not ask for this person")
    if stands(statement.approvals, person):
        raise ConflictError("already_approved", "this person has already approved")
    if stands(statement.rejections, person):
        raise ConflictError("already_rejected", "this person has already rejected")
    sign_count = _confirm(statement, act_text, decision)
    refused = decision.counted(statement.rejections).keys() | {person.user}
    # Others need not be there today: who is away never makes a statement rejected.
    ends = vetoes or not versions.can_be_met(
        statement,
        decision.roles,
        approvals=decision.counted(without(statement.approvals, person.user)),
        steps=steps_of(statement.approvals),
        without=refused,
    )
    return StatementRejected(
        signer=person.user,
        kid=key.kid,
        roles=tuple(sorted(person.roles)),
        reason=act.reason,
        iat=act.iat,
        status="rejected" if ends else "pending",
        act=act_text,
        assertion=decision.assertion,
        sign_count=sign_count,
        seen=decision.seen(statement),
    )


def retract(statement: Statement, act_text: str, decision: DecisionContext) -> ApprovalRetracted:
    """Return the retraction of a person's own approval of a pending statement.

    It asks for no role, only for an approval that counts. Raises ConflictError
    `statement_<status>`, `not_approved`; ForbiddenError `person_suspended`, `person_deactivated`;
    MalformedError `reason_invalid`, `text_refused`; as `verify_act` and `verify_assertion` do.
    """
    person = decision.person
    key, act = act_about(statement, act_text, acts.Retract, decision)
    require_optional_reason(act.reason)
    _require_order(statement, person, act.iat)
    versions.require_status(statement, decision, "pending")
    require_standing(person)
    if not stands(statement.approvals, person):
        raise ConflictError("not_approved", "this person has no approval that counts")
    return ApprovalRetracted(
        signer=person.user,
        kid=key.kid,
        iat=act.iat,
        act=act_text,
        reason=act.reason,
        assertion=decision.assertion,
        sign_count=_confirm(statement, act_text, decision),
        seen=decision.seen(statement),
    )


def withdraw(statement: Statement, act_text: str, decision: DecisionContext) -> StatementWithdrawn:
    """Return the withdrawal of a pending statement by its creator.

    Raises NotFoundError as `require_readable`; ConflictError `statement_<status>`; ForbiddenError
    `creator_only`, `person_suspended`, `person_deactivated`; MalformedError `reason_invalid`,
    `text_refused`; as `verify_act` does.
    """
    person = decision.person
    key, act = act_about(statement, act_text, acts.Withdraw, decision)
    require_optional_reason(act.reason)
    _require_order(statement, person, act.iat)
    versions.require_status(statement, decision, "pending")
    require_standing(person)
    if person.user != statement.creator:
        raise ForbiddenError("creator_only", "only its creator may withdraw a statement")
    return StatementWithdrawn(
        signer=person.user,
        kid=key.kid,
        act=act_text,
        reason=act.reason,
        seen=decision.seen(statement),
    )


def require_unerased(statement: Statement, jws: CompactJws, jwk: PublicJwk) -> None:
    """Raise ConflictError `statement_erased` for an erased statement.

    Raises RefusedError as `verify_compact` first, as for every other statement.
    """
    if statement.is_erased:
        verify_compact(jws, jwk)
        require_bodies(statement)


def _require_order(statement: Statement, person: Person, iat: int) -> None:
    """Require that a person's decisions on a statement have rising times.

    So nobody who holds an older signature can put it after a newer decision.
    """
    if iat <= statement.decided.get(person.user, -1):
        raise RefusedError("out_of_order", "this person signed a later decision already")


def _step_of(statement: Statement, decision: DecisionContext) -> int | None:
    """Return the step that an approval fills, None in a policy without steps.

    An approval that the replaced policy needs is taken at any time and fills none. Raises as
    `steps.require_open`.
    """
    approvals, rejections = statement.approvals, statement.rejections
    own = {
        user: each
        for user, each in approvals.items()
        if statement.replaced is None or each.step is not None
    }
    try:
        return steps.step_for(statement.policy, statement.creator, own, rejections, decision)
    except ConflictError:
        if versions.lowers_replaced(statement, decision.counted(approvals), decision.person):
            return None
        raise


def _subject(statement: Statement, decision: DecisionContext) -> Subject:
    return Subject(
        ledger=decision.ledger,
        statement_id=statement.id,
        payload_sha256=statement.payload_sha256,
        content_sha256=statement.content_sha256,
        is_plain=statement.is_plain,
        freshness_ms=decision.freshness_ms(statement),
    )


def _require_floor(statement: Statement, decision: DecisionContext) -> None:
    """Require the floor of now; a change has the policy of governance, which is never below it."""
    if statement.items is None:
        charter_values.require_floor(statement.policy, decision.floor)


def act_about(
    statement: Statement, act_text: str, kind: type[A], decision: DecisionContext
) -> tuple[AttestedKey, A]:
    """Return the verified act about this statement, and the key that signed it.

    Raises as `parse_act`, `active_key`, `require_readable` and `verify_act` do.
    """
    jws = parse_act(act_text)
    tag = str(kind.__struct_config__.tag)
    key = decision.person.active_key(jws.header.kid, now_ms=decision.now_ms, act=tag)
    require_readable(statement.audience, decision.person, jws, key.jwk)
    require_unerased(statement, jws, key.jwk)
    act = verify_act(
        jws,
        key.jwk,
        kind,
        ledger=decision.ledger,
        now_ms=decision.now_ms,
        freshness_ms=decision.freshness_ms(statement),
        statement_id=statement.id,
        sha256=statement.sha256,
    )
    clock.require_after(act.iat, statement.created_ms)
    return key, act


def _confirm(statement: Statement, jws_text: str, decision: DecisionContext) -> int | None:
    """Verify the assertion that assurance `passkey` requires; return its sign count, else None."""
    evidence = decision.assertion
    if versions.assurance(statement) == "key":
        if evidence is not None:
            detail = "this policy does not use passkey assertions"
            raise MalformedError("assertion_unexpected", detail)
        return None
    asked = ConfirmedAct(jws_text, evidence, decision.ledger, decision.party, decision.now_ms)
    return asked.confirmed_by(decision.person)[1]
