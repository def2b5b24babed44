"""What a report shows of a statement: its status, who approved, and each decision. Pure."""

from collections.abc import Iterable
from typing import assert_never
from uuid import UUID

from ledger.domain import versions
from ledger.domain.counting import counted, in_question, recorded, steps_of
from ledger.domain.epochs import precedes_loss
from ledger.domain.events import (
    ApprovalRetracted,
    StatementDecision,
    StatementRejected,
    StatementSigned,
    StatementUsed,
    StatementWithdrawn,
)
from ledger.domain.person import Person, settled
from ledger.domain.policy_words import policy_sentence
from ledger.domain.statement import Statement
from ledger.domain.vocabulary import DecisionKind
from ledger.verify.auditor import Auditor
from ledger.verify.event_checks import Events
from ledger.verify.report import VerifiedDecision, VerifiedPerson, VerifiedStatement, VerifiedUse


def shown_statements(
    auditor: Auditor, events: Events, statement_ids: Iterable[str], now_ms: int
) -> tuple[VerifiedStatement, ...]:
    """Return the statements of a bundle, given the auditor after all its events."""
    names = {str(user): person.name for user, person in auditor.people.items()}
    return tuple(_shown(auditor, events, each, names, now_ms) for each in statement_ids)


def _shown(
    auditor: Auditor, events: Events, statement_id: str, names: dict[str, str], now_ms: int
) -> VerifiedStatement:
    statement = auditor.statements[UUID(statement_id)]
    decisions = events.decisions(statement_id)
    signers = {body.signer: auditor.people[UUID(body.signer)] for _, _, body in decisions}
    losses = auditor.losses
    people = {user: settled(each, now_ms, losses) for user, each in signers.items()}
    counting = counted(statement.approvals, people)
    meets = versions.meets(statement, counting, steps_of(statement.approvals))
    named, draft = statement.supersedes, events.draft(statement_id)
    earlier = None if named is None else auditor.statements.get(UUID(named.statement))
    outrun = earlier if versions.is_outrun(statement, earlier) else None
    by = statement.superseded_by if outrun is None else outrun.superseded_by
    return VerifiedStatement(
        id=statement_id,
        title=statement.title,
        status="superseded"
        if outrun is not None
        else statement.status_at(now_ms, stopped=auditor.stops(statement)),
        type=statement.type,
        supersedes=None if named is None else named.statement,
        superseded_by=by,
        in_question=statement.status == "approved" and not meets,
        sha256=statement.sha256,
        creator=VerifiedPerson(statement.creator, names[statement.creator]),
        creator_account=events.account(draft.body),
        drafted_at=draft.at,
        policy=policy_sentence(statement.policy, names),
        approvers=tuple(VerifiedPerson(user, names[user]) for user in statement.approvals),
        decisions=tuple(_decision(people, *each) for each in decisions),
        usable=statement.usable,
        uses=tuple(
            _use(statement, names, *each, events.account(each[2]))
            for each in events.uses(statement_id)
        ),
        uses_void=statement.usable is not None and precedes_loss(statement.drafted_at, losses),
    )


def _use(  # the statement, the use, and who acted
    statement: Statement,
    names: dict[str, str],
    position: int,
    at: str,
    body: StatementUsed,
    account: str | None,
) -> VerifiedUse:
    found = statement.find_use(body.number, body.generation)
    return VerifiedUse(
        position=position,
        at=at,
        user=body.signer,
        name=names[body.signer],
        number=body.number,
        generation=body.generation,
        reference=body.reference,
        outcome=None if found is None else found.outcome,
        freed=found is not None and found.freed,
        account=account,
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
        standing=people[body.signer].standing,
        admitted_by=people[body.signer].admitted_by,
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
