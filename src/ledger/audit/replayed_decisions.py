"""The decisions on replayed statements: who decided what, when and where, with which key."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from ledger.domain.counting import in_question, recorded
from ledger.domain.events import (
    ApprovalRetracted,
    ErasedEvent,
    Event,
    StatementDecision,
    StatementRejected,
    StatementSigned,
)
from ledger.domain.person import Person
from ledger.domain.vocabulary import DecisionKind, Form


class ReplayedDecision(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A decision as its event records it; `credential_id` is of the passkey that confirmed it."""

    position: int
    at: str
    decision: DecisionKind
    user: str
    roles: list[str]
    kid: str
    credential_id: str | None
    form: Form | None
    step: int | None
    reason: str | None
    in_question: bool


class DecisionsSoFar:
    """Collects the decisions on each statement, in the order of the log."""

    def __init__(self) -> None:
        self._made: dict[UUID, list[tuple[int, str, StatementDecision]]] = {}

    def take(self, position: int, event: Event | ErasedEvent) -> None:
        """Keep an event if it is a decision that is not erased."""
        if isinstance(event, Event) and isinstance(event.body, StatementDecision):
            self._made.setdefault(event.stream, []).append((position, event.at, event.body))

    def of(self, statement: UUID, people: Mapping[UUID, Person]) -> list[ReplayedDecision]:
        """Return the decisions on a statement, given everybody as they are now."""
        return [
            _decision(position, at, body, people[UUID(body.signer)])
            for position, at, body in self._made.get(statement, [])
        ]


def _decision(position: int, at: str, body: StatementDecision, person: Person) -> ReplayedDecision:
    known = recorded(body, at)
    return ReplayedDecision(
        position=position,
        at=at,
        decision=decision_kind(body),
        user=body.signer,
        roles=sorted(known.roles),
        kid=body.kid,
        credential_id=known.credential_id,
        form=body.form if isinstance(body, StatementSigned) else None,
        step=known.step,
        reason=None if isinstance(body, StatementSigned) else body.reason,
        in_question=in_question(person, known),
    )


def decision_kind(body: StatementDecision) -> DecisionKind:
    """Return what a decision is called."""
    if isinstance(body, StatementSigned):
        return "approval"
    if isinstance(body, StatementRejected):
        return "rejection"
    return "retraction" if isinstance(body, ApprovalRetracted) else "withdrawal"
