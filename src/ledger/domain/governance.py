"""Governance: the policy that every change meets, and what the document of a change must say. Pure.

The policy is a node: a threshold and members. It has no end, no veto, and counts its creator. The
document of a change repeats it, adds its own end, and asks for a passkey with every decision.
"""

from collections.abc import Set

import msgspec

from ledger import clock
from ledger.domain import places, policy
from ledger.domain.changes.items import Item, parse_items
from ledger.domain.changes.titles import title
from ledger.domain.document import Document
from ledger.domain.person import Person, may_sign
from ledger.domain.policy import Node, Policy, RolesByPerson
from ledger.domain.vocabulary import ADMINISTRATOR, AUDITOR, OPEN_ROLES
from ledger.encoding import jcs, sha256_hex
from ledger.errors import ConflictError, ForbiddenError, MalformedError, RefusedError

MAX_PENDING_MS = 90 * 86_400_000
# The governance policy of a new ledger: one administrator is enough.
FOUNDING = Node(threshold=1, of=(f"role:{ADMINISTRATOR}",))


def policy_digest(governance: Node) -> str:
    """Return the digest that a change of this policy must state as `was`."""
    return sha256_hex(jcs(msgspec.to_builtins(governance)))


def policy_of(governance: Node, expires_at: str | None) -> Policy:
    """Return the policy that the document of a change must have."""
    return Policy(
        threshold=governance.threshold,
        of=governance.of,
        expires_at=expires_at,
        assurance="passkey",
    )


def check_change(document: Document) -> tuple[Item, ...]:
    """Return the items of a change's document, after the checks that depend on no state.

    Raises as `parse_items` does; MalformedError `change_invalid` if it supersedes another
    statement, names readers or executors, or does not end within 90 days; RefusedError
    `title_mismatch`.
    """
    items = parse_items(document)
    if document.title != title(items):
        raise RefusedError("title_mismatch", f"the title of this change is {title(items)!r}")
    if document.supersedes is not None:
        raise MalformedError("change_invalid", "a change supersedes nothing")
    if document.readers is not None:
        raise MalformedError("change_invalid", "a change is read by everyone: it names no readers")
    if document.usable is not None:
        raise MalformedError("change_invalid", "nobody uses a change: its effects are its use")
    ends, created_ms = document.policy.expires_at, clock.to_ms(document.created_at)
    if ends is None or clock.to_ms(ends) > created_ms + MAX_PENDING_MS:
        raise MalformedError("change_invalid", "a change expires 90 days after createdAt at most")
    return items


def has_place(person: Person, governance: Node) -> bool:
    """Tell whether a person, with their open roles, can fill a place of governance."""
    return may_sign(person) and bool(_places(person, governance))


def awaits(person: Person, governance: Node) -> bool:
    """Tell whether a person, with their open roles, fills a place that they have not accepted."""
    return may_sign(person) and bool(_places(person, governance) - _accepted(person, governance))


def counts(person: Person, governance: Node) -> bool:
    """Tell whether a person fills a place of governance that they have accepted."""
    return may_sign(person) and bool(_accepted(person, governance))


def accepted_roles(person: Person, governance: Node) -> frozenset[str]:
    """Return the roles by which a person counts in governance, if they count."""
    return person.roles & person.accepted.get(policy_digest(governance), frozenset())


def require_accepted(person: Person, governance: Node) -> None:
    """Raise ForbiddenError `governance_not_accepted` unless the person counts in governance."""
    if not counts(person, governance):
        detail = "accept the governance policy with your passkey before you approve changes"
        raise ForbiddenError("governance_not_accepted", detail)


def _accepted(person: Person, governance: Node) -> frozenset[str]:
    if policy_digest(governance) not in person.accepted:
        return frozenset()
    return _covered(person.user, accepted_roles(person, governance), governance)


def _places(person: Person, governance: Node) -> frozenset[str]:
    return _covered(person.user, person.roles, governance)


def _covered(user: str, roles: frozenset[str], governance: Node) -> frozenset[str]:
    """Return the members of the policy whose places this person fills with these roles."""
    members = policy.members(governance)
    return frozenset(each for each in members if policy.covers(each, user, roles))


def needs_grant(role: str, governance: Node) -> bool:
    """Tell whether only a grant that states a passkey gives this role.

    It is a role that governs while governance asks for two people or more.
    """
    return f"role:{role}" in policy.members(governance) and policy.asks_for_two(governance)


def require_place(person: Person, governance: Node) -> None:
    """Raise ForbiddenError `governance_only` unless the person can fill a place of governance."""
    if not has_place(person, governance):
        raise ForbiddenError("governance_only", "governance does not ask for this person")


def require_in_force(stated: Policy, governance: Node) -> None:
    """Raise ConflictError `governance_changed` unless a change's policy is the one in force."""
    if stated != policy_of(governance, stated.expires_at):
        detail = "the policy of this change is not the governance policy in force"
        raise ConflictError("governance_changed", detail)


def require_valid(governance: Node, roles: frozenset[str]) -> None:
    """Check a new governance policy; `roles` are those that the ledger has.

    Raises ConflictError `role_unknown`; `governance_invalid` for a role that people can choose
    themselves, or whose holders do not sign.
    """
    for member in policy.members(governance):
        kind, _, name = member.partition(":")
        if kind == "role" and name not in roles:
            raise ConflictError("role_unknown", f"there is no role {name!r}")
        if kind == "role" and (name in OPEN_ROLES or name == AUDITOR):
            detail = f"the role {name!r} cannot govern: people choose it themselves, or only read"
            raise ConflictError("governance_invalid", detail)


def require_open(governance: Node, closed: Set[str]) -> None:
    """Raise ConflictError `role_governs` if the policy names a closed role.

    Each later change states the policy in force, and a policy with a closed role is refused.
    """
    for name in sorted(closed):
        if f"role:{name}" in policy.members(governance):
            detail = f"governance names the role {name!r}: change the policy before the role closes"
            raise ConflictError("role_governs", detail)


def require_meetable(governance: Node, able: RolesByPerson) -> None:
    """Raise ConflictError `governance_unmeetable` unless these people could meet the policy."""
    if not places.met(governance, able):
        detail = "after this change, the people who can act could not meet the governance policy"
        raise ConflictError("governance_unmeetable", detail)
