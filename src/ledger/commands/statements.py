"""Commands on statements: draft, sign, reject, retract, withdraw, use. No rule lives here."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar
from uuid import UUID

import msgspec

from ledger.commands.acts import signed_draft
from ledger.commands.changes import decision_context, with_effects, with_end_of_earlier
from ledger.commands.reading import Reading
from ledger.commands.sign_counts import note_counts
from ledger.commands.standing import end_sessions_first
from ledger.commands.writer import LARGE_BYTES, Answer, Decider, Plan, Request, Writer
from ledger.domain import charter, decisions, drafting, statement, uses
from ledger.domain.acts import parse_act
from ledger.domain.approval import parse_approval
from ledger.domain.changes.items import Item, is_change
from ledger.domain.deadlines import Basis, until_ms
from ledger.domain.decision_context import DecisionContext
from ledger.domain.document import parse_uuid
from ledger.domain.events import Body, StatementUse
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.readers import refuse
from ledger.domain.receipts import (
    DRAFT,
    OUTCOME,
    REJECT,
    RETRACT,
    SIGN,
    USE,
    WITHDRAW,
    joined,
    use_answer,
)
from ledger.domain.statement import Statement
from ledger.domain.statement_types import freshness_of
from ledger.domain.unique_names import kid_name
from ledger.domain.vocabulary import Status
from ledger.encoding import sha256_hex
from ledger.errors import ConflictError, MalformedError
from ledger.jose import parse_compact
from ledger.store.async_state import AsyncState

T = TypeVar("T")
DecideOnStatement = Callable[[Reading, DecisionContext, Statement], Plan]


async def off_loop(size: int, compute: Callable[..., T], *arguments: object) -> T:
    """Return what a pure function returns, run in a thread if what it reads is large."""
    if size > LARGE_BYTES:
        return await asyncio.to_thread(compute, *arguments)
    return compute(*arguments)


class StatementCommands:
    """All commands on statements."""

    def __init__(self, writer: Writer, state: AsyncState) -> None:
        self._writer = writer
        self._state = state

    async def draft(
        self, document: str, act: str, verified: Callable[[], None] = lambda: None
    ) -> Answer:
        """Record a statement for approval, as `drafting.decide` decides.

        `verified` is called as by `signed_draft`. Raises as that and `drafting.read` do;
        MalformedError `change_without_approval` for a change.
        """
        raw = document.encode()
        jws = await signed_draft(self._writer, raw, act, verified)
        parsed = await off_loop(len(raw), drafting.read, raw)
        if is_change(parsed):
            raise MalformedError(
                "change_without_approval", "send a change with its approval to /api/changes"
            )
        stream, kid = parse_uuid(parsed.statement_id), jws.header.kid
        sent = drafting.SignedDocument(raw, parsed, jws)

        def decide(reading: Reading) -> Plan:
            creator = reading.signer(kid)
            taken, eligible = reading.is_taken(stream), reading.eligible(parsed.policy)
            rules = reading.charter()
            body = drafting.decide(
                sent,
                creator,
                charter=rules,
                now_ms=reading.now_ms,
                find=reading.find_statement,
            )
            if taken:
                raise ConflictError("statement_known", "this statement id is already taken")
            met = drafting.satisfiable(parsed, eligible)
            answer: dict[str, object] = {
                "statementId": parsed.statement_id,
                "sha256": sha256_hex(raw),
                "status": "pending",
                "warnings": [] if met else ["policy_not_yet_satisfiable"],
            }
            fresh_ms = freshness_of(rules.types, parsed.type)
            end_ms = until_ms((body,), Basis(actor=creator, freshness_ms=fresh_ms))
            plan = Plan(stream, None, statement.evolve, (body,), answer, end_ms)
            return with_end_of_earlier(plan, reading)

        needs = (stream, charter.STREAM)
        request = Request(DRAFT, joined(act, document), stream, needs, (kid_name(kid),))
        return await self._writer.write(request, decide)

    async def sign(
        self, statement_id: str, jws: str, assertion: AssertionEvidence | None
    ) -> Answer:
        """Record an approval, as `decisions.sign` decides."""
        stream, approval = parse_uuid(statement_id), parse_approval(jws)

        def decide(reading: Reading, decision: DecisionContext, subject: Statement) -> Plan:
            body = decisions.sign(subject, approval, decision)
            approvals = len({*subject.approvals, body.signer})
            plan = _plan(subject, decision, body, body.status, approvals)
            if subject.items is None:
                return with_end_of_earlier(plan, reading)
            return with_effects(plan, subject, body, reading)

        known = self._writer.seen.state(stream)
        if not (isinstance(known, Statement) and known.items is None):
            items = await self._writer.ask(partial(_items_of, stream))
            await end_sessions_first(self._writer, self._state, items)
        answer = await self._decide(SIGN, stream, jws, approval.header.kid, assertion, decide)
        if answer.of_change:
            self._state.look_up_anew()  # its effects may end what a session needs
        return answer

    async def reject(
        self, statement_id: str, act: str, assertion: AssertionEvidence | None
    ) -> Answer:
        """Record a rejection, as `decisions.reject` decides."""
        stream = parse_uuid(statement_id)

        def decide(reading: Reading, decision: DecisionContext, subject: Statement) -> Plan:
            body = decisions.reject(subject, act, decision)
            approvals = len({*subject.approvals} - {body.signer})
            return _plan(subject, decision, body, body.status, approvals)

        return await self._decide(REJECT, stream, act, parse_act(act).header.kid, assertion, decide)

    async def retract(
        self, statement_id: str, act: str, assertion: AssertionEvidence | None
    ) -> Answer:
        """Record the retraction of an approval, as `decisions.retract` decides."""
        stream, kid = parse_uuid(statement_id), parse_act(act).header.kid

        def decide(reading: Reading, decision: DecisionContext, subject: Statement) -> Plan:
            body = decisions.retract(subject, act, decision)
            return _plan(subject, decision, body, "pending", len(subject.approvals) - 1)

        return await self._decide(RETRACT, stream, act, kid, assertion, decide)

    async def withdraw(self, statement_id: str, act: str) -> Answer:
        """Record a withdrawal, as `decisions.withdraw` decides."""
        stream = parse_uuid(statement_id)

        def decide(reading: Reading, decision: DecisionContext, subject: Statement) -> Plan:
            body = decisions.withdraw(subject, act, decision)
            return _plan(subject, decision, body, "withdrawn", len(subject.approvals))

        return await self._decide(WITHDRAW, stream, act, parse_act(act).header.kid, None, decide)

    async def use(self, statement_id: str, act: str) -> Answer:
        """Record a use, as `uses.use` decides; the same person and nonce get the first answer."""
        stream, jws = parse_uuid(statement_id), parse_act(act)
        kid = jws.header.kid

        def ask(reading: Reading) -> str:
            signer, subject = reading.signer(kid), reading.find_statement(stream)
            if subject is None:
                refuse(jws, uses.key_of(signer, jws).jwk)
            stated = uses.require_signed(subject, jws, signer)
            return joined(str(stream), signer.user, stated.nonce)

        def decide(reading: Reading, decision: DecisionContext, subject: Statement) -> Plan:
            deciders = reading.deciders(subject.approvals)
            decision = msgspec.structs.replace(decision, deciders=deciders)
            return _plan_use(subject, decision, uses.use(subject, act, decision))

        evidence = await self._writer.ask(ask)
        request = Request(USE, evidence, stream, (stream, charter.STREAM), (kid_name(kid),))
        return await self._writer.write(request, _decider(USE, stream, act, kid, None, decide))

    async def report(
        self, statement_id: str, act: str, assertion: AssertionEvidence | None
    ) -> Answer:
        """Record the outcome of a use, as `uses.report` decides."""
        stream, kid = parse_uuid(statement_id), parse_act(act).header.kid

        def decide(_: Reading, decision: DecisionContext, subject: Statement) -> Plan:
            return _plan_use(subject, decision, uses.report(subject, act, decision))

        return await self._decide(OUTCOME, stream, act, kid, assertion, decide)

    async def _decide(
        self,
        kind: str,
        stream: UUID,
        evidence: str,
        kid: str,
        assertion: AssertionEvidence | None,
        decide: DecideOnStatement,
    ) -> Answer:
        request = Request(
            kind,
            joined(str(stream), evidence),
            stream,
            (stream, charter.STREAM),
            (kid_name(kid),),
        )
        is_change = False

        def decide_and_note(
            reading: Reading, decision: DecisionContext, subject: Statement
        ) -> Plan:
            nonlocal is_change
            is_change = subject.items is not None
            return decide(reading, decision, subject)

        decider = _decider(kind, stream, evidence, kid, assertion, decide_and_note)
        answer = await self._writer.write(request, decider)
        if assertion is not None and not answer.repeated:
            await note_counts(self._state, self._writer.now_ms(), assertion)
        return msgspec.structs.replace(answer, of_change=True) if is_change else answer


def _items_of(stream: UUID, reading: Reading) -> tuple[Item, ...]:
    """Return the items of a change; none for another statement or an unknown one."""
    subject = reading.find_statement(stream)
    return () if subject is None else subject.items or ()


def _decider(
    kind: str,
    stream: UUID,
    evidence: str,
    kid: str,
    assertion: AssertionEvidence | None,
    decide: DecideOnStatement,
) -> Decider:
    """Return the decision on a statement that is read first; an unknown one is refused.

    `kind` is also that of the act, which a service account may sign or not.
    """

    def decide_now(reading: Reading) -> Plan:
        subject = reading.find_statement(stream)
        if subject is None:
            key = reading.signer(kid).active_key(kid, now_ms=reading.now_ms, act=kind)
            refuse(parse_compact(evidence), key.jwk)
        decision = decision_context(reading, kid, assertion, subject)
        return decide(reading, decision, subject)

    return decide_now


def _basis(decision: DecisionContext, subject: Statement) -> Basis:
    fresh_ms = decision.freshness_ms(subject)
    return Basis(actor=decision.person, statement=subject, freshness_ms=fresh_ms)


def _plan_use(subject: Statement, decision: DecisionContext, body: StatementUse) -> Plan:
    end_ms = until_ms((body,), _basis(decision, subject))
    answer = use_answer(subject.id, body)
    return Plan(parse_uuid(subject.id), subject, statement.evolve, (body,), answer, end_ms)


def _plan(
    subject: Statement, decision: DecisionContext, body: Body, status: Status, approvals: int
) -> Plan:
    answer: dict[str, object] = {
        "statementId": subject.id,
        "status": status,
        "approvals": approvals,
    }
    end_ms = until_ms((body,), _basis(decision, subject))
    return Plan(parse_uuid(subject.id), subject, statement.evolve, (body,), answer, end_ms)
