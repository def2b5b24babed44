"""Commands on changes: draft one with its drafter's approval, in one commit with its effects."""

from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec

from ledger import clock
from ledger.commands.acts import signed_draft
from ledger.commands.reading import Reading
from ledger.commands.sign_counts import note_counts
from ledger.commands.standing import end_sessions_first
from ledger.commands.writer import Answer, Plan, Request, Writer
from ledger.domain import (
    charter,
    charter_values,
    decisions,
    drafting,
    governance,
    places,
    statement,
    versions,
)
from ledger.domain.approval import parse_approval
from ledger.domain.changes import effects
from ledger.domain.changes.items import (
    Item,
    is_change,
    is_drafted_alone,
    parse_content,
    parse_items,
)
from ledger.domain.changes.sources import Sources
from ledger.domain.charter import Charter
from ledger.domain.charter_values import CharterValues
from ledger.domain.deadlines import Basis, until_ms
from ledger.domain.decision_context import DecisionContext
from ledger.domain.document import parse_uuid
from ledger.domain.events import CharterSet, Effect, Event, StatementEffect, StatementSigned
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.policy import Node
from ledger.domain.receipts import CHANGE, joined
from ledger.domain.standing import can_act, require_standing
from ledger.domain.statement import Statement
from ledger.domain.unique_names import kid_name
from ledger.domain.vocabulary import RegistrationMode
from ledger.errors import ConflictError, MalformedError
from ledger.jose import CompactJws
from ledger.store.async_state import AsyncState


class DraftedChange(msgspec.Struct, frozen=True):
    """A change as its drafter sends it: the document, the draft act, the approval.

    A change of governance has no approval yet.
    """

    document: str
    act: str
    jws: str | None
    assertion: AssertionEvidence | None


class InForce(msgspec.Struct, frozen=True, rename="camel"):
    """The governance policy and the charter's values in force, with the digests for `was`."""

    policy: Node
    policy_sha256: str
    values: CharterValues
    values_sha256: str
    roles: list[str]


class Preview(msgspec.Struct, frozen=True):
    """What a change would do: its effects, and how many people besides its drafter it needs.

    `more` is None if the people who can act could not approve it. `registration` is who may
    register afterwards, None if that stays.
    """

    effects: tuple[Effect, ...]
    more: int | None
    registration: RegistrationMode | None


class ChangeCommands:
    """Commands on changes; `StatementCommands.sign` records every further approval."""

    def __init__(self, writer: Writer, state: AsyncState) -> None:
        self._writer = writer
        self._state = state

    async def make(
        self, change: DraftedChange, verified: Callable[[], None] = lambda: None
    ) -> Answer:
        """Record a change and its drafter's approval, and its effects if that completes it.

        `verified` is called as by `signed_draft`. Raises as that, `drafting.read` and `decide`,
        `decisions.sign` and `effects.of_approval` do; MalformedError `type_unknown` for a document
        that is no change, `change_without_approval`, `change_with_approval`; ConflictError
        `statement_known`.
        """
        raw = change.document.encode()
        jws = await signed_draft(self._writer, raw, change.act, verified)
        parsed = drafting.read(raw)
        if not is_change(parsed):
            raise MalformedError("type_unknown", "the document is no change")
        sent = drafting.SignedDocument(raw, parsed, jws)
        stream, kid = parse_uuid(parsed.statement_id), jws.header.kid
        items = parse_items(parsed)
        approval = _approval_of(change, items)

        def decide(reading: Reading) -> Plan:
            taken = reading.is_taken(stream)  # first, so that a repetition is answered
            decision = decision_context(reading, kid, change.assertion, None)
            drafted = drafting.decide(
                sent, decision.person, charter=reading.charter(), now_ms=reading.now_ms
            )
            if taken:
                raise ConflictError("statement_known", "this statement id is already taken")
            begun = Event(stream, 1, clock.to_text(reading.now_ms), drafted)
            subject = statement.evolve(None, begun)
            signed = None if approval is None else decisions.sign(subject, approval, decision)
            # Nothing impossible waits for approvals, so this is asked of every draft. The audit
            # asks it again, so what ends these effects ends the draft too.
            found = effects.decide(
                subject.id, items, sources(reading), now_ms=reading.now_ms, completes=False
            )
            answer: dict[str, object] = {
                "statementId": subject.id,
                "sha256": subject.sha256,
                "status": "pending" if signed is None else signed.status,
                "approvals": 0 if signed is None else 1,
            }
            bodies = (drafted,) if signed is None else (drafted, signed)
            ends = [
                until_ms(bodies, Basis(actor=decision.person, statement=subject)),
                _end_of(found, reading),
            ]
            plan = Plan(stream, None, statement.evolve, bodies, answer, _earliest(ends))
            return plan if signed is None else with_effects(plan, subject, signed, reading)

        evidence = joined(change.act, change.document, change.jws or "")
        await end_sessions_first(self._writer, self._state, items)
        needs = (stream, charter.STREAM)
        request = Request(CHANGE, evidence, stream, needs, (kid_name(kid),))
        answer = await self._writer.write(request, decide)
        self._state.look_up_anew()  # its effects may end what a session needs
        if not answer.repeated:
            await note_counts(self._state, self._writer.now_ms(), change.assertion)
        return answer

    async def preview(self, user: str, content: str) -> Preview:
        """Return what a change with this content would do if this person drafted it now.

        Raises as `parse_content`, `effects.decide` and `governance.require_place` do.
        """
        items = parse_content(content)

        def ask(reading: Reading) -> Preview:
            rules = reading.charter()
            drafter = rules.in_force(reading.person(UUID(user)))
            require_standing(drafter)
            governance.require_place(drafter, rules.governance)
            found = effects.decide(
                "", items, sources(reading), now_ms=reading.now_ms, completes=False
            )
            asked = reading.eligible(governance.policy_of(rules.governance, None))
            able = {
                each.user: asked[each.user]
                for each in reading.people([UUID(each) for each in asked])
                if can_act(each, now_ms=reading.now_ms, governance=True)
            }
            left = places.missing(rules.governance, {drafter.user: drafter.roles}, able)
            more = None if left is None else left.people
            return Preview(found, more, _new_registration(rules, found))

        return await self._writer.ask(ask, fresh=True)

    def registration(self, at_start: RegistrationMode) -> RegistrationMode:
        """Return who may register, as this process last saw it; at first as it was at the start."""
        known = self._writer.seen.state(charter.STREAM)
        return known.registration if isinstance(known, Charter) else at_start

    async def governance(self) -> InForce:
        """Return what a new change must state."""
        rules = await self._writer.ask(lambda reading: reading.charter(), fresh=True)
        return InForce(
            policy=rules.governance,
            policy_sha256=governance.policy_digest(rules.governance),
            values=rules.values,
            values_sha256=charter_values.digest(rules.values),
            roles=sorted(rules.roles),
        )


def _approval_of(change: DraftedChange, items: Sequence[Item]) -> CompactJws | None:
    """Return the drafter's approval, which every change has but one of governance.

    Raises MalformedError `change_without_approval`, `change_with_approval`, and as
    `parse_approval` does.
    """
    alone = is_drafted_alone(items)
    if alone and (change.jws is not None or change.assertion is not None):
        detail = "draft a change of governance alone: accept its policy, and approve it then"
        raise MalformedError("change_with_approval", detail)
    if not alone and change.jws is None:
        detail = "send the change with its drafter's approval: `jwt` and `assertion`"
        raise MalformedError("change_without_approval", detail)
    return None if change.jws is None else parse_approval(change.jws)


def _new_registration(rules: Charter, found: Sequence[Effect]) -> RegistrationMode | None:
    modes = [each.body.values.registration for each in found if isinstance(each.body, CharterSet)]
    return modes[-1] if modes and modes[-1] != rules.registration else None


def with_effects(plan: Plan, subject: Statement, signed: StatementSigned, reading: Reading) -> Plan:
    """Return the plan of an approval of a change, with its effects if it completes the change."""
    found = effects.of_approval(subject, signed, sources(reading), now_ms=reading.now_ms)
    ends = [plan.until_ms, _end_of(found, reading)]
    return msgspec.structs.replace(plan, effects=found, until_ms=_earliest(ends))


def with_end_of_earlier(plan: Plan, reading: Reading) -> Plan:
    """Return the plan of a statement, with the end of the one that it supersedes, if it is due."""
    if plan.before is not None and plan.before.supersedes is None:
        return plan  # most approvals
    event = Event(plan.stream, 1, clock.to_text(reading.now_ms), plan.bodies[-1])
    found = versions.effects(plan.before, statement.evolve(plan.before, event))
    ends = [plan.until_ms, _end_of(found, reading)]
    return msgspec.structs.replace(plan, effects=found, until_ms=_earliest(ends))


def _end_of(found: Sequence[Effect], reading: Reading) -> int | None:
    """Return when these effects stop being possible, None if they always are."""
    ends = []
    for stream, body in found:
        ended = reading.statement(stream) if isinstance(body, StatementEffect) else None
        ends.append(until_ms([body], Basis(statement=ended)))
    return _earliest(ends)


def _earliest(ends: Sequence[int | None]) -> int | None:
    return min((end for end in ends if end is not None), default=None)


def decision_context(
    reading: Reading,
    kid: str,
    assertion: AssertionEvidence | None,
    subject: Statement | None,
) -> DecisionContext:
    """Return what a decision depends on besides the statement.

    `subject` is the statement, None for one that is drafted with the decision.
    """
    founding = reading.charter()
    replaced = None if subject is None else subject.replaces
    return DecisionContext(
        person=reading.signer(kid),
        ledger=founding.ledger,
        party=founding.party,
        now_ms=reading.now_ms,
        charter_version=founding.version,
        assertion=assertion,
        deciders={} if subject is None else reading.deciders(subject.counts_on),
        roles=founding.signing_roles,
        earlier=None if replaced is None else reading.statement(replaced),
        floor=founding.values.floor,
        types=founding.types,
        losses=founding.losses,
    )


def sources(reading: Reading) -> Sources:
    """Return the states that decisions on governance read."""
    return Sources(
        reading.charter(), reading.people, reading.holders, reading.statement, reading.erasing
    )
