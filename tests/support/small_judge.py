"""Judge the steps of the small world in plain terms: none of the ledger's code decides here."""

from collections.abc import Iterable

import pytest

from ledger.domain import charter_values
from ledger.domain.changes.items import GrantRole, SetGovernance
from ledger.domain.events import RoleDefined, RoleEnded
from ledger.domain.governance import policy_digest
from ledger.domain.invitations import Invitation
from ledger.domain.person import Person
from ledger.domain.policy import Node
from tests.support.small_world import Move, State, Step, explore, live, signer


def faults(before: State, step: Step) -> list[str]:
    """Return what a step breaks."""
    return [
        *_of_the_actor(before, step),
        *_of_effects(before, step),
        *_of_returns(before, step),
        *_of_arrivals(before, step),
        *_of_the_state(step.after),
    ]


def _of_the_actor(before: State, step: Step) -> Iterable[str]:
    if step.actor is None:
        return
    actor = before.people[step.actor]
    if actor.standing != "active" and step.decides:
        yield "somebody suspended or deactivated decides"
    if step.kid not in live(actor):
        yield "an ended key decides"
    if step.must_confirm and step.credential_id not in live(actor):
        yield "no live passkey confirms"
    if step.approves and not _accepted(before, actor):
        yield "somebody approves who has not accepted governance"
    asked_for = {policy_digest(before.charter.governance), *_pending(before)}
    if step.after.people[step.actor].accepted.keys() - actor.accepted.keys() - asked_for:
        yield "somebody accepts a policy that nobody asks for"
    if step.suspended is not None and _governs(before, before.people[step.suspended]):
        yield "one person suspends somebody who governs"
    if step.cancelled not in (None, step.actor) and not _governs(before, actor):
        yield "somebody without a place cancels for another person"


def _of_effects(before: State, step: Step) -> Iterable[str]:
    rules = before.charter
    if not step.effects:
        if step.after.charter != rules:
            yield "the rules change without a change"
        return
    assert step.change is not None
    decided = step.change.approvals
    filling = [user for user, each in decided.items() if _asked(rules.governance, user, each.roles)]
    if len(filling) < rules.governance.threshold:
        yield "a change takes effect with fewer people than governance asks for"
    yield from _of_places(before, step)
    gone = {each.user for each in before.people if each.standing == "deactivated"}
    for stream, body in step.effects:
        if str(stream) in gone:
            yield "a deactivated person is changed"
        if isinstance(body, RoleDefined) and body.role in rules.closed:
            yield "a closed role is used again"
        if isinstance(body, RoleEnded) and any(
            body.role in held
            for each in step.after.people
            if each.user == str(stream)
            for held in each.accepted.values()
        ):
            yield "an acceptance outlives its role"
    for item in step.change.items or ():
        replaced: str | None = getattr(item, "was", None)
        current = {policy_digest(rules.governance), charter_values.digest(rules.values)}
        if replaced is not None and replaced not in current:
            yield "a change replaces a value that its approvers did not see"


def _of_places(before: State, step: Step) -> Iterable[str]:
    """Say whether somebody got a place of governance by two or more whom nobody compared."""
    after = step.after
    if after.charter.governance.threshold < 2:
        return
    items = (step.change.items if step.change else None) or ()
    compared = {each.user for each in items if isinstance(each, GrantRole) and each.cose}
    for each in items:
        if isinstance(each, SetGovernance):
            compared |= {governor.user for governor in each.people or ()}
    is_new = after.charter.governance != before.charter.governance
    for was, now in zip(before.people, after.people, strict=True):
        governs = _governs(after, now) and now.standing != "deactivated"
        if governs and (is_new or not _governs(before, was)) and now.user not in compared:
            yield "somebody governs whom nobody compared"


def _of_returns(before: State, step: Step) -> Iterable[str]:
    """Say what is wrong with how somebody comes back, by a third device that ends the others."""
    after = step.after
    # Somebody new comes last, and has nothing from before.
    for who, (was, now) in enumerate(zip(before.people, after.people, strict=False)):
        devices = [signer(who, number) for number in (0, 1)]
        older = {each.passkey.id for each in devices} | {each.key.kid for each in devices}
        new = signer(who, 2).passkey
        if step.redeemed == who and live(now) != live(was):
            yield "a link changes at once what somebody has"
        if step.redeemed == who and was.standing == "deactivated":
            yield "somebody deactivated comes back"
        lifted = was.standing == "suspended" and now.standing == "active" and not step.effects
        if lifted and was.user not in before.let_back:
            yield "somebody comes back who was suspended after a change let them"
        if new.id not in live(now):
            continue
        if live(now) & older:
            yield "an older device acts beside the one that replaced it"
        seen = new.cose_sha256 in after.admitted
        if after.charter.governance.threshold >= 2 and _governs(after, now) and not seen:
            yield "somebody governs with a passkey that nobody compared"


def _of_arrivals(before: State, step: Step) -> Iterable[str]:
    """Say what is wrong with how somebody new comes, by a link whose sender knows its secret."""
    if step.invited is None:
        return
    newcomer = step.after.people[-1]
    if before.charter.governance.threshold >= 2 and _governs(before, newcomer):
        yield "somebody governs whom nobody compared"
    if step.invited in before.before_raise and newcomer.roles:
        yield "an invitation from before a raise gives a role"
    if _governs(before, newcomer) and not _accepted(before, newcomer):
        yield "somebody comes with a place in governance that they have not accepted"
    if any(each.id == step.invited and each.cancelled for each in _invitations(before)):
        yield "a cancelled invitation lets somebody in"


def _invitations(state: State) -> Iterable[Invitation]:
    return state.charter.invitations.values()


def _of_the_state(after: State) -> Iterable[str]:
    rules = after.charter.governance
    able = [each for each in after.people if _accepted(after, each) and _can_act(each)]
    if len(able) < rules.threshold:
        yield "nobody can approve a change any more"
    if {f"role:{role}" for role in after.charter.closed} & set(rules.of):
        yield "no change can state the policy any more"
    if {"role:creator", "role:investor", "role:auditor"} & set(rules.of):
        yield "people can choose to govern"
    for change in after.changes:
        ends = change.policy.expires_at
        if ends is None:
            yield "a change waits for ever"


def _asked(rules: Node, user: str, roles: Iterable[str]) -> bool:
    return f"user:{user}" in rules.of or any(f"role:{role}" in rules.of for role in roles)


def _governs(state: State, who: Person) -> bool:
    return _asked(state.charter.governance, who.user, who.roles - state.charter.closed)


def _accepted(state: State, who: Person) -> bool:
    """Tell whether a person governs by a role that they hold since they accepted the policy."""
    held = who.accepted.get(policy_digest(state.charter.governance))
    open_ = who.roles - state.charter.closed
    return held is not None and _asked(state.charter.governance, who.user, held & open_)


def _pending(state: State) -> Iterable[str]:
    for change in state.changes:
        for item in change.items or ():
            if isinstance(item, SetGovernance):
                yield policy_digest(item.policy)


def _can_act(who: Person) -> bool:
    return who.standing == "active" and bool(live(who) & who.passkeys.keys())


def broken(first: State, *moves: Move, states: int, depth: int = 8) -> list[str]:
    """Return the first trace that breaks something, with what it breaks; nothing if none does."""
    for before, step, trace in explore(first, moves, depth=depth, states=states):
        if found := faults(before, step):
            return [*trace, *found]
    return []


# Where a rule is removed: the first state, the moves, what is patched, and the fault that follows.
Removed = tuple[State, list[Move], list[tuple[str, object]], str]


def require_trace(rule: Removed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Require that the rule's moves break nothing, and without the rule break the fault."""
    first, moves, patches, fault = rule
    assert broken(first, *moves, states=500) == []
    for place, other in patches:
        monkeypatch.setattr(place, other)
    trace = broken(first, *moves, states=500)
    assert fault in trace, trace
