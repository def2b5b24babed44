"""What the directory says against what the ledger says: proposals, which change nothing.

Each proposal is the item of a change that an administrator may draft; the governance decides.
"""

from typing import Any

import msgspec

from ledger import clock
from ledger.http.organisation_gate import Organisation
from ledger.http.read_models import ReadModels
from ledger.organisation.people import AccountLink
from ledger.organisation.scim_entries import group_of
from ledger.organisation.scim_service import GROUPS_PAGE
from projections import rules, users
from projections.users import User

MOST_SHOWN = 1_000
MOST_GROUPS = 1_000


class LinkedPerson(msgspec.Struct, frozen=True, rename="camel"):
    """A person who is linked: what the provider calls them, and whether it blocks them."""

    user: str
    name: str
    account: str
    linked_at: str
    is_blocked: bool


class DirectoryProposal(msgspec.Struct, frozen=True):
    """An item of a change that the directory suggests for a person, and why."""

    user: str
    name: str
    reason: str
    group: str
    item: dict[str, Any]


class OrganisationView(msgspec.Struct, frozen=True):
    """The people who are linked, and the proposals; the first thousand of each."""

    people: list[LinkedPerson]
    proposals: list[DirectoryProposal]


def view(organisation: Organisation, models: ReadModels) -> OrganisationView:
    """Return what administrators see of the directory."""
    linked = organisation.people.linked(limit=MOST_SHOWN)
    blocked = organisation.people.blocks.everybody()
    people, proposals = [], []
    with models.views() as (db, at):
        now = models.now()
        open_roles = {each.name for each in rules.roles(db, at=at) if not each.is_closed}
        groups = _groups(organisation, open_roles, {each.link.user for each in linked})
        for person, link in linked:
            found = users.by_id(db, person, at=at, now=now)
            if found is None:
                continue
            is_blocked = person in blocked
            when = clock.to_text(link.linked_ms)
            people.append(LinkedPerson(person, found.name, link.username, when, is_blocked))
            if found.standing != "active":
                continue
            if is_blocked:
                item = {"suspend": {"user": person}}
                proposals.append(DirectoryProposal(person, found.name, "left", "", item))
            else:
                proposals += _of_roles(organisation, found, link, groups, open_roles)
    return OrganisationView(people, proposals[:MOST_SHOWN])


def _groups(
    organisation: Organisation, roles: set[str], users: set[str]
) -> dict[str, frozenset[str]]:
    """Return the members of the groups of roles, by the groups' names: those of these users.

    It reads a few groups at a time: the directory can have many long ones.
    """
    names = {f"{organisation.settings.group_prefix}{role}" for role in roles}
    found: dict[str, frozenset[str]] = {}
    for skip in range(0, MOST_GROUPS, GROUPS_PAGE):
        page = organisation.people.directory.page("group", skip=skip, limit=GROUPS_PAGE)
        for group in map(group_of, page):
            if group.display_name in names:
                members = found.get(group.display_name, frozenset())
                found[group.display_name] = members.union(users.intersection(group.members))
        if len(page) < GROUPS_PAGE:
            break
    return found


def _of_roles(
    organisation: Organisation,
    person: User,
    link: AccountLink,
    groups: dict[str, frozenset[str]],
    open_roles: set[str],
) -> list[DirectoryProposal]:
    """Return the roles that a person's groups have and the ledger does not, and the reverse.

    A role ends by a proposal only if the directory has a group of its name.
    """
    prefix, made = organisation.settings.group_prefix, []
    if link.user:
        mine = {name for name, members in groups.items() if link.user in members}
        known = set(groups)
    else:  # what the provider said at their last sign-in: it says nothing of other groups
        mine = {name for name in link.groups if name.startswith(prefix)}
        known = set()
    for role in sorted(open_roles):
        group, held = f"{prefix}{role}", role in person.roles
        member = {"user": person.id, "role": role}
        if group in mine and not held:
            made.append(
                DirectoryProposal(person.id, person.name, "joined", group, {"grant-role": member})
            )
        elif group in known and group not in mine and held:
            made.append(
                DirectoryProposal(person.id, person.name, "not-in", group, {"end-role": member})
            )
    return made
