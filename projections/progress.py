"""How far a policy is met and who has not decided yet, as a tree with the policy's shape."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import assert_never

import msgspec

from ledger.domain import policy
from ledger.domain.policy import AnyNode, Policy
from ledger.domain.vocabulary import VOTING_ROLES
from projections.decisions import Decision
from projections.facts import find_stream
from projections.rows import json_list
from projections.users import NamedPerson, people, roles_of, uuid_text

LISTED = 20


class MemberProgress(
    msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="member"
):
    """The people of a `user:` or `role:` member who approved, rejected, or have not decided.

    `waiting` lists at most 20 people of a role; `more` counts the others.
    """

    member: str
    name: str
    approved: list[NamedPerson]
    rejected: list[NamedPerson]
    waiting: list[NamedPerson]
    more: int = 0


class Progress(msgspec.Struct, frozen=True, tag_field="kind", tag="node"):
    """A node of the policy; it is met when `count` reaches `threshold`."""

    met: bool
    threshold: int
    count: int
    members: list["MemberProgress | Progress"]


class Standing(msgspec.Struct, frozen=True):
    """The decisions so far, each with the person's roles at that time, and who may still decide.

    Nobody is waited for unless the statement is pending. `excluded` is a creator who may not sign.
    """

    at: int
    pending: bool
    excluded: str | None
    people: dict[str, NamedPerson]
    approved: dict[str, frozenset[str]]
    rejected: dict[str, frozenset[str]]


def standing(
    rules: Policy, creator: str, decisions: Sequence[Decision], *, pending: bool, at: int
) -> Standing:
    """Return the standing after these decisions, given in log order."""
    approved: dict[str, frozenset[str]] = {}
    rejected: dict[str, frozenset[str]] = {}
    for decision in decisions:
        if decision.in_question:
            continue
        user, roles = decision.person.id, frozenset(decision.roles)
        match decision.decision:
            case "approval":
                approved[user] = roles
                # A person who rejects and later approves counts as approving.
                rejected.pop(user, None)
            case "rejection":
                rejected[user] = roles
            case "withdrawal":
                pass  # it ends the statement and counts for no member
            case never:
                assert_never(never)
    return Standing(
        at=at,
        pending=pending,
        excluded=None if rules.creator_may_sign else creator,
        people={decision.person.id: decision.person for decision in decisions},
        approved=approved,
        rejected=rejected,
    )


def tree(db: sqlite3.Connection, node: AnyNode, now: Standing) -> Progress:
    """Return the progress of a policy node."""
    return Progress(
        met=policy.met(node, now.approved),
        threshold=node.threshold,
        count=policy.count(node, now.approved),
        members=[
            _member(db, member, now) if isinstance(member, str) else tree(db, member, now)
            for member in node.of
        ],
    )


def _member(db: sqlite3.Connection, member: str, now: Standing) -> MemberProgress:
    kind, _, name = member.partition(":")
    find = _one if kind == "user" else _role
    shown, waiting, more = find(db, name, now)
    return MemberProgress(
        member=member,
        name=shown,
        approved=_covered(member, now.approved, now),
        rejected=_covered(member, now.rejected, now),
        waiting=waiting,
        more=more,
    )


def _covered(member: str, who: Mapping[str, frozenset[str]], now: Standing) -> list[NamedPerson]:
    return [now.people[user] for user, roles in who.items() if policy.covers(member, user, roles)]


def _one(db: sqlite3.Connection, user: str, now: Standing) -> tuple[str, list[NamedPerson], int]:
    """Return the person's display name, the person if waited for, and 0 others."""
    number = find_stream(db, user)
    found = {} if number is None or number > now.at else people(db, [number])
    if number is None or number not in found:
        return user, [], 0
    decided = user in now.approved or user in now.rejected or user == now.excluded
    if not now.pending or decided or VOTING_ROLES.isdisjoint(roles_of(db, number, at=now.at)):
        return found[number].name, [], 0
    return found[number].name, [found[number]], 0


_IN_ROLE = (
    " FROM user_role r JOIN stream s ON s.id = r.user JOIN user u ON u.id = r.user"
    " WHERE r.role = :role AND r.position <= :at AND r.ended > :at"
    " AND r.user NOT IN (SELECT value FROM json_each(:decided))"
)


def _role(db: sqlite3.Connection, role: str, now: Standing) -> tuple[str, list[NamedPerson], int]:
    """Return the role's name, the people waited for, and how many more there are."""
    if not now.pending:
        return role, [], 0
    decided = {*now.approved, *now.rejected, *([now.excluded] if now.excluded else [])}
    numbers = [number for user in decided if (number := find_stream(db, user)) is not None]
    given = {"role": role, "at": now.at, "decided": json_list(numbers), "listed": LISTED}
    rows = db.execute(
        f"SELECT s.uuid, u.name {_IN_ROLE} ORDER BY r.position LIMIT :listed", given
    ).fetchall()
    more = 0
    if len(rows) == LISTED:
        (count,) = db.execute(f"SELECT count(*) {_IN_ROLE}", given).fetchone()
        more = count - LISTED
    return role, [NamedPerson(uuid_text(uuid), name) for uuid, name in rows], more
