"""Policies: who must approve. Pure arithmetic over distinct people.

A node is met when its count reaches `threshold`. Each distinct person covered by one of its `user:`
or `role:` members counts once, and each nested node that is met counts once.
"""

import re
from collections.abc import Mapping, Set

import msgspec

from ledger.domain.vocabulary import AUDITOR, VOTING_ROLES, Assurance
from ledger.encoding import SafeInteger, decode
from ledger.errors import MalformedError

MAX_LEVELS = 8
ROLE_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
MAX_MEMBERS = 256

# Each person with the roles that they had at the position that counts.
RolesByPerson = Mapping[str, Set[str]]


class Node(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Requires `threshold` of the members `of`."""

    threshold: SafeInteger
    of: "tuple[str | Node, ...]"


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The outermost node, with the rules that only it can have."""

    threshold: SafeInteger
    of: tuple[str | Node, ...]
    veto: tuple[str, ...] = ()
    creator_may_sign: bool = True
    expires_at: str | None = None
    assurance: Assurance = "key"


AnyNode = Node | Policy


def check(policy: Policy) -> None:
    """Check a policy's shape, and that its thresholds can be reached.

    Raises MalformedError `policy_invalid` for the shape, `policy_impossible` for a threshold above
    the number of members.
    """
    total = _check_node(policy, MAX_LEVELS) + len(policy.veto)
    if total > MAX_MEMBERS:
        raise MalformedError("policy_invalid", f"a policy names at most {MAX_MEMBERS} members")
    for member in policy.veto:
        _check_member(member)


def _check_node(node: AnyNode, levels: int) -> int:
    if levels == 0:
        raise MalformedError("policy_invalid", f"a policy nests at most {MAX_LEVELS} levels")
    nested = [member for member in node.of if isinstance(member, Node)]
    named = {member for member in node.of if isinstance(member, str)}
    if node.threshold < 1 or not node.of or len(named) + len(nested) != len(node.of):
        raise MalformedError(
            "policy_invalid", "a node needs a threshold of at least 1 and distinct members"
        )
    for member in named:
        _check_member(member)
    open_ended = any(member.startswith("role:") for member in named)
    if not open_ended and node.threshold > len(node.of):
        raise MalformedError("policy_impossible", "a threshold is above the number of its members")
    return len(named) + sum(1 + _check_node(member, levels - 1) for member in nested)


def _check_member(member: str) -> None:
    kind, _, name = member.partition(":")
    if not (kind == "user" and name) and not (
        kind == "role" and name != AUDITOR and ROLE_NAME.fullmatch(name)
    ):
        raise MalformedError(
            "policy_invalid", "a member must be user:<id> or role:<role that signs>"
        )


def parse(raw: bytes) -> Policy:
    """Return a checked policy from its JSON; raise MalformedError as `decode` and `check` do."""
    policy = decode(raw, Policy)
    check(policy)
    return policy


def covers(member: str, user: str, roles: Set[str]) -> bool:
    """Tell whether the member `user:<id>` or `role:<name>` covers this person."""
    kind, _, name = member.partition(":")
    return name == user if kind == "user" else name in roles


def count(node: AnyNode, people: RolesByPerson) -> int:
    """Return the node's count: distinct people covered plus nested nodes met."""
    users, roles, total = set[str](), set[str](), 0
    for member in node.of:
        if isinstance(member, Node):
            total += met(member, people)
            continue
        kind, _, name = member.partition(":")
        (users if kind == "user" else roles).add(name)
    for user, held in people.items():
        total += user in users or not roles.isdisjoint(held)
    return total


def met(node: AnyNode, people: RolesByPerson) -> bool:
    """Tell whether these people's approvals meet the node."""
    return count(node, people) >= node.threshold


def members(node: AnyNode) -> frozenset[str]:
    """Return every `user:` and `role:` member of a node and its nested nodes, without veto."""
    found: set[str] = set()
    for member in node.of:
        found |= {member} if isinstance(member, str) else members(member)
    return frozenset(found)


def may_approve(policy: Policy, user: str, roles: Set[str], *, creator: str) -> bool:
    """Tell whether this person's approval can count."""
    if user == creator and not policy.creator_may_sign:
        return False
    return _names(policy, user, roles)


def _names(node: AnyNode, user: str, roles: Set[str]) -> bool:
    return any(
        [
            _names(each, user, roles) if isinstance(each, Node) else covers(each, user, roles)
            for each in node.of
        ]
    )


def may_veto(policy: Policy, user: str, roles: Set[str]) -> bool:
    """Tell whether this person's rejection ends the statement at once."""
    return any(covers(member, user, roles) for member in policy.veto)


def reachable(
    policy: Policy, people: RolesByPerson, *, creator: str, given: RolesByPerson | None = None
) -> bool:
    """Tell whether the policy would be met if all these people who may approve did so.

    `given` are the existing approvals. They count with the roles of their own positions.
    """
    hoped = {
        user: roles
        for user, roles in people.items()
        if may_approve(policy, user, roles, creator=creator) and not VOTING_ROLES.isdisjoint(roles)
    }
    return met(policy, {**hoped, **(given or {})})
