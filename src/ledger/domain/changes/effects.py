"""The effects of a change: which events its items bring about, in order, all of them or none. Pure.

They are decided when a change is drafted, so that nothing impossible waits for approvals, and once
more when an approval completes it: the state may have changed meanwhile. The audit and the
verifiers recompute them and expect exactly these events.
"""

from collections.abc import Sequence
from uuid import UUID

from ledger import clock
from ledger.domain import (
    charter,
    erasure,
    governance,
    held_passkeys,
    holds,
    person,
    policy,
    statement,
)
from ledger.domain.changes import ledger_effects, person_effects, type_effects
from ledger.domain.changes.evidence_items import (
    EraseName,
    EraseStatement,
    Hold,
    WithdrawStatement,
)
from ledger.domain.changes.governable import require_governable
from ledger.domain.changes.items import (
    HoldItem,
    Item,
    LedgerItem,
    PersonItem,
    SetGovernance,
    StatementItem,
)
from ledger.domain.changes.ledger_effects import require_current
from ledger.domain.changes.person_effects import require_effect
from ledger.domain.changes.sources import Sources
from ledger.domain.charter import STREAM
from ledger.domain.events import (
    Effect,
    EffectBody,
    Event,
    GovernanceSet,
    LedgerEffect,
    PersonEffect,
    StatementSigned,
    StatementWithdrawnByChange,
)
from ledger.domain.person import Person
from ledger.domain.statement import Statement
from ledger.domain.vocabulary import Status
from ledger.errors import ConflictError


def affected(items: Sequence[Item]) -> frozenset[UUID]:
    """Return the streams that the effects of these items depend on: of people and statements."""
    named = [UUID(item.statement) for item in items if isinstance(item, StatementItem)]
    return _people_of(items).union(named)


def _people_of(items: Sequence[Item]) -> frozenset[UUID]:
    found: set[UUID] = set()
    for item in items:
        if isinstance(item, PersonItem):
            found.add(UUID(item.user))
        elif isinstance(item, EraseName):
            found.add(UUID(item.name))
        elif isinstance(item, SetGovernance):
            found.update(policy.people_named(item.policy))
            found.update(UUID(each.user) for each in item.people or ())
    return frozenset(found)


def of_approval(
    change: Statement, signed: StatementSigned, sources: Sources, *, now_ms: int
) -> tuple[Effect, ...]:
    """Return the effects of an approval, which `decisions.sign` accepted; none for most approvals.

    Raises ConflictError `governance_changed`, ForbiddenError `governance_not_accepted`, and as
    `decide` does if the approval completes the change.
    """
    if change.items is None or change.status != "pending":
        return ()
    rules = sources.charter
    governance.require_in_force(change.policy, rules.governance)
    (signer,) = sources.people([UUID(signed.signer)])
    governance.require_accepted(rules.in_force(signer), rules.governance)
    if signed.status != "approved":
        return ()
    return decide(change.id, change.items, sources, now_ms=now_ms, completes=True)


def decide(
    change: str, items: Sequence[Item], sources: Sources, *, now_ms: int, completes: bool
) -> tuple[Effect, ...]:
    """Return the events that these items bring about, each decided after the ones before it.

    An approval `completes` the change: then only people who accepted governance count in it. Raises
    ConflictError `change_no_effect`, `change_outdated`, `role_known`, `role_looks_alike`,
    `role_unknown`, `invitation_known`, `invitation_expired`, `governance_invalid`,
    `governance_unmeetable`, `below_floor`, `role_governs`, `people_incomplete`,
    `creator_not_gone`, `statement_<status>`, `statement_erased`, `not_erasable`, `on_hold`;
    NotFoundError `user_unknown`, `statement_unknown`; and as `person_effects.decide` and
    `type_effects.of_item`.
    """
    world = _World(change, sources, now_ms)
    sources.people(sorted(_people_of(items)))  # one load brings all of them
    for item in items:
        world.apply(item)
    world.require_governable(completes=completes)
    return tuple(world.effects)


class _World:
    """The states while the items of one change are applied."""

    def __init__(self, change: str, sources: Sources, now_ms: int) -> None:
        self._change = change
        self._sources = sources
        self._now_ms = now_ms
        self._charter = sources.charter
        self._people: dict[UUID, Person] = {}
        self._statements: dict[UUID, Statement] = {}
        # The people whom the last policy for two or more people states, None without one.
        self._governors: frozenset[str] | None = None
        self.effects: list[Effect] = []

    def apply(self, item: Item) -> None:
        if isinstance(item, PersonItem):
            self._apply_to_person(item)
        elif isinstance(item, WithdrawStatement):
            self._withdraw(UUID(item.statement))
        elif isinstance(item, EraseStatement):
            self._erase(UUID(item.statement), item.status)
        elif isinstance(item, EraseName):
            self._erase_name(UUID(item.name))
        elif isinstance(item, HoldItem):
            self._hold(item)
        else:
            self._apply_to_ledger(item)

    # --- the ledger ------------------------------------------------------------------------------

    def _apply_to_ledger(self, item: LedgerItem) -> None:
        if isinstance(item, SetGovernance):
            self._set_governance(item)
            return
        found = ledger_effects.decide(self._change, item, self._charter, now_ms=self._now_ms)
        self._rule(found)

    def _hold(self, item: HoldItem) -> None:
        if not isinstance(item, Hold):
            self._rule(holds.release(self._change, item, self._charter))
            return
        kind, held = item.subject
        subject: Statement | Person | None = None
        if self._sources.holders is None:
            pass  # evidence of some streams may leave it out
        elif kind == "statement":
            subject = self._statements.get(UUID(held)) or self._sources.statement(UUID(held))
        else:
            (subject,) = self._all_people([UUID(held)])
        self._rule(holds.place(self._change, item, self._charter, subject))

    def _set_governance(self, item: SetGovernance) -> None:
        require_current(item.was, governance.policy_digest(self._charter.governance))
        require_effect(item.policy != self._charter.governance, "it is the policy already")
        governance.require_valid(item.policy, self._charter.roles)
        self._all_people(policy.people_named(item.policy))  # each of them is somebody
        for each in item.people or ():
            held_passkeys.require_live(self._person(each.user), each.cose, now_ms=self._now_ms)
        if item.people is not None:
            self._governors = frozenset(each.user for each in item.people)
        self._rule(GovernanceSet(self._change, item.policy))

    def _rule(self, body: LedgerEffect) -> None:
        event = self._next(STREAM, self._charter.version, body)
        self._charter = charter.evolve(self._charter, event)

    # --- people ----------------------------------------------------------------------------------

    def _apply_to_person(self, item: PersonItem) -> None:
        known = self._person(item.user)
        body = person_effects.decide(self._change, known, item, self._charter, now_ms=self._now_ms)
        self._change_person(known, body)

    def _erase_name(self, user: UUID) -> None:
        (known,) = self._all_people([user])
        holds.require_free(self._charter, "name", str(user))
        found = self._sources.erasing(user)
        self._change_person(known, erasure.of_name(self._change, known, found))

    def _person(self, user: str) -> Person:
        """Return a person whom an item is about: anybody but a deactivated one."""
        (found,) = self._all_people([UUID(user)])
        require_effect(found.standing != "deactivated", "they are deactivated")
        return found

    def _all_people(self, users: Sequence[UUID]) -> list[Person]:
        known = dict(zip(users, self._sources.people(users), strict=True)) | self._people
        return [known[user] for user in users]

    def _change_person(self, known: Person, body: PersonEffect) -> None:
        stream = UUID(known.user)
        self._people[stream] = person.evolve(known, self._next(stream, known.version, body))

    def _next(self, stream: UUID, version: int, body: EffectBody) -> Event:
        self.effects.append(Effect(stream, body))
        return Event(stream=stream, version=version + 1, at=clock.to_text(self._now_ms), body=body)

    # --- statements ------------------------------------------------------------------------------

    def _withdraw(self, stream: UUID) -> None:
        subject = self._statements.get(stream) or self._sources.statement(stream)
        effect = StatementWithdrawnByChange(self._change)
        if subject.is_erased and subject.erased_by is None:
            # Erased later in the log: the effect is accepted as the log states it.
            self._next(stream, subject.version, effect)
            return
        ended = self._charter.stops(subject.type, subject.drafted_at)
        statement.require_status(subject, self._now_ms, "pending", stopped=ended)
        (creator,) = self._all_people([UUID(subject.creator)])
        if creator.standing != "deactivated":
            raise ConflictError("creator_not_gone", "only its creator withdraws this statement")
        event = self._next(stream, subject.version, effect)
        self._statements[stream] = statement.evolve(subject, event)

    def _erase(self, stream: UUID, status: Status) -> None:
        subject = self._statements.get(stream) or self._sources.statement(stream)
        found = self._sources.erasing(stream)
        holds.require_free(self._charter, "statement", str(stream))
        if stream in self._statements:
            raise erasure.not_erasable("another item of this change is about the statement")
        effect = erasure.of_statement(
            self._change, subject, found, self._charter, now_ms=self._now_ms
        )
        if not (self._sources.is_late and erasure.may_be_after(status, effect.status)):
            require_current(status, effect.status)
        event = self._next(stream, subject.version, effect)
        self._statements[stream] = statement.evolve(subject, event)

    # --- governance ------------------------------------------------------------------------------

    def require_governable(self, *, completes: bool) -> None:
        """Require what `governable.require_governable` does of the people after the change.

        A role that the policy names stays open, or no later change could state the policy. Evidence
        that leaves out people leaves what concerns them to evidence of the whole log.
        """
        rules = self._charter.governance
        governance.require_open(rules, self._charter.closed)
        type_effects.require_above_floor(self._charter)
        asked = self._sources.governors(rules)
        if asked is None:
            return
        people = self._all_people(sorted(asked.union(self._people)))
        require_governable(
            self._charter, people, self._governors, now_ms=self._now_ms, completes=completes
        )
