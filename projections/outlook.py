"""Who can still approve a pending statement today, and whether they can meet its policy."""

import sqlite3
from collections.abc import Iterable, Mapping, Set
from typing import Literal

import msgspec

from ledger.domain import places, policy
from ledger.domain.places import NO_STEPS, Missing, StepsByPerson
from ledger.domain.policy import Policy
from ledger.domain.steps import GivenApprovals, Refusals
from ledger.domain.vocabulary import AUDITOR
from projections.passkeys import LIVE
from projections.rows import json_list
from projections.users import KEY_IN_FORCE, STANDING, streams, uuid_text

# Whether today's people can meet the policy. `all_rejected`: everybody who could help has rejected;
# `below_floor`: the policy asks for less than the charter's floor, so every approval is refused.
Outlook = Literal["open", "people_missing", "all_rejected", "below_floor"]
_FROM_WORST: tuple[Outlook, ...] = (
    "below_floor",
    "people_missing",
    "all_rejected",
    "open",
)
Roles = Mapping[str, Set[str]]

# The SQL condition that the person `{user}` can act as of :at and :now: they are active, and a
# passkey or key is live. `ledger.domain.standing.can_act` says the same of a person's state.
CAN_ACT = (
    f"(coalesce((SELECT {STANDING} FROM user_standing h WHERE h.user = {{user}}"  # noqa: S608
    " AND h.position <= :at ORDER BY h.position DESC LIMIT 1), 'active') = 'active'"
    f" AND (EXISTS(SELECT 1 FROM passkey p WHERE p.user = {{user}} AND {LIVE.format(row='p')})"
    f" OR EXISTS(SELECT 1 FROM signing_key k WHERE k.user = {{user}} AND k.service IS NULL"
    f" AND {KEY_IN_FORCE.format(row='k')})))"
)

_HOLDERS = f"""
SELECT DISTINCT r.user FROM user_role r
WHERE r.role = :role AND r.position <= :at AND r.ended > :at
    AND {CAN_ACT.format(user="r.user")} LIMIT :most
"""  # noqa: S608  # constants
_ROLES = f"""
SELECT s.uuid, group_concat(r.role) FROM user_role r JOIN stream s ON s.id = r.user
WHERE r.user IN (SELECT value FROM json_each(:users)) AND r.position <= :at AND r.ended > :at
    AND {CAN_ACT.format(user="r.user")}
GROUP BY r.user
"""  # noqa: S608  # constants


class Decided(msgspec.Struct, frozen=True):
    """The people whose latest decision is an approval or a rejection, with their roles then.

    `steps` has the step of each approval, of a policy with steps.
    """

    approved: Roles
    rejected: Roles
    steps: StepsByPerson = NO_STEPS


def for_own(rules: Policy, creator: str, decided: Decided) -> Decided:
    """Return the decisions that count for the policy of a version of an approved statement.

    The replaced policy alone asks for the others: for a creator who may not sign the version, and
    in a policy with steps for those whose approval fills none.
    """
    without, steps = places.excluded(rules, creator), decided.steps
    approved = {
        user: each
        for user, each in decided.approved.items()
        if user not in without and (user in steps or not rules.ordered)
    }
    return Decided(approved, decided.rejected, steps if rules.ordered else NO_STEPS)


def for_replaced(replaced: Policy, creator: str, decided: Decided) -> Decided:
    """Return the decisions that count for the policy of the statement that a version replaces."""
    without = places.excluded(replaced, creator)
    approved = {user: each for user, each in decided.approved.items() if user not in without}
    return Decided(approved, decided.rejected)


def to_meet(
    rules: Policy, replaced: Policy | None, creator: str, decided: Decided
) -> list[tuple[Policy, Decided]]:
    """Return the policies that a statement has to meet, with the decisions that count for each.

    A version of an approved statement has to meet its own, and that of the statement.
    """
    if replaced is None:
        return [(rules, decided)]
    return [
        (rules, for_own(rules, creator, decided)),
        (replaced, for_replaced(replaced, creator, decided)),
    ]


def worst(*each: Outlook | None) -> Outlook | None:
    """Return what people can make of a statement that has to meet several policies."""
    found = [one for one in _FROM_WORST if one in each]
    return found[0] if found else None


def missing(rules: Policy, creator: str, decided: Decided, able: Roles) -> Missing | None:
    """Return what is missing, None if the people who are able to approve cannot meet the policy."""
    without = places.excluded(rules, creator)
    return places.missing(rules, decided.approved, able, without, decided.steps)


def refusals(rules: Policy, creator: str, decided: Decided) -> Refusals:
    """Return for which code the open step of a policy with steps would refuse an approval.

    Every role of the policy counts as open: each was when the statement was drafted.
    """
    members = policy.members(rules)
    open_roles = {each.removeprefix("role:") for each in members if each.startswith("role:")}
    excluded = places.excluded(rules, creator)
    without = decided.rejected.keys() | excluded
    given = GivenApprovals(decided.approved, decided.steps, open_roles, without, excluded)
    return Refusals(rules, given)


def outlook(found: Missing | None, decided: Decided, able: Roles) -> Outlook:
    """Return what today's people can make of a pending statement."""
    if found is None:
        return "people_missing"
    helping = {
        user
        for user, roles in able.items()
        if user not in decided.approved
        and not found.helping.isdisjoint(policy.covering(user, roles))
    }
    return "all_rejected" if helping and helping <= decided.rejected.keys() else "open"


def able(
    db: sqlite3.Connection, rules: Policy, *, decided: int, at: int, now: str
) -> dict[str, frozenset[str]]:
    """Return the people whom a policy names and who can act, with their roles.

    Of each role there are as many as could fill every place, beside the `decided` people and the
    creator. More would change nothing, so the cost does not grow with the role's holders.
    """
    members = [member.partition(":") for member in policy.members(rules)]
    numbers = streams(db, [name for kind, _, name in members if kind == "user"])
    most = sum(node.threshold for node in policy.nodes(rules)) + decided + 1
    for role in (name for kind, _, name in members if kind == "role"):
        rows = db.execute(_HOLDERS, {"role": role, "at": at, "now": now, "most": most})
        numbers += [number for (number,) in rows]
    return _who_can_act(db, numbers, at=at, now=now)


def _who_can_act(
    db: sqlite3.Connection, numbers: Iterable[int], *, at: int, now: str
) -> dict[str, frozenset[str]]:
    rows = db.execute(_ROLES, {"users": json_list(numbers), "at": at, "now": now})
    found = {uuid_text(uuid): frozenset(roles.split(",")) for uuid, roles in rows}
    return {user: roles for user, roles in found.items() if not roles <= {AUDITOR}}
