"""What a person can do with a statement, and what the action would change.

The server decides again when the signature arrives. This module only spares people a refusal and
tells them the effect in advance.
"""

from collections.abc import Set

import msgspec

from ledger.domain import places, policy
from ledger.domain.places import NO_STEPS
from ledger.domain.vocabulary import AUDITOR
from ledger.pages.policy_texts import listed
from ledger.pages.texts import text
from projections.outlook import Decided, for_own, refusals
from projections.statements import Decision, Progress, StatementDetail
from projections.users import User


class OpenActions(msgspec.Struct, frozen=True):
    """The actions open to a person, and their effects in words."""

    can_approve: bool = False
    can_reject: bool = False
    can_retract: bool = False
    can_withdraw: bool = False
    approved: Decision | None = None
    rejected: Decision | None = None
    why_not: str = ""
    approval_effect: str = ""
    rejection_effect: str = ""


def standing(
    statement: StatementDetail,
    rules: policy.Policy,
    me: User,
    *,
    awaits: bool = False,
    below: bool = False,
) -> OpenActions:
    """Return what `me` can do with the statement in its current state.

    `awaits` tells whether it is a change, and `me` has not accepted the governance policy; `below`
    whether its policy is below the floor, so that nobody can approve it.
    """
    mine = _last(statement).get(me.id)
    approved = mine if mine is not None and mine.decision == "approval" else None
    rejected = mine if mine is not None and mine.decision == "rejection" else None
    roles = frozenset(me.roles)
    creator = statement.creator.id
    signs = not roles <= {AUDITOR}
    eligible = signs and any(
        policy.may_approve(each, me.id, roles, creator=creator)
        for each in _policies(statement, rules)
    )
    pending = statement.status == "pending"
    vetoes = signs and policy.may_veto(rules, me.id, roles)
    refused = (
        _refusal(statement, rules, me) if eligible and not _helps_replaced(statement, me) else None
    )
    takes = eligible and approved is None and refused is None
    open_for_approval = statement.status in ("pending", "approved")
    can_approve = takes and not awaits and open_for_approval and not below
    can_reject = pending and (eligible or vetoes) and mine is None
    return OpenActions(
        can_approve=can_approve,
        can_reject=can_reject,
        can_retract=pending and approved is not None,
        can_withdraw=pending and me.id == creator,
        approved=approved,
        rejected=rejected,
        why_not=text("standing.accept-first")
        if pending and takes and awaits
        else _why_not_now(statement, refused)
        if eligible or vetoes
        else _why_not(rules, me, creator),
        approval_effect=_approval_effect(statement, me) if can_approve else "",
        rejection_effect=_rejection_effect(statement, rules, me) if can_reject else "",
    )


def _policies(statement: StatementDetail, rules: policy.Policy) -> list[policy.Policy]:
    """Return the statement's policy, and what the one that it replaces asks."""
    replaced = statement.replaced
    return [rules, *([] if replaced is None else [msgspec.convert(replaced, policy.Policy)])]


def _helps_replaced(statement: StatementDetail, me: User) -> bool:
    found = statement.replaced_progress
    return found is not None and _helps(found, me)


def _why_not(rules: policy.Policy, me: User, creator: str) -> str:
    if me.id == creator and not rules.creator_may_sign:
        return text("standing.creator")
    roles = listed(list(me.roles))
    return text("standing.not-asked", roles=roles)


def _last(statement: StatementDetail) -> dict[str, Decision]:
    """Return each person's last approval or rejection, if it counts."""
    last = {d.person.id: d for d in statement.decisions if d.decision != "withdrawal"}
    return {user: d for user, d in last.items() if d.decision != "retraction" and not d.in_question}


def _decided(statement: StatementDetail) -> Decided:
    """Return who approved and who rejected, each by the last decision."""
    last = _last(statement)
    approved = {user: d for user, d in last.items() if d.decision == "approval"}
    return Decided(
        {user: frozenset(d.roles) for user, d in approved.items()},
        {user: frozenset(d.roles) for user, d in last.items() if d.decision == "rejection"},
        {user: d.step for user, d in approved.items() if d.step is not None},
    )


def _refusal(statement: StatementDetail, rules: policy.Policy, me: User) -> str | None:
    """Return the code for which the open step would refuse my approval."""
    if not rules.ordered:
        return None
    found = refusals(rules, statement.creator.id, _decided(statement))
    return found.of(me.id, frozenset(me.roles))


def _why_not_now(statement: StatementDetail, refused: str | None) -> str:
    opened = statement.progress.open_step
    if opened is None or refused is None:
        return ""
    known = {"needed_later": "standing.needed-later", "not_needed": "standing.not-needed"}
    key = known.get(refused, "standing.others")
    return text(key, step=opened, steps=statement.progress.threshold)


def _approval_effect(statement: StatementDetail, me: User) -> str:
    if statement.status == "approved":
        return text("standing.added")
    if statement.replaced_progress is not None:
        return _effect_for_both(statement.progress, statement.replaced_progress, me)
    missing = statement.progress.missing
    if missing is None:
        return text("standing.unmeetable")
    if not _helps(statement.progress, me):
        return text("standing.no-help")
    if missing == 1:
        return text("standing.last")
    if _completes_step(statement.progress):
        opened = statement.progress.open_step
        return text("standing.step", step=opened, n=missing - 1)
    return text("standing.one-of", missing=missing, n=missing - 1)


def _effect_for_both(own: Progress, replaced: Progress, me: User) -> str:
    """Return what my approval of a version does, which also has to meet the replaced policy."""
    if own.missing is None or replaced.missing is None:
        return text("standing.unmeetable-both")
    lacking = [each for each in (own, replaced) if each.missing]
    if all(each.missing == 1 and _helps(each, me) for each in lacking):
        return text("standing.last-both")
    if any(_helps(each, me) for each in lacking):
        return text("standing.one-of-both")
    return text("standing.no-help")


def _completes_step(progress: Progress) -> bool:
    if progress.open_step is None:
        return False
    step = progress.members[progress.open_step - 1]
    return isinstance(step, Progress) and step.missing == 1


def _helps(node: Progress, me: User) -> bool:
    """Tell whether my approval lowers what the whole policy misses."""
    return any(
        _helps(member, me)
        if isinstance(member, Progress)
        else member.helps and policy.covers(member.member, me.id, frozenset(me.roles))
        for member in node.members
    )


def _rejection_effect(statement: StatementDetail, rules: policy.Policy, me: User) -> str:
    if policy.may_veto(rules, me.id, frozenset(me.roles)):
        return text("standing.veto")
    decided = _decided(statement)
    refusing = decided.rejected.keys() | {me.id}
    # The roles of its own policy: at the draft each was one of the ledger's.
    if all(
        _is_possible(each, decided, refusing, statement) for each in _policies(statement, rules)
    ):
        return text("standing.goes-on")
    return text("standing.ends")


def _is_possible(
    rules: policy.Policy, decided: Decided, refusing: Set[str], statement: StatementDetail
) -> bool:
    named = {m.removeprefix("role:") for m in policy.members(rules) if m.startswith("role:")}
    creator = statement.creator.id
    own = decided if statement.replaced is None else for_own(rules, creator, decided)
    return places.possible(
        rules,
        named,
        approvals=own.approved,
        steps=own.steps if rules.ordered else NO_STEPS,
        without=refusing | places.excluded(rules, creator),
    )
