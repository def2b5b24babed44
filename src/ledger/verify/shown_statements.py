"""What a report shows of a statement: its status, who approved, and each decision. Pure."""

from typing import assert_never
from uuid import UUID

from ledger.domain import places
from ledger.domain.counting import counted, in_question, recorded, steps_of
from ledger.domain.events import (
    ApprovalRetracted,
    StatementDecision,
    StatementRejected,
    StatementSigned,
    StatementWithdrawn,
)
from ledger.domain.person import Person, settled
from ledger.domain.policy_words import policy_sentence
from ledger.domain.vocabulary import DecisionKind
from ledger.verify.auditor import Auditor
from ledger.verify.event_checks import Events
from ledger.verify.report import VerifiedDecision, VerifiedPerson, VerifiedStatement


def shown_statement(
    auditor: Auditor, events: Events, statement_id: str, now_ms: int
) -> VerifiedStatement:
    """Return a statement of a bundle, given the auditor after all its events."""
    statement = auditor.statements[UUID(statement_id)]
    decisions = events.decisions(statement_id)
    signers = {body.signer: auditor.people[UUID(body.signer)] for _, _, body in decisions}
    people = {user: settled(each, now_ms) for user, each in signers.items()}
    names = {str(user): person.name for user, person in auditor.people.items()}
    counting = counted(statement.approvals, people)
    meets = places.met(statement.policy, counting, steps_of(statement.approvals))
    return VerifiedStatement(
        id=statement_id,
        title=statement.title,
        status=statement.status_at(now_ms, stopped=auditor.stops(statement.type)),
        type=statement.type,
        in_question=statement.status == "approved" and not meets,
        sha256=statement.sha256,
        creator=VerifiedPerson(statement.creator, names[statement.creator]),
        drafted_at=events.drafted_at(statement_id),
        policy=policy_sentence(statement.policy, names),
        approvers=tuple(VerifiedPerson(user, names[user]) for user in statement.approvals),
        decisions=tuple(_decision(people, *each) for each in decisions),
    )


def _decision(
    people: dict[str, Person], position: int, at: str, body: StatementDecision
) -> VerifiedDecision:
    return VerifiedDecision(
        position=position,
        at=at,
        user=body.signer,
        name=people[body.signer].name,
        decision=_kind(body),
        kid=body.kid,
        form=body.form if isinstance(body, StatementSigned) else None,
        in_question=in_question(people[body.signer], recorded(body, at)),
        key_revoked=people[body.signer].keys[body.kid].revoked,
        re_enrolled_at=people[body.signer].re_enrolled_at,
    )


def _kind(body: StatementDecision) -> DecisionKind:
    match body:
        case StatementSigned():
            return "approval"
        case StatementRejected():
            return "rejection"
        case ApprovalRetracted():
            return "retraction"
        case StatementWithdrawn():
            return "withdrawal"
        case _:
            assert_never(body)
