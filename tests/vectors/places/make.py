"""Write cases.json: `python -m tests.vectors.places.make`.

Every case is decided by trying all assignments of people to places (`tests.support.assignments`).
A case is [policy, approvals, able people, open roles, rejecters, expected]; a person is a letter, a
role a letter of "xyz", and a node is [threshold, [members], [nodes]], in which a member "a" names a
person and "x" a role. `expected` is [is met, missing or null, who can help, is possible without the
rejecters]. `node` and `everybody` return the forms that the rules take.
"""

import json
import random
from pathlib import Path
from typing import Any

from tests.support import assignments

PATH = Path(__file__).with_name("cases.json")
CASES = 3000
PEOPLE, ROLES = "abcde", "xyz"
IDS = {each: f"00000000-0000-4000-8000-00000000000{each}" for each in PEOPLE}
Short = list[Any]


def node(short: Short) -> dict[str, Any]:
    """Return a node of a policy from its short form."""
    threshold, members, nested = short
    named = [f"role:{each}" if each in ROLES else f"user:{IDS[each]}" for each in members]
    return {"threshold": threshold, "of": [*named, *map(node, nested)]}


def everybody(short: dict[str, str]) -> dict[str, set[str]]:
    """Return people by id, with their roles, from the short form."""
    return {IDS[user]: set(roles) for user, roles in short.items()}


def expected(case: Short) -> Short:
    """Return what trying all assignments says of a case."""
    short, approved, willing, open_roles, rejecters = case[:5]
    policy, approvals, able = node(short), everybody(approved), everybody(willing)
    letters = {uuid: letter for letter, uuid in IDS.items()}
    helping = assignments.helpers(policy, approvals, able)
    crowd = {IDS[each]: set[str]() for each in PEOPLE if each not in rejecters} | approvals
    crowd |= {f"{role}{n}": {role} for role in open_roles for n in range(places(short))}
    return [
        assignments.assigned(policy, approvals),
        assignments.least_missing(policy, approvals, able),
        "".join(sorted(letters[each] for each in helping)),
        assignments.assigned(policy, crowd),
    ]


def places(short: Short) -> int:
    """Return how many places a node and the nodes in it have."""
    return int(short[0]) + sum(places(each) for each in short[2])


def random_node(chosen: random.Random, levels: int) -> Short:
    """Return a node with up to three members, and nodes in it up to some levels."""
    members = "".join(each for each in PEOPLE + ROLES if chosen.random() < 0.25)
    count = chosen.choice([0, 1, 1, 2, 2]) if levels else 0
    nested = [random_node(chosen, levels - 1) for _ in range(count)]
    if not members and not nested:
        members = chosen.choice(PEOPLE + ROLES)
    return [chosen.choice([1, 1, 2, 2, 3]), members, nested]


def random_case(chosen: random.Random) -> Short:
    """Return a case without what is expected."""
    policy = random_node(chosen, 2)
    roles = {each: "".join(r for r in ROLES if chosen.random() < 0.4) for each in PEOPLE}
    approved = {each: roles[each] for each in PEOPLE if chosen.random() < 0.4}
    # Roles may have changed since the approvals.
    able = {each: roles[each] for each in PEOPLE if chosen.random() < 0.7}
    rejecters = "".join(each for each in PEOPLE if chosen.random() < 0.3)
    return [policy, approved, able, "".join(r for r in ROLES if chosen.random() < 0.5), rejecters]


def cases() -> list[Short]:
    """Return the cases, always the same ones."""
    chosen = random.Random(11)  # test data
    found: list[Short] = []
    while len(found) < CASES:
        case = random_case(chosen)
        if places(case[0]) <= 8:  # larger ones take long to try
            found.append([*case, expected(case)])
    return found


if __name__ == "__main__":
    rows = ",\n".join(json.dumps(each, separators=(",", ":")) for each in cases())
    PATH.write_text(f"[\n{rows}\n]\n")
