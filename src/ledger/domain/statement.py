"""A statement: approve, reject, withdraw; drafting.py has the draft. Pure decide and evolve.

Every decision takes the states as of its own position and the evidence, and returns the event's
body or raises. The event records the status after the decision. The audit recomputes that status
from the evidence and compares.
"""

from typing import TypeVar

import msgspec

from ledger.domain import acts, places, policy, steps
from ledger.domain.acts import REASON_CHARS, parse_act, require_reason, verify_act
from ledger.domain.approval import Subject, verify_approval
from ledger.domain.changes.items import Item, is_change, parse_items
from ledger.domain.counting import RecordedDecision, recorded, stands, steps_of, without
from ledger.domain.decision_context import DecisionContext as DecisionContext
from ledger.domain.document import Document, ends_ms
from ledger.domain.events import (
    Event,
    LedgerBody,
    PersonBody,
    StatementDrafted,
    StatementRejected,
    StatementSigned,
    StatementWithdrawn,
    StatementWithdrawnByChange,
)
from ledger.domain.person import AttestedKey, Person, may_sign
from ledger.domain.policy import Policy
from ledger.domain.readers import Audience, audience, require_readable
from ledger.domain.standing import require_standing
from ledger.domain.text import require_text
from ledger.domain.vocabulary import Status
from ledger.encoding import b64u_encode, sha256_hex
from ledger.errors import ConflictError, ForbiddenError, MalformedError, RefusedError
from ledger.jose import CompactJws

A = TypeVar("A", acts.Reject, acts.Withdraw)


class Statement(msgspec.Struct, frozen=True):
    """A statement as of a version of its stream, with digests in place of the document."""

    id: str
    version: int
    creator: str
    title: str
    sha256: str
    payload_sha256: str
    content_sha256: str
    policy: Policy
    audience: Audience
    ends_ms: int
    status: Status = "pending"
    is_plain: bool = True
    approvals: dict[str, RecordedDecision] = {}
    rejections: dict[str, RecordedDecision] = {}
    # The signed time of each person's last decision, also of one that is in question.
    decided: dict[str, int] = {}
    items: tuple[Item, ...] | None = None  # those of a change, None for other statements

    @property
    def counts_on(self) -> dict[str, RecordedDecision]:
        """The recorded decisions that a later one depends on: of a final one, only with steps."""
        depends = self.status == "pending" or self.policy.ordered
        return self.approvals | self.rejections if depends else {}

    def status_at(self, now_ms: int) -> Status:
        """Return the status at a time. A pending statement expires without an event."""
        late = self.status == "pending" and self.ends_ms <= now_ms
        return "expired" if late else self.status


def evolve(statement: Statement | None, event: Event) -> Statement:
    """Return the statement after the next event of its stream."""
    if isinstance(event.body, StatementDrafted):
        return _drafted(event.body, event.version)
    if statement is None:
        raise AssertionError("a statement's stream must begin with its draft")
    match event.body:
        case StatementSigned() as body:
            return msgspec.structs.replace(
                statement,
                version=event.version,
                status=body.status,
                approvals=statement.approvals | {body.signer: recorded(body, event.at)},
                rejections=without(statement.rejections, body.signer),
                decided=statement.decided | {body.signer: body.iat},
            )
        case StatementRejected() as body:
            return msgspec.structs.replace(
                statement,
                version=event.version,
                status=body.status,
                approvals=without(statement.approvals, body.signer),
                rejections=statement.rejections | {body.signer: recorded(body, event.at)},
                decided=statement.decided | {body.signer: body.iat},
            )
        case StatementWithdrawn() | StatementWithdrawnByChange():
            return msgspec.structs.replace(statement, version=event.version, status="withdrawn")
        case body:
            raise _misplaced(body)


def _misplaced(_: StatementDrafted | LedgerBody | PersonBody) -> AssertionError:
    """Return the error for an event that cannot follow in a statement's stream.

    The argument's type lists all other events: mypy fails if `evolve` forgets one.
    """
    return AssertionError("not an event of a statement's stream")


def _drafted(body: StatementDrafted, version: int) -> Statement:
    raw = body.document.encode()
    document = msgspec.json.decode(raw, type=Document)
    return Statement(
        id=document.statement_id,
        version=version,
        creator=body.creator,
        title=document.title,
        sha256=sha256_hex(raw),
        payload_sha256=sha256_hex(b64u_encode(raw).encode()),
        content_sha256=sha256_hex(document.content.encode()),
        policy=document.policy,
        audience=audience(document, body.read_by),
        ends_ms=ends_ms(document.created_at, document.policy),
        items=parse_items(document) if is_change(document) else None,
        is_plain=document.is_plain,
    )


def sign(statement: Statement, jws: CompactJws, decision: DecisionContext) -> StatementSigned:
    """Return the approval of a statement; `jws` comes from `parse_approval`.

    Raises NotFoundError as `require_readable`; ConflictError `statement_<status>`,
    `already_approved`, and as `steps.require_open`; ForbiddenError `not_a_signer`,
    `person_suspended`, `person_deactivated`; MalformedError and RefusedError as `verify_approval`
    and `verify_assertion` do.
    """
    person = decision.person
    # 1. The key is in force at this position.
    key = person.active_key(jws.header.kid, now_ms=decision.now_ms)
    # 2. The signature is valid and covers exactly this statement, which this person may read.
    require_readable(statement.audience, person, jws, key.jwk)
    form, iat = verify_approval(
        jws,
        key.jwk,
        Subject(
            ledger=decision.ledger,
            statement_id=statement.id,
            payload_sha256=statement.payload_sha256,
            content_sha256=statement.content_sha256,
            is_plain=statement.is_plain,
        ),
        signer=person.user,
        now_ms=decision.now_ms,
    )
    # 3. The statement accepts approvals; this person may approve and has not done so yet.
    _require_order(statement, person, iat)
    require_status(statement, decision.now_ms, "pending", "approved")
    require_standing(person)
    creator = statement.creator
    eligible = policy.may_approve(statement.policy, person.user, person.roles, creator=creator)
    if not (eligible and may_sign(person)):
        raise ForbiddenError("not_a_signer", "the policy does not ask for this person")
    if stands(statement.approvals, person):
        raise ConflictError("already_approved", "this person has already approved")
    # 4. The step that it fills, if the policy has steps.
    recorded_now = statement.approvals, statement.rejections
    step = steps.step_for(statement.policy, creator, *recorded_now, decision)
    # 5. A fresh passkey assertion, if the policy requires one.
    sign_count = decision.confirm(statement.policy, jws.text)
    # 6. The resulting status: once reached it stays, and what is in question adds nothing to it.
    reached = statement.status == "approved" or places.met(
        statement.policy,
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
    )


def reject(statement: Statement, act_text: str, decision: DecisionContext) -> StatementRejected:
    """Return the rejection of a statement.

    Raises NotFoundError as `require_readable`; ConflictError `statement_<status>`,
    `already_approved`, `already_rejected`; ForbiddenError `not_a_signer`, `person_suspended`,
    `person_deactivated`; MalformedError `reason_invalid`, `text_refused`; RefusedError as
    `verify_act` and `verify_assertion` do.
    """
    person = decision.person
    key, act = _act_about(statement, act_text, acts.Reject, decision)
    require_reason(act.reason)
    _require_order(statement, person, act.iat)
    require_status(statement, decision.now_ms, "pending")
    require_standing(person)
    vetoes = policy.may_veto(statement.policy, person.user, person.roles)
    creator = statement.creator
    approves = policy.may_approve(statement.policy, person.user, person.roles, creator=creator)
    if not (vetoes or approves) or not may_sign(person):
        raise ForbiddenError("not_a_signer", "the policy does not ask for this person")
    if stands(statement.approvals, person):
        raise ConflictError("already_approved", "this person has already approved")
    if stands(statement.rejections, person):
        raise ConflictError("already_rejected", "this person has already rejected")
    sign_count = decision.confirm(statement.policy, act_text)
    refused = decision.counted(statement.rejections).keys() | {person.user}
    # Others need not be there today: who is away never makes a statement rejected.
    ends = vetoes or not places.possible(
        statement.policy,
        decision.roles,
        approvals=decision.counted(without(statement.approvals, person.user)),
        steps=steps_of(statement.approvals),
        without=refused | places.excluded(statement.policy, statement.creator),
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
    )


def withdraw(statement: Statement, act_text: str, decision: DecisionContext) -> StatementWithdrawn:
    """Return the withdrawal of a pending statement by its creator.

    Raises NotFoundError as `require_readable`; ConflictError `statement_<status>`; ForbiddenError
    `creator_only`, `person_suspended`, `person_deactivated`; MalformedError `reason_invalid`,
    `text_refused`; as `verify_act` does.
    """
    person = decision.person
    key, act = _act_about(statement, act_text, acts.Withdraw, decision)
    if act.reason is not None and len(act.reason) > REASON_CHARS[1]:
        raise MalformedError("reason_invalid", "a reason must have at most 2,000 characters")
    require_text(act.reason or "", "reason")
    _require_order(statement, person, act.iat)
    require_status(statement, decision.now_ms, "pending")
    require_standing(person)
    if person.user != statement.creator:
        raise ForbiddenError("creator_only", "only its creator may withdraw a statement")
    return StatementWithdrawn(signer=person.user, kid=key.kid, act=act_text, reason=act.reason)


def _require_order(statement: Statement, person: Person, iat: int) -> None:
    """Require that a person's decisions on a statement have rising times.

    So nobody who holds an older signature can put it after a newer decision.
    """
    if iat <= statement.decided.get(person.user, -1):
        raise RefusedError("out_of_order", "this person signed a later decision already")


def _act_about(
    statement: Statement, act_text: str, kind: type[A], decision: DecisionContext
) -> tuple[AttestedKey, A]:
    """Return the verified act about this statement, and the key that signed it."""
    jws = parse_act(act_text)
    key = decision.person.active_key(jws.header.kid, now_ms=decision.now_ms)
    require_readable(statement.audience, decision.person, jws, key.jwk)
    act = verify_act(
        jws,
        key.jwk,
        kind,
        ledger=decision.ledger,
        now_ms=decision.now_ms,
        statement_id=statement.id,
        sha256=statement.sha256,
    )
    return key, act


def require_status(statement: Statement, now_ms: int, *allowed: Status) -> None:
    """Raise ConflictError `statement_<status>` unless a statement has an allowed status."""
    status = statement.status_at(now_ms)
    if status not in allowed:
        raise ConflictError(f"statement_{status}", f"the statement is {status}")
