"""Policies decided by trying every assignment of people to places. No formula of ours is used."""

from collections.abc import Mapping, Sequence, Set
from itertools import combinations
from typing import Any

Node = Mapping[str, Any]
People = Mapping[str, Set[str]]


def assigned(node: Node, people: People) -> bool:
    """Tell whether different people can fill all places of the node."""
    return bool(crews(node, people))


def least_missing(node: Node, approvals: People, able: People) -> int | None:
    """Return the least number of able people whose approvals are missing, None if none suffice."""
    further = sorted(able.keys() - approvals.keys())
    for size in range(len(further) + 1):
        for some in combinations(further, size):
            if assigned(node, {user: able[user] for user in some} | dict(approvals)):
                return size
    return None


def helpers(node: Node, approvals: People, able: People) -> set[str]:
    """Return the able people whose approval lowers what is missing."""
    before = least_missing(node, approvals, able)
    if before is None:
        return set()
    found = set()
    for user in able.keys() - approvals.keys():
        after = least_missing(node, dict(approvals) | {user: able[user]}, able)
        if after is not None and after < before:
            found.add(user)
    return found


def crews(node: Node, people: People) -> set[frozenset[str]]:
    """Return every set of people that fills the node, one place each."""
    nested = [each for each in node["of"] if not isinstance(each, str)]
    names = [each for each in node["of"] if isinstance(each, str)]
    direct = [user for user, roles in people.items() if is_named(names, user, roles)]
    found: set[frozenset[str]] = set()
    for number in range(min(len(nested), node["threshold"]) + 1):
        for chosen in combinations(nested, number):
            for below in apart([crews(each, people) for each in chosen]):
                free = [user for user in direct if user not in below]
                for some in combinations(free, node["threshold"] - number):
                    found.add(below | set(some))
    return found


def is_named(names: Sequence[Any], user: str, roles: Set[str]) -> bool:
    """Tell whether a person is among these names, by id or by role."""
    return f"user:{user}" in names or any(f"role:{role}" in names for role in roles)


def apart(crews: list[set[frozenset[str]]]) -> set[frozenset[str]]:
    """Return every union of one crew of each set in which nobody is in two of them."""
    found: set[frozenset[str]] = {frozenset()}
    for choices in crews:
        found = {one | more for one in found for more in choices if not one & more}
    return found
