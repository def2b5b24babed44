"""Commands on statements: draft, sign, reject, withdraw.

They load, decide and save; no rule lives here.

Decisions are pure, so that one over a large document can be made in a thread: the event loop loads
before it and commits after it, and answers others meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar
from uuid import UUID

from ledger.commands.writer import Answer, Decider, Plan, Reading, Writer
from ledger.domain import drafting, statement
from ledger.domain.acts import parse_act
from ledger.domain.approval import parse_approval
from ledger.domain.document import parse_document, parse_uuid
from ledger.domain.events import Body
from ledger.domain.passkey import AssertionEvidence, sign_count
from ledger.domain.receipts import DRAFT, REJECT, SIGN, WITHDRAW, joined
from ledger.domain.statement import DecisionContext, Statement
from ledger.domain.vocabulary import Status
from ledger.encoding import sha256_hex
from ledger.errors import ConflictError
from ledger.store.sqlite.sessions import OperationalState

LARGE_BYTES = 64 * 1024
T = TypeVar("T")


async def off_loop(size: int, decide: Callable[..., T], *arguments: object) -> T:
    """Return what a pure function returns, run in a thread if what it reads is large."""
    if size > LARGE_BYTES:
        return await asyncio.to_thread(decide, *arguments)
    return decide(*arguments)


class StatementCommands:
    """All commands on statements."""

    def __init__(self, writer: Writer, state: OperationalState) -> None:
        self._writer = writer
        self._state = state

    async def draft(self, document: str, act: str) -> Answer:
        """Record a statement for approval, as `drafting.draft` decides."""
        raw = document.encode()
        parsed = await off_loop(len(raw), parse_document, raw)
        stream = parse_uuid(parsed.statement_id)

        async def decide(reading: Reading) -> Plan:
            creator = reading.signer(parse_act(act).header.kid)
            ledger, now_ms = reading.charter().ledger, reading.now_ms
            decision = partial(drafting.draft, raw, act, creator, ledger=ledger, now_ms=now_ms)
            body, parsed = await off_loop(len(raw), decision)
            if parsed.supersedes is not None:
                reading.statement(parse_uuid(parsed.supersedes))
            if self._writer.log.store.stream(stream, limit=1):
                raise ConflictError("statement_known", "this statement id is already taken")
            met = drafting.satisfiable(parsed, reading.eligible(parsed.policy))
            # The warning only informs. A change of the number of people must not make the draft
            # stale.
            reading.counts.clear()
            answer: dict[str, object] = {
                "statementId": parsed.statement_id,
                "sha256": sha256_hex(raw),
                "status": "pending",
                "warnings": [] if met else ["policy_not_yet_satisfiable"],
            }
            return Plan(stream, None, statement.evolve, (body,), answer)

        return await self._writer.write(DRAFT, joined(act, document), stream, decide)

    async def sign(
        self, statement_id: str, jws: str, assertion: AssertionEvidence | None
    ) -> Answer:
        """Record an approval, as `statement.sign` decides."""
        stream, approval = parse_uuid(statement_id), parse_approval(jws)

        def prepare(reading: Reading) -> tuple[Statement, DecisionContext]:
            return reading.statement(stream), self._decision(
                reading, approval.header.kid, assertion
            )

        def plan(subject: Statement, decision: DecisionContext) -> Plan:
            body = statement.sign(subject, approval, decision)
            return _plan(stream, subject, body, body.status, len(subject.approvals) + 1)

        def decide(reading: Reading) -> Plan | Awaitable[Plan]:
            if len(jws) > LARGE_BYTES:
                return asyncio.to_thread(plan, *prepare(reading))
            return plan(*prepare(reading))

        return await self._write(SIGN, stream, jws, decide, assertion)

    async def reject(
        self, statement_id: str, act: str, assertion: AssertionEvidence | None
    ) -> Answer:
        """Record a rejection, as `statement.reject` decides."""
        stream = parse_uuid(statement_id)

        def decide(reading: Reading) -> Plan:
            subject = reading.statement(stream)
            decision = self._decision(reading, parse_act(act).header.kid, assertion)
            people = reading.eligible(subject.policy)
            body = statement.reject(subject, act, decision, people)
            return _plan(stream, subject, body, body.status, len(subject.approvals))

        return await self._write(REJECT, stream, act, decide, assertion)

    async def withdraw(self, statement_id: str, act: str) -> Answer:
        """Record a withdrawal, as `statement.withdraw` decides."""
        stream = parse_uuid(statement_id)

        def decide(reading: Reading) -> Plan:
            subject = reading.statement(stream)
            decision = self._decision(reading, parse_act(act).header.kid, None)
            body = statement.withdraw(subject, act, decision)
            return _plan(stream, subject, body, "withdrawn", len(subject.approvals))

        return await self._write(WITHDRAW, stream, act, decide, None)

    async def _write(
        self,
        kind: str,
        stream: UUID,
        evidence: str,
        decide: Decider,
        assertion: AssertionEvidence | None,
    ) -> Answer:
        answer = await self._writer.write(kind, joined(str(stream), evidence), stream, decide)
        if assertion is not None and not answer.repeated:
            self._state.advance_sign_count(assertion.credential_id, sign_count(assertion))
        return answer

    def _decision(
        self, reading: Reading, kid: str, assertion: AssertionEvidence | None
    ) -> DecisionContext:
        if assertion is not None:
            # The log knows only the sign counts in its events. A sign-in may have had a higher one.
            self._state.require_growth(assertion.credential_id, sign_count(assertion))
        charter = reading.charter()
        return DecisionContext(
            person=reading.signer(kid),
            ledger=charter.ledger,
            party=charter.party,
            now_ms=reading.now_ms,
            assertion=assertion,
        )


def _plan(stream: UUID, subject: Statement, body: Body, status: Status, approvals: int) -> Plan:
    answer: dict[str, object] = {
        "statementId": subject.id,
        "status": status,
        "approvals": approvals,
    }
    return Plan(stream, subject, statement.evolve, (body,), answer)
