"""Who could approve a statement that is still being written, for the page that drafts it."""

import sqlite3

import msgspec

from ledger.domain import places, policy
from ledger.domain.policy import Policy
from projections import outlook, users
from projections import rules as rules_set
from projections.users import NamedPerson

LISTED = 6  # people


class Prospect(msgspec.Struct, frozen=True, rename="camel"):
    """What today's people could make of a policy.

    `able` are people who can approve, at most six, and `has_more` tells whether there are others.
    `unable` are the members of the policy of whom nobody can approve.
    """

    is_meetable: bool
    able: list[NamedPerson]
    has_more: bool
    unable: list[str]


def of(db: sqlite3.Connection, rules: Policy, creator: str, *, at: int, now: str) -> Prospect:
    """Return who could approve a statement of `creator` as of a position and time.

    Raises MalformedError `policy_invalid` for a role that a draft may not name.
    """
    policy.require_known_roles(rules, rules_set.signing_roles(db, at=at))
    excluded = places.excluded(rules, creator)
    found = outlook.able(db, rules, decided=0, at=at, now=now)
    able = {user: roles for user, roles in found.items() if user not in excluded}
    names = users.names(db, list(able), at=at)
    listed = sorted((NamedPerson(user, name) for user, name in names.items()), key=_by_name)
    covered = {member for user, roles in able.items() for member in policy.covering(user, roles)}
    unable = sorted(policy.members(rules) - covered)
    is_meetable = places.missing(rules, {}, able) is not None
    return Prospect(is_meetable, listed[:LISTED], len(listed) > LISTED, unable)


def _by_name(person: NamedPerson) -> tuple[str, str]:
    return person.name, person.id
