"""Given a statement and its decisions, when a person decides, then an event or an error.

Each step decides and, unless refused, folds its event. The state is never set directly.
"""

import hashlib
from typing import Any
from uuid import UUID, uuid4

from ledger.domain import decisions, drafting, statement, uses, versions
from ledger.domain.approval import parse_approval
from ledger.domain.decision_context import DecisionContext
from ledger.domain.events import (
    ApprovalRetracted,
    Body,
    Event,
    OutcomeReported,
    StatementRejected,
    StatementSigned,
    StatementUsed,
    StatementWithdrawn,
)
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.person import Person
from ledger.domain.statement import Statement
from tests.support.keys import es256_key
from tests.support.signers import CHARTER, LEDGER, NOW_MS, PARTY, Signer
from tests.support.versions import copied

ALICE = Signer(1, "creator")
BOB = Signer(2, "investor")
CAROL = Signer(3, "investor", key=es256_key(3))
DAVE = Signer(4, "administrator")
ERIN = Signer(5, "auditor")
EVERYBODY = (ALICE, BOB, CAROL, DAVE, ERIN)


def user(signer: Signer) -> str:
    """Return the policy member that names this person."""
    return f"user:{signer.user}"


class Scene:
    """One statement drafted by Alice, and the people who may decide on it."""

    def __init__(
        self,
        policy: dict[str, Any] | None = None,
        *,
        earlier: "Scene | None" = None,
        **members: Any,
    ) -> None:
        self.earlier = earlier
        if earlier is not None:
            members = {"supersedes": earlier.copied(), "statementId": str(uuid4())} | members
        self.raw = ALICE.document(**({"policy": policy} if policy else {}) | members)
        self.sha256 = hashlib.sha256(self.raw).hexdigest()
        drafted, document = drafting.draft(
            self.raw,
            ALICE.draft_act(self.raw),
            ALICE.person,
            charter=CHARTER,
            now_ms=NOW_MS,
            find=self._find,
        )
        self.stream = UUID(document.statement_id)
        self.statement: Statement = statement.evolve(None, self.event(1, drafted))
        self._end_earlier(None)
        self.people = {each.user: each.roles for each in EVERYBODY}
        self.known = {each.user: each.person for each in EVERYBODY}

    def copied(self) -> dict[str, Any]:
        """Return what the document of a new version says of this statement."""
        return copied(self.raw)

    def _find(self, stream: UUID) -> Statement | None:
        found = self.earlier
        return found.statement if found is not None and found.stream == stream else None

    def _end_earlier(self, before: Statement | None) -> None:
        for effect in versions.effects(before, self.statement):
            assert self.earlier is not None
            self.earlier.fold(effect.body)

    def event(self, version: int, body: Body) -> Event:
        return Event(stream=self.stream, version=version, at="2026-11-21T03:04:05.678Z", body=body)

    def fold(self, body: Body) -> None:
        before = self.statement
        self.statement = statement.evolve(before, self.event(before.version + 1, body))
        self._end_earlier(before)

    @property
    def status(self) -> str:
        return self.statement.status

    def iat(self, who: Signer) -> int:
        """Return a signed time after this person's last decision, as the page chooses it."""
        return max(who.time.ms // 1000, self.statement.decided.get(who.user, 0) + 1)

    def about(self, who: Signer) -> dict[str, Any]:
        statement = {"statementId": str(self.stream), "sha256": self.sha256}
        return statement | {"iat": self.iat(who)}

    def decision(
        self, person: Person, now_ms: int, assertion: AssertionEvidence | None
    ) -> DecisionContext:
        earlier = None if self.earlier is None else self.earlier.statement
        return DecisionContext(
            person, LEDGER, PARTY, now_ms, 1, assertion, self.known, earlier=earlier
        )

    # --- steps -----------------------------------------------------------------------------------

    def sign(
        self,
        who: Signer,
        jws: str | None = None,
        *,
        person: Person | None = None,
        assertion: AssertionEvidence | None = None,
        now_ms: int = NOW_MS,
    ) -> StatementSigned:
        approval = parse_approval(jws or who.shared(self.raw, iat=self.iat(who)))
        decision = self.decision(person or who.person, now_ms, assertion)
        body = decisions.sign(self.statement, approval, decision)
        self.fold(body)
        return body

    def rejection(self, who: Signer, **members: Any) -> str:
        return who.act("reject", **(self.about(who) | {"reason": "Too little."} | members))

    def reject(
        self,
        who: Signer,
        act: str | None = None,
        *,
        person: Person | None = None,
        assertion: AssertionEvidence | None = None,
        now_ms: int = NOW_MS,
    ) -> StatementRejected:
        decision = self.decision(person or who.person, now_ms, assertion)
        act = act or self.rejection(who)
        body = decisions.reject(self.statement, act, decision)
        self.fold(body)
        return body

    def retraction(self, who: Signer, **members: Any) -> str:
        return who.act("retract", **(self.about(who) | members))

    def retract(
        self,
        who: Signer,
        act: str | None = None,
        *,
        person: Person | None = None,
        assertion: AssertionEvidence | None = None,
        now_ms: int = NOW_MS,
    ) -> ApprovalRetracted:
        decision = self.decision(person or who.person, now_ms, assertion)
        body = decisions.retract(self.statement, act or self.retraction(who), decision)
        self.fold(body)
        return body

    def withdrawal(self, who: Signer, **members: Any) -> str:
        return who.act("withdraw", **(self.about(who) | members))

    def withdraw(
        self,
        who: Signer,
        act: str | None = None,
        *,
        person: Person | None = None,
        now_ms: int = NOW_MS,
    ) -> StatementWithdrawn:
        decision = self.decision(person or who.person, now_ms, None)
        body = decisions.withdraw(self.statement, act or self.withdrawal(who), decision)
        self.fold(body)
        return body

    def usage(self, who: Signer, nonce: str = "n" * 22, **members: Any) -> str:
        return who.act("use", **(self.about(who) | {"nonce": nonce} | members))

    def use(
        self,
        who: Signer,
        act: str | None = None,
        *,
        nonce: str = "n" * 22,
        person: Person | None = None,
        now_ms: int = NOW_MS,
    ) -> StatementUsed:
        decision = self.decision(person or who.person, now_ms, None)
        body = uses.use(self.statement, act or self.usage(who, nonce), decision)
        self.fold(body)
        return body

    def outcome(self, who: Signer, outcome: str, place: tuple[int, int], **members: Any) -> str:
        about = {"number": place[0], "generation": place[1], "outcome": outcome}
        return who.act("outcome", **(self.about(who) | about | members))

    def report(
        self,
        who: Signer,
        outcome: str = "done",
        place: tuple[int, int] = (1, 1),
        act: str | None = None,
        *,
        person: Person | None = None,
        confirmed: bool = False,
        now_ms: int = NOW_MS,
    ) -> OutcomeReported:
        act = act or self.outcome(who, outcome, place)
        shown = who.confirm(act) if confirmed else None
        decision = self.decision(person or who.person, now_ms, shown)
        body = uses.report(self.statement, act, decision)
        self.fold(body)
        return body
