"""Policies: what can be met, and when it is."""

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


def rules(**members: Any) -> Policy:
    return msgspec.convert(members, Policy)


def nested(levels: int) -> dict[str, Any]:
    node: dict[str, Any] = {"threshold": 1, "of": ["user:a"]}
    for _ in range(levels - 1):
        node = {"threshold": 1, "of": [node]}
    return node


# --- what is accepted ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "members",
    [
        {"threshold": 1, "of": ["user:a"]},
        {"threshold": 2, "of": [CREATOR, INVESTOR]},
        {"threshold": 2, "of": [INVESTOR]},
        {"threshold": 1000, "of": [INVESTOR, "user:a"]},
        {"threshold": 2, "of": ["user:a", {"threshold": 1, "of": ["user:a"]}]},
        {"threshold": 2, "of": [{"threshold": 1, "of": ["user:a"]}] * 2},
        {"threshold": 1, "of": [ADMINISTRATOR], "veto": [CREATOR, "user:a"]},
        {"threshold": 1, "of": ["user:a"], "creatorMaySign": False, "assurance": "passkey"},
        {"threshold": 1, "of": [f"user:{n}" for n in range(256)]},
        {"threshold": 1, "of": [f"user:{n}" for n in range(128)], "veto": ["user:a"] * 128},
        nested(8),
    ],
    ids=range(11),
)
def test_a_policy_that_could_be_met_is_accepted(members: dict[str, Any]) -> None:
    policy.check(rules(**members))


@pytest.mark.parametrize(
    "members",
    [
        {"threshold": 0, "of": ["user:a"]},
        {"threshold": -1, "of": ["user:a"]},
        {"threshold": 1, "of": []},
        {"threshold": 1, "of": ["user:a", "user:a"]},
        {"threshold": 1, "of": [INVESTOR, INVESTOR]},
        {"threshold": 1, "of": ["user:"]},
        {"threshold": 1, "of": ["user"]},
        {"threshold": 1, "of": [""]},
        {"threshold": 1, "of": ["a"]},
        {"threshold": 1, "of": ["role:"]},
        {"threshold": 1, "of": ["role:auditor"]},
        {"threshold": 1, "of": ["role:Creator"]},
        {"threshold": 1, "of": ["group:a"]},
        {"threshold": 1, "of": ["user:a"], "veto": ["role:auditor"]},
        {"threshold": 1, "of": ["user:a"], "veto": ["a"]},
        {"threshold": 1, "of": ["user:a", {"threshold": 0, "of": ["user:b"]}]},
        {"threshold": 1, "of": ["user:a", {"threshold": 1, "of": ["role:auditor"]}]},
        {"threshold": 1, "of": [f"user:{n}" for n in range(257)]},
        {"threshold": 1, "of": [f"user:{n}" for n in range(256)], "veto": ["user:a"]},
        {"threshold": 1, "of": [{"threshold": 1, "of": [f"user:{n}" for n in range(256)]}]},
        nested(9),
    ],
    ids=range(21),
)
def test_a_policy_of_the_wrong_shape_or_size_is_refused(members: dict[str, Any]) -> None:
    with refused(MalformedError, "policy_invalid"):
        policy.check(rules(**members))


@pytest.mark.parametrize(
    "members",
    [
        {"threshold": 2, "of": ["user:a"]},
        {"threshold": 3, "of": ["user:a", "user:b"]},
        {"threshold": 2, "of": [{"threshold": 1, "of": [INVESTOR]}]},
        {"threshold": 1, "of": [INVESTOR, {"threshold": 2, "of": ["user:a"]}]},
        {"threshold": 1, "of": [{"threshold": 1, "of": [{"threshold": 9, "of": ["user:a"]}]}]},
    ],
    ids=range(5),
)
def test_a_threshold_above_its_named_members_is_refused(members: dict[str, Any]) -> None:
    with refused(MalformedError, "policy_impossible"):
        policy.check(rules(**members))


# --- when it is met ------------------------------------------------------------------------------

ALICE, BOB, CAROL = {"a": {"creator"}}, {"b": {"investor"}}, {"c": {"investor"}}
BOTH = {"d": {"creator", "investor"}}
TREE: dict[str, Any] = {
    "threshold": 2,
    "of": ["user:a", {"threshold": 2, "of": [INVESTOR]}, {"threshold": 1, "of": [ADMINISTRATOR]}],
}


@pytest.mark.parametrize(
    ("members", "people", "met"),
    [
        ({"threshold": 1, "of": ["user:a"]}, {}, False),
        ({"threshold": 1, "of": ["user:a"]}, ALICE, True),
        ({"threshold": 1, "of": ["user:a"]}, BOB, False),
        ({"threshold": 2, "of": [CREATOR, INVESTOR]}, ALICE, False),
        ({"threshold": 2, "of": [CREATOR, INVESTOR]}, ALICE | BOB, True),
        ({"threshold": 2, "of": [CREATOR, INVESTOR]}, BOB | CAROL, True),
        ({"threshold": 2, "of": [CREATOR, INVESTOR]}, BOTH, False),
        ({"threshold": 2, "of": ["user:d", CREATOR]}, BOTH, False),
        ({"threshold": 2, "of": ["user:d", {"threshold": 1, "of": [CREATOR]}]}, BOTH, True),
        ({"threshold": 2, "of": [INVESTOR]}, BOB, False),
        ({"threshold": 2, "of": [INVESTOR]}, BOB | CAROL, True),
        ({"threshold": 1, "of": [ADMINISTRATOR]}, ALICE | BOB | CAROL, False),
        (TREE, ALICE, False),
        (TREE, BOB | CAROL, False),
        (TREE, ALICE | BOB, False),
        (TREE, ALICE | BOB | CAROL, True),
        (TREE, ALICE | {"e": {"administrator"}}, True),
        (TREE, {"a": {"administrator"}}, True),
        ({"threshold": 1, "of": ["user:b"]}, {"b": set()}, True),
        ({"threshold": 1, "of": ["user:role:investor"]}, BOB, False),
    ],
    ids=range(20),
)
def test_a_policy_is_met_by_enough_distinct_people(
    members: dict[str, Any], people: dict[str, Set[str]], *, met: bool
) -> None:
    assert policy.met(rules(**members), people) is met


def test_a_count_is_of_people_and_of_nested_nodes_that_are_met() -> None:
    assert policy.count(rules(**TREE), ALICE | BOB) == 1
    assert policy.count(rules(**TREE), ALICE | BOB | CAROL) == 2
    assert policy.count(rules(threshold=1, of=[INVESTOR, CREATOR]), BOTH | BOB) == 2


def test_members_are_those_of_all_nodes_without_veto() -> None:
    whole = rules(**TREE, veto=["user:z"])
    assert policy.members(whole) == {"user:a", INVESTOR, ADMINISTRATOR}


@pytest.mark.parametrize(
    ("user", "roles", "may"),
    [
        ("a", {"creator"}, True),
        ("a", set(), True),
        ("b", {"investor"}, True),
        ("b", {"creator"}, False),
        ("z", {"investor", "auditor"}, True),
    ],
)
def test_whoever_a_policy_covers_may_approve(user: str, roles: Set[str], *, may: bool) -> None:
    assert policy.may_approve(rules(**TREE), user, roles, creator="c") is may


def test_a_creator_may_approve_unless_the_policy_says_no() -> None:
    yes = rules(threshold=1, of=["user:a"])
    no = rules(threshold=1, of=["user:a"], creatorMaySign=False)
    assert policy.may_approve(yes, "a", {"creator"}, creator="a") is True
    assert policy.may_approve(no, "a", {"creator"}, creator="a") is False
    assert policy.may_approve(no, "a", {"creator"}, creator="b") is True


@pytest.mark.parametrize(
    ("user", "roles", "may"),
    [("a", set(), True), ("b", {"administrator"}, True), ("b", {"creator"}, False)],
)
def test_whoever_the_veto_covers_may_veto(user: str, roles: Set[str], *, may: bool) -> None:
    whole = rules(threshold=1, of=[CREATOR], veto=["user:a", ADMINISTRATOR])
    assert policy.may_veto(whole, user, roles) is may


def test_nobody_may_veto_where_the_policy_names_nobody() -> None:
    assert policy.may_veto(rules(threshold=1, of=["user:a"]), "a", {"creator"}) is False


@FEW
@given(st.recursive(st.none() | st.integers() | st.text(), st.lists))
def test_garbage_is_no_policy(value: Any) -> None:
    raw = json.dumps({"threshold": 1, "of": value})
    with pytest.raises((msgspec.ValidationError, MalformedError)):
        policy.check(msgspec.json.decode(raw, type=Policy))


def test_a_policy_is_parsed_from_its_json_alone() -> None:
    whole = rules(threshold=1, of=["user:a"])
    assert policy.parse(b'{"threshold":1,"of":["user:a"]}') == whole
    for raw in (b"", b"[]", b'{"threshold":1}', b'{"threshold":2,"of":["user:a"]}'):
        with pytest.raises(MalformedError):
            policy.parse(raw)


def test_a_nested_node_counts_as_one_member() -> None:
    inner = [{"threshold": 1, "of": [f"user:{n}"]} for n in range(128)]
    policy.check(rules(threshold=1, of=inner))
    with refused(MalformedError, "policy_invalid"):
        policy.check(rules(threshold=1, of=[*inner, "user:x"]))


def test_a_users_id_may_have_a_colon() -> None:
    policy.check(rules(threshold=1, of=["user:a:b"]))
    assert policy.covers("user:a:b", "a:b", set())
    assert not policy.covers("user:a:b", "b", set())


def test_whoever_a_nested_node_names_may_approve() -> None:
    whole = rules(threshold=1, of=[{"threshold": 1, "of": ["user:a"]}])
    assert policy.may_approve(whole, "a", set(), creator="c")
    assert not policy.may_approve(whole, "b", set(), creator="c")
