"""Policies: their shape and limits, and whom they name. places.py tells when one is met."""

import re
from collections.abc import Iterable, Mapping, Set
from functools import lru_cache
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from ledger.domain.vocabulary import Assurance
from ledger.encoding import SafeInteger, decode
from ledger.errors import MalformedError
from ledger.jose.fillings import MAX_MEMBERS, MAX_NESTED, MAX_THRESHOLD

MIN_STEPS = 2  # at most as many as nested nodes

_MEMBER = re.compile(r"user:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|role:[a-z][a-z0-9-]{0,63}")

# Each person with the roles that they had at the position that counts.
RolesByPerson = Mapping[str, Set[str]]


class Node(msgspec.Struct, frozen=True, cache_hash=True, forbid_unknown_fields=True):
    """Requires `threshold` places of the members `of`."""

    threshold: SafeInteger
    of: "tuple[str | Node, ...]"


class Policy(
    msgspec.Struct, frozen=True, cache_hash=True, forbid_unknown_fields=True, rename="camel"
):
    """A root node, or steps that people meet one after the other; and the rules of the whole."""

    threshold: SafeInteger | UnsetType = UNSET
    of: tuple[str | Node, ...] | UnsetType = UNSET
    steps: tuple[Node, ...] | UnsetType = UNSET
    veto: tuple[str, ...] = ()
    creator_may_sign: bool = True
    expires_at: str | None = None
    assurance: Assurance = "key"

    @property
    def root(self) -> Node:
        """The node that people meet; that of a policy with steps requires all of them."""
        if self.ordered:
            return Node(len(self.ordered), self.ordered)
        of = () if isinstance(self.of, UnsetType) else self.of
        return Node(0 if isinstance(self.threshold, UnsetType) else self.threshold, of)

    @property
    def ordered(self) -> tuple[Node, ...]:
        """The steps in order; none in a policy with a root node."""
        return () if isinstance(self.steps, UnsetType) else self.steps


AnyNode = Node | Policy


@lru_cache(maxsize=32)  # most statements have one of a few policies
def check(policy: Policy) -> None:
    """Check a policy's size and shape, in one pass over its members.

    Raises MalformedError `policy_too_complex` for more than 8 nested nodes, 4,096 members or a
    threshold above 256; `policy_invalid` for any other fault. places.py has what can never be met.
    """
    _check_form(policy)
    total, found = len(policy.veto), nodes(policy)
    for node in found:
        total += len(node.of)
        if node.threshold > MAX_THRESHOLD:
            raise _too_complex(f"a threshold is at most {MAX_THRESHOLD}")
    if total - (len(found) - 1) > MAX_MEMBERS:
        raise _too_complex(f"a policy names at most {MAX_MEMBERS:,} members")
    for node in found:
        _check_node(node)
    _check_members(policy.veto)


def _check_form(policy: Policy) -> None:
    has_node = [not isinstance(each, UnsetType) for each in (policy.threshold, policy.of)]
    has_steps = not isinstance(policy.steps, UnsetType)
    if has_node != [not has_steps] * 2:
        raise MalformedError(
            "policy_invalid", "a policy has either threshold and of, or steps and neither"
        )
    if has_steps and len(policy.ordered) < MIN_STEPS:
        raise MalformedError("policy_invalid", f"a policy has {MIN_STEPS} steps or more, or none")


def nodes(node: AnyNode) -> list[Node]:
    """Return the root and its nested nodes, steps included, a parent before its children.

    Raises MalformedError `policy_too_complex` for more than 8 nested nodes.
    """
    found: list[Node] = [node.root if isinstance(node, Policy) else node]
    for node in found:  # the list grows while it is read
        for member in node.of:
            if not isinstance(member, str):
                found.append(member)
        if len(found) > MAX_NESTED + 1:
            raise _too_complex(f"a policy has at most {MAX_NESTED} nested nodes")
    return found


def _too_complex(detail: str) -> MalformedError:
    return MalformedError("policy_too_complex", detail)


def _check_node(node: Node) -> None:
    named = [member for member in node.of if isinstance(member, str)]
    if node.threshold < 1 or not node.of or len(set(named)) != len(named):
        raise MalformedError(
            "policy_invalid", "a node needs a threshold of at least 1 and distinct members"
        )
    _check_members(named)


def _check_members(named: Iterable[str]) -> None:
    if not all(map(is_member, named)):
        raise MalformedError(
            "policy_invalid", "a member must be user:<id of a person> or role:<name of a role>"
        )


def is_member(text: str) -> bool:
    """Tell whether a text has the form of a member: `user:<id>` or `role:<name>`."""
    return _MEMBER.fullmatch(text) is not None


def require_known_roles(policy: Policy, known: Set[str]) -> None:
    """Raise MalformedError `policy_invalid` if a member is no role of the ledger that can sign."""
    for member in members(policy).union(policy.veto):
        kind, _, name = member.partition(":")
        if kind == "role" and name not in known:
            raise MalformedError("policy_invalid", f"{name!r} is no role whose holders sign")


def for_a_new_version(policy: Policy) -> Policy:
    """Return what the policy of an approved statement asks of the version that replaces it.

    Its steps are nodes that are all required, in any order; its veto and its end are not asked.
    """
    root = policy.root
    return Policy(
        threshold=root.threshold,
        of=root.of,
        creator_may_sign=policy.creator_may_sign,
        assurance=policy.assurance,
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


def covering(user: str, roles: Set[str]) -> set[str]:
    """Return every member that covers this person."""
    return {f"user:{user}", *(f"role:{role}" for role in roles)}


@lru_cache(maxsize=32)
def members(node: AnyNode) -> frozenset[str]:
    """Return every `user:` and `role:` member of a node and its nested nodes, without veto."""
    return frozenset(
        member for each in nodes(node) for member in each.of if isinstance(member, str)
    )


def people_named(node: AnyNode) -> list[UUID]:
    """Return the people whom a node or its nested nodes name."""
    users = [each.removeprefix("user:") for each in members(node) if each.startswith("user:")]
    return sorted(map(UUID, users))


def roles_named(node: AnyNode) -> list[str]:
    """Return the roles that a node or its nested nodes name."""
    found = [each.removeprefix("role:") for each in members(node) if each.startswith("role:")]
    return sorted(found)


@lru_cache(maxsize=32)
def min_people(node: AnyNode) -> int | None:
    """Return the least number of people who meet a node, None if its members are too few.

    A member that names a person gives one place, a role as many as the threshold asks for. Steps
    add: nobody fills places of two.
    """
    if isinstance(node, Policy):
        return min_people(node.root)
    named = [member for member in node.of if isinstance(member, str)]
    has_role = any(member.startswith("role:") for member in named)
    costs = [1] * (node.threshold if has_role else len(named))
    for member in node.of:
        least = None if isinstance(member, str) else min_people(member)
        costs += [] if least is None else [least]
    return sum(sorted(costs)[: node.threshold]) if len(costs) >= node.threshold else None


def asks_for_two(node: AnyNode) -> bool:
    """Tell whether two people or more are needed to meet a node."""
    return (min_people(node) or 0) >= 2


def may_approve(policy: Policy, user: str, roles: Set[str], *, creator: str) -> bool:
    """Tell whether this person's approval can count."""
    if user == creator and not policy.creator_may_sign:
        return False
    return not members(policy).isdisjoint(covering(user, roles))


def may_veto(policy: Policy, user: str, roles: Set[str]) -> bool:
    """Tell whether this person's rejection ends the statement at once."""
    return not covering(user, roles).isdisjoint(policy.veto)
