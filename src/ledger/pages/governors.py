"""Who fills the places of governance, whether they can act, and their passkeys."""

import sqlite3
from collections.abc import Sequence
from typing import Literal, NamedTuple

from ledger.domain import places, policy
from ledger.domain.changes.member_checks import MAX_GOVERNORS
from ledger.domain.governance import policy_digest
from ledger.domain.policy import Node, RolesByPerson
from ledger.domain.vocabulary import AUDITOR, OPEN_ROLES
from ledger.pages.devices import Device, devices
from projections import acceptances, passkeys, users
from projections.facts import LogReader
from projections.rules import Role
from projections.users import User

# Whether the approval of a person counts in governance today.
Acting = Literal["active", "suspended", "deactivated", "keyless", "awaited"]


class GoverningPerson(NamedTuple):
    """A person who fills a place of governance, or could by their role."""

    person: User
    acting: Acting
    passkeys: list[Device]

    @property
    def roles(self) -> frozenset[str]:
        """Their roles as of the position."""
        return frozenset(self.person.roles)


class Strength(NamedTuple):
    """How far governance is from standing still.

    `missing` counts the people that the policy lacks today. `needed` names those people without any
    one of whom nobody could approve a change.
    """

    missing: int
    needed: list[str]


def who_could_govern(
    db: sqlite3.Connection, log: LogReader, roles: Sequence[Role], rules: Node, *, at: int, now: str
) -> list[GoverningPerson]:
    """Return the holders of every role that could govern, and whom the policy names."""
    numbers = set(users.streams(db, [each[5:] for each in _members(rules, "user:")]))
    for role in governing(roles):
        numbers.update(users.holding(db, role, at=at, limit=MAX_GOVERNORS))
    found = users.by_numbers(db, sorted(numbers), at=at, now=now)
    accepted = acceptances.accepted(db, policy_digest(rules), at=at)
    known = with_passkeys(db, log, found, at=at, now=now)
    return [_as_counted(each, rules, accepted.get(each.person.position)) for each in known]


def _as_counted(
    governor: GoverningPerson, rules: Node, held: frozenset[str] | None
) -> GoverningPerson:
    """Return a person as `awaited` if they fill a place and have not accepted the policy.

    `held` are the roles that they hold since they accepted it, None if they never did.
    """
    places = [member for member in policy.members(rules) if placed(governor, member)]
    counts = held is not None and any(
        policy.covers(member, governor.person.id, held) for member in places
    )
    if not places or counts or governor.acting != "active":
        return governor
    return governor._replace(acting="awaited")


def with_passkeys(
    db: sqlite3.Connection, log: LogReader, people: Sequence[User], *, at: int, now: str
) -> list[GoverningPerson]:
    """Return people with their live passkeys."""
    positions = passkeys.positions(db, [each.position for each in people], at=at, now=now)
    held = {each.credential_id: each for each in devices(log, positions, {}, {})}
    return [
        GoverningPerson(each, _acting(each), [held[id] for id in _working(each) if id in held])
        for each in people
    ]


def governing(roles: Sequence[Role]) -> list[str]:
    """Return the roles that a governance policy can name."""
    never = OPEN_ROLES | {AUDITOR}
    return [each.name for each in roles if not each.is_closed and each.name not in never]


def placed(governor: GoverningPerson, member: str) -> bool:
    """Tell whether a person fills the place of a member of the policy."""
    signs = not governor.roles <= {AUDITOR}
    return signs and policy.covers(member, governor.person.id, governor.roles)


def strength(rules: Node, known: Sequence[GoverningPerson]) -> Strength:
    """Return whether these people can approve changes, and whom they could not do without."""
    able = {each.person.id: each.roles for each in known if each.acting == "active"}
    able = {user: roles for user, roles in able.items() if not roles <= {AUDITOR}}
    if not places.met(rules, able):
        found = places.missing(rules, able, _anybody(rules))
        return Strength(1 if found is None else found.people, [])
    names = {each.person.id: each.person.name for each in known}
    needed = [user for user in able if not places.met(rules, _without(able, user))]
    return Strength(0, [names[user] for user in needed])


def _without(able: RolesByPerson, user: str) -> RolesByPerson:
    return {each: roles for each, roles in able.items() if each != user}


def _anybody(rules: Node) -> RolesByPerson:
    """Return as many people as a policy can ask for: those it names, and holders of its roles."""
    roles = frozenset(each[5:] for each in _members(rules, "role:"))
    further = range(policy.min_people(rules) or 1)
    people: dict[str, frozenset[str]] = {f"further {number}": roles for number in further}
    return people | {each[5:]: frozenset() for each in _members(rules, "user:")}


def _acting(person: User) -> Acting:
    if person.standing != "active":
        return person.standing
    return "active" if _working(person) else "keyless"


def _working(person: User) -> list[str]:
    """Return a person's live passkeys, without those that wait after a recovery."""
    waiting = {each.credential_id for each in person.recovering}
    return [each for each in person.credential_ids if each not in waiting]


def _members(rules: Node, kind: str) -> list[str]:
    return sorted(each for each in policy.members(rules) if each.startswith(kind))
