"""Policies: which shapes and sizes are accepted, and whom one names."""

import json
from collections.abc import Set
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain import policy
from ledger.domain.policy import Policy
from ledger.errors import MalformedError
from tests.support.examples import FEW
from tests.support.refusals import refused

CREATOR, INVESTOR, ADMINISTRATOR = "role:creator", "role:investor", "role:administrator"
A, B, C = (f"user:00000000-0000-4000-8000-00000000000{letter}" for letter in "abc")


def rules(**members: Any) -> Policy:
    return msgspec.convert(members, Policy)


def named(count: int, first: int = 0) -> list[str]:
    return [f"user:00000000-0000-4000-8000-{number:012x}" for number in range(first, first + count)]


def nested(levels: int) -> dict[str, Any]:
    node: dict[str, Any] = {"threshold": 1, "of": [A]}
    for _ in range(levels):
        node = {"threshold": 1, "of": [node]}
    return node


# --- shape and size ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "members",
    [
        {"threshold": 1, "of": [A]},
        {"threshold": 2, "of": [CREATOR, INVESTOR]},
        {"threshold": 256, "of": [INVESTOR, A]},
        {"threshold": 2, "of": [A, {"threshold": 1, "of": [A]}]},
        {"threshold": 2, "of": [{"threshold": 1, "of": [A]}] * 2},
        {"threshold": 1, "of": [ADMINISTRATOR], "veto": [CREATOR, A]},
        {"threshold": 1, "of": [A], "creatorMaySign": False, "assurance": "passkey"},
        {"threshold": 1, "of": ["role:on-call"]},
        {"threshold": 1, "of": ["role:" + "a" * 64]},
        {"threshold": 1, "of": named(4096)},
        {"threshold": 1, "of": named(2048), "veto": [A] * 2048},
        {"threshold": 1, "of": [{"threshold": 1, "of": named(512, n)} for n in range(8)]},
        nested(8),
        {"threshold": 9, "of": [A]},
    ],
    ids=range(14),
)
def test_a_policy_of_the_right_shape_and_size_is_accepted(members: dict[str, Any]) -> None:
    policy.check(rules(**members))


@pytest.mark.parametrize(
    "members",
    [
        {"threshold": 0, "of": [A]},
        {"threshold": -1, "of": [A]},
        {"threshold": 1, "of": []},
        {"threshold": 1, "of": [A, A]},
        {"threshold": 1, "of": [INVESTOR, INVESTOR]},
        *({"threshold": 1, "of": [member]} for member in ("", "a", "user", "user:", "role:")),
        {"threshold": 1, "of": ["user:a"]},
        {"threshold": 1, "of": [A.upper()]},
        {"threshold": 1, "of": [A.replace("-", "")]},
        {"threshold": 1, "of": [A + "\n"]},
        {"threshold": 1, "of": ["role:Creator"]},
        {"threshold": 1, "of": ["role:1st"]},
        {"threshold": 1, "of": ["role:" + "a" * 65]},
        {"threshold": 1, "of": ["group:a"]},
        {"threshold": 1, "of": [A], "veto": ["a"]},
        {"threshold": 1, "of": [A, {"threshold": 0, "of": [B]}]},
        {"threshold": 1, "of": [A, {"threshold": 1, "of": []}]},
    ],
    ids=range(21),
)
def test_a_policy_of_the_wrong_shape_is_refused(members: dict[str, Any]) -> None:
    with refused(MalformedError, "policy_invalid"):
        policy.check(rules(**members))


@pytest.mark.parametrize(
    "members",
    [
        {"threshold": 257, "of": [INVESTOR]},
        {"threshold": 1, "of": [{"threshold": 257, "of": [INVESTOR]}]},
        {"threshold": 1, "of": named(4097)},
        {"threshold": 1, "of": named(4096), "veto": [A]},
        {"threshold": 1, "of": [A, {"threshold": 1, "of": named(4096)}]},
        {"threshold": 1, "of": [{"threshold": 1, "of": [A]}] * 9},
        nested(9),
    ],
    ids=range(7),
)
def test_a_policy_above_the_limits_is_refused(members: dict[str, Any]) -> None:
    with refused(MalformedError, "policy_too_complex"):
        policy.check(rules(**members))


@FEW
@given(st.recursive(st.none() | st.integers() | st.text(), st.lists))
def test_garbage_is_no_policy(value: Any) -> None:
    raw = json.dumps({"threshold": 1, "of": value})
    with pytest.raises((msgspec.ValidationError, MalformedError)):
        policy.check(msgspec.json.decode(raw, type=Policy))


def test_a_policy_is_parsed_from_its_json_alone() -> None:
    whole = rules(threshold=1, of=[A])
    assert policy.parse(json.dumps({"threshold": 1, "of": [A]}).encode()) == whole
    for raw in (b"", b"[]", b'{"threshold":1}', b'{"threshold":0,"of":["role:creator"]}'):
        with pytest.raises(MalformedError):
            policy.parse(raw)


@pytest.mark.parametrize("name", ["auditor", "king"])
@pytest.mark.parametrize("where", ["of", "nested", "veto"])
def test_a_role_that_the_ledger_does_not_have_is_refused(name: str, where: str) -> None:
    member = f"role:{name}"
    of: Any = {"of": [member], "nested": [{"threshold": 1, "of": [member]}]}.get(where, [A])
    whole = rules(threshold=1, of=of, veto=[member] if where == "veto" else [])
    with refused(MalformedError, "policy_invalid"):
        policy.require_known_roles(whole, {"creator", "investor"})
    policy.require_known_roles(whole, {"creator", name})


# --- whom it names -------------------------------------------------------------------------------

TREE: dict[str, Any] = {
    "threshold": 2,
    "of": [A, {"threshold": 2, "of": [INVESTOR]}, {"threshold": 1, "of": [ADMINISTRATOR]}],
}


def test_members_are_those_of_all_nodes_without_veto() -> None:
    whole = rules(**TREE, veto=[C])
    assert policy.members(whole) == {A, INVESTOR, ADMINISTRATOR}


@pytest.mark.parametrize(
    ("member", "roles", "may"),
    [
        (A, {"creator"}, True),
        (A, set(), True),
        (B, {"investor"}, True),
        (B, {"creator"}, False),
        (C, {"investor", "auditor"}, True),
    ],
)
def test_people_whom_a_policy_names_may_approve(member: str, roles: Set[str], *, may: bool) -> None:
    assert policy.may_approve(rules(**TREE), member[5:], roles, creator="c") is may


def test_a_creator_may_approve_unless_the_policy_says_no() -> None:
    yes = rules(threshold=1, of=[A])
    no = rules(threshold=1, of=[A], creatorMaySign=False)
    assert policy.may_approve(yes, A[5:], {"creator"}, creator=A[5:]) is True
    assert policy.may_approve(no, A[5:], {"creator"}, creator=A[5:]) is False
    assert policy.may_approve(no, A[5:], {"creator"}, creator=B[5:]) is True


@pytest.mark.parametrize(
    ("member", "roles", "may"),
    [(A, set(), True), (B, {"administrator"}, True), (B, {"creator"}, False)],
)
def test_people_whom_the_veto_names_may_veto(member: str, roles: Set[str], *, may: bool) -> None:
    whole = rules(threshold=1, of=[CREATOR], veto=[A, ADMINISTRATOR])
    assert policy.may_veto(whole, member[5:], roles) is may


def test_nobody_may_veto_where_the_policy_names_nobody() -> None:
    assert policy.may_veto(rules(threshold=1, of=[A]), A[5:], {"creator"}) is False


# --- how many people it takes --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "least"),
    [
        ({"threshold": 1, "of": [A]}, 1),
        ({"threshold": 2, "of": [A, B, C]}, 2),
        ({"threshold": 5, "of": [INVESTOR]}, 5),
        ({"threshold": 2, "of": [A, INVESTOR, {"threshold": 9, "of": [INVESTOR]}]}, 2),
        ({"threshold": 2, "of": [A, {"threshold": 3, "of": [INVESTOR]}]}, 4),
        ({"threshold": 1, "of": [{"threshold": 3, "of": [INVESTOR]}]}, 3),
        (TREE, 2),
        ({"threshold": 2, "of": [A]}, None),
        ({"threshold": 2, "of": [A, {"threshold": 2, "of": [B]}]}, None),
    ],
    ids=range(9),
)
def test_the_least_number_of_people_is_the_sum_of_the_cheapest_members(
    members: dict[str, Any], least: int | None
) -> None:
    assert policy.min_people(rules(**members)) == least


@pytest.mark.parametrize("gone", [A, B, C])
@pytest.mark.parametrize(
    "members",
    [
        {"threshold": 2, "of": [A, B, C]},
        {"threshold": 1, "of": [A, {"threshold": 2, "of": [B, C]}]},
        {"threshold": 2, "of": [A, INVESTOR, {"threshold": 2, "of": [B, INVESTOR]}]},
    ],
    ids=range(3),
)
def test_a_person_who_is_gone_never_makes_a_policy_count_as_one_for_more_people(
    members: dict[str, Any], gone: str
) -> None:
    """The floor counts everybody named: without those who are gone it takes as many, or more."""
    least = policy.min_people(rules(**members))
    left = policy.min_people(rules(**_without(members, gone)))
    assert least is not None
    assert left is None or left >= least


def _without(node: dict[str, Any], gone: str) -> dict[str, Any]:
    members = [_without(e, gone) if isinstance(e, dict) else e for e in node["of"] if e != gone]
    return node | {"of": members}
