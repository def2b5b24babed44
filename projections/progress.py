"""How far a policy is met and who has not decided yet, as a tree with the policy's shape."""

import sqlite3
from collections.abc import Mapping

import msgspec

from ledger.domain import places, policy, steps
from ledger.domain.places import Missing
from ledger.domain.policy import Node, Policy
from projections.facts import find_stream
from projections.outlook import (
    CAN_ACT,
    Decided,
    Outlook,
    Roles,
    able,
    missing,
    outlook,
    refusals,
)
from projections.rows import json_list
from projections.users import NamedPerson, names, uuid_text

LISTED = 20


class MemberProgress(
    msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="member"
):
    """The people of a `user:` or `role:` member who approved, rejected, or have not decided.

    `waiting` lists at most 20 people of a role; `more` counts the others. `helps` tells whether an
    approval by one of them lowers what is missing.
    """

    member: str
    name: str
    approved: list[NamedPerson]
    rejected: list[NamedPerson]
    waiting: list[NamedPerson]
    more: int = 0
    helps: bool = False


class Progress(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="node"):
    """A node of the policy. Each person fills one place of the whole policy.

    `missing` is how many more people the node needs if it stands alone; null if those who can
    approve cannot meet it, or if nobody can approve any more. Each step of a policy with steps is a
    node of the root, with its number in `step`; the root has that of the open one in `open_step`.
    """

    threshold: int
    missing: int | None
    members: list["MemberProgress | Progress"]
    step: int | None = None
    open_step: int | None = msgspec.field(default=None, name="openStep")


class ShownAt(msgspec.Struct, frozen=True):
    """The position and time that are shown, and how the statement stands then."""

    at: int
    now: str
    pending: bool
    below_floor: bool


class Standing(msgspec.Struct, frozen=True):
    """The decisions so far, who can still approve, and the names of people.

    Nobody can unless the statement is pending and not below the floor. `excluded` is a creator who
    may not sign. `needed` are the named people whom a later step needs, and the open one does not
    take. `approved` are the approvals of the shown step, or all of them.
    """

    moment: ShownAt
    excluded: frozenset[str]
    needed: frozenset[str]
    decided: Decided
    approved: Roles
    able: Roles
    names: Mapping[str, str]
    helping: frozenset[str]
    outlook: Outlook | None


def standing(
    db: sqlite3.Connection, rules: Policy, creator: str, decided: Decided, moment: ShownAt
) -> Standing:
    """Return the standing of a statement after the decisions on it."""
    willing: Roles = {}
    if moment.pending and not moment.below_floor:
        count = len(decided.approved) + len(decided.rejected)
        willing = able(db, rules, decided=count, at=moment.at, now=moment.now)
    found = missing(rules, creator, decided, willing)
    members = [member.partition(":") for member in policy.members(rules)]
    known = {name for kind, _, name in members if kind == "user"}
    known |= decided.approved.keys() | decided.rejected.keys()
    return Standing(
        moment=moment,
        excluded=places.excluded(rules, creator),
        needed=frozenset() if found is None else _needed_later(rules, creator, decided, willing),
        decided=decided,
        approved=decided.approved,
        able=willing,
        names=names(db, [*known], at=moment.at),
        helping=frozenset() if found is None else found.helping,
        outlook=_outlook(found, decided, willing, moment),
    )


def _outlook(
    found: Missing | None, decided: Decided, willing: Roles, moment: ShownAt
) -> Outlook | None:
    if not moment.pending:
        return None
    return "below_floor" if moment.below_floor else outlook(found, decided, willing)


def _needed_later(rules: Policy, creator: str, decided: Decided, able: Roles) -> frozenset[str]:
    if not rules.ordered:
        return frozenset()
    refused = refusals(rules, creator, decided)
    named = {each.removeprefix("user:") for each in policy.members(rules)}
    return frozenset(
        user
        for user in named & able.keys() - decided.approved.keys()
        if refused.of(user, able[user]) == "needed_later"
    )


def of_policy(db: sqlite3.Connection, rules: Policy, now: Standing) -> Progress:
    """Return the progress of a policy."""
    if not rules.ordered:
        return tree(db, rules.root, now)
    found = places.missing(rules, now.decided.approved, now.able, now.excluded, now.decided.steps)
    opened = steps.open_step(rules, now.decided.approved, now.decided.steps)
    return Progress(
        threshold=len(rules.ordered),
        missing=None if found is None else found.people,
        members=[
            _step(db, number, node, now, is_open=number == opened)
            for number, node in enumerate(rules.ordered, start=1)
        ],
        open_step=opened if now.moment.pending else None,
    )


def _step(
    db: sqlite3.Connection, number: int, node: Node, now: Standing, *, is_open: bool
) -> Progress:
    mine = steps.of_step(number, now.decided.approved, now.decided.steps)
    given = msgspec.structs.replace(now, approved=mine)
    if not is_open:
        given = msgspec.structs.replace(given, helping=frozenset(), needed=frozenset())
    shown = tree(db, node, given)
    return msgspec.structs.replace(shown, step=number)


def tree(db: sqlite3.Connection, node: Node, now: Standing) -> Progress:
    """Return the progress of a policy's node."""
    elsewhere = now.decided.approved.keys() - now.approved.keys()
    found = places.missing(node, now.approved, now.able, now.excluded | elsewhere)
    return Progress(
        threshold=node.threshold,
        missing=None if found is None else found.people,
        members=[
            _member(db, member, now) if isinstance(member, str) else tree(db, member, now)
            for member in node.of
        ],
    )


def _member(db: sqlite3.Connection, member: str, now: Standing) -> MemberProgress:
    kind, _, name = member.partition(":")
    waiting, more = _one(name, now) if kind == "user" else _role(db, name, now)
    return MemberProgress(
        member=member,
        name=now.names.get(name, name) if kind == "user" else name,
        approved=_covered(member, now.approved, now),
        rejected=_covered(member, now.decided.rejected, now),
        waiting=[each for each in waiting if each.id not in now.needed],
        more=more,
        helps=member in now.helping and name not in now.needed,
    )


def _covered(member: str, who: Roles, now: Standing) -> list[NamedPerson]:
    return [
        NamedPerson(user, now.names[user])
        for user, roles in who.items()
        if policy.covers(member, user, roles)
    ]


def _one(user: str, now: Standing) -> tuple[list[NamedPerson], int]:
    """Return the person if waited for, and 0 others."""
    decided = now.decided.approved.keys() | now.decided.rejected.keys() | now.excluded
    waits = user in now.able and user not in decided
    return [NamedPerson(user, now.names[user])] if waits else [], 0


_IN_ROLE = f"""
FROM user_role r JOIN stream s ON s.id = r.user JOIN user u ON u.id = r.user
WHERE r.role = :role AND r.position <= :at AND r.ended > :at
    AND r.user NOT IN (SELECT value FROM json_each(:decided)) AND {CAN_ACT.format(user="r.user")}
"""  # noqa: S608  # constants


def _role(db: sqlite3.Connection, role: str, now: Standing) -> tuple[list[NamedPerson], int]:
    """Return the people of a role who are waited for, and how many more there are."""
    if not now.moment.pending or now.moment.below_floor:
        return [], 0
    decided = now.decided.approved.keys() | now.decided.rejected.keys() | now.excluded
    numbers = [number for user in decided if (number := find_stream(db, user)) is not None]
    given = {"role": role, "at": now.moment.at, "now": now.moment.now}
    given |= {"decided": json_list(numbers), "listed": LISTED}
    rows = db.execute(
        f"SELECT s.uuid, u.name {_IN_ROLE} ORDER BY r.position LIMIT :listed", given
    ).fetchall()
    more = 0
    if len(rows) == LISTED:
        (count,) = db.execute(f"SELECT count(*) {_IN_ROLE}", given).fetchone()
        more = count - LISTED
    return [NamedPerson(uuid_text(uuid), name) for uuid, name in rows], more
