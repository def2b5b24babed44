"""Policies against a reference that knows nothing of ours: sets of people, tried one by one."""

from collections.abc import Mapping, Set
from itertools import chain, combinations
from typing import Any

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ledger.domain import policy
from ledger.domain.policy import Policy
from ledger.errors import LedgerError, MalformedError
from tests.support.refusals import refused
from tests.support.scene import ALICE, EVERYBODY, Scene, user

MANY = settings(max_examples=150, deadline=None)
NAMES = [user(each) for each in EVERYBODY]
VOTING = ["role:creator", "role:investor", "role:administrator"]
SIGNING = {"creator", "investor", "administrator"}
Node = dict[str, Any]

MEMBERS = st.sampled_from([*NAMES, *VOTING, "user:nobody"])
NODES: st.SearchStrategy[Node] = st.recursive(
    st.builds(
        lambda of, threshold: {"threshold": threshold, "of": of},
        st.lists(MEMBERS, min_size=1, max_size=4, unique=True),
        st.integers(1, 3),
    ),
    lambda inner: st.builds(
        lambda names, nodes, threshold: {"threshold": threshold, "of": names + nodes},
        st.lists(MEMBERS, max_size=3, unique=True),
        st.lists(inner, min_size=1, max_size=2),
        st.integers(1, 3),
    ),
    max_leaves=3,
)
PEOPLE = st.dictionaries(
    st.sampled_from([each.user for each in EVERYBODY]),
    st.sets(st.sampled_from(["creator", "investor", "administrator", "auditor"])),
)


def reference(node: Node, people: Mapping[str, Set[str]]) -> bool:
    """Tell whether the node is met, by its definition alone."""
    there = 0
    for someone, roles in people.items():
        named = f"user:{someone}" in node["of"]
        there += named or any(f"role:{role}" in node["of"] for role in roles)
    for member in node["of"]:
        if isinstance(member, dict):
            there += reference(member, people)
    return bool(there >= node["threshold"])


def names_of(node: Node) -> set[str]:
    parts = (names_of(each) if isinstance(each, dict) else {each} for each in node["of"])
    return set().union(*parts)


def subsets(people: Set[str]) -> Any:
    ordered = sorted(people)
    sizes = range(len(ordered) + 1)
    return chain.from_iterable(combinations(ordered, size) for size in sizes)


@MANY
@given(NODES, PEOPLE)
def test_a_policy_is_met_exactly_when_the_reference_says_so(
    node: Node, people: dict[str, set[str]]
) -> None:
    assert policy.met(msgspec.convert(node, Policy), people) is reference(node, people)


@MANY
@given(NODES, PEOPLE, PEOPLE)
def test_more_approvals_never_unmeet_a_policy(
    node: Node, people: dict[str, set[str]], more: dict[str, set[str]]
) -> None:
    rules = msgspec.convert(node, Policy)
    assume(policy.met(rules, people))
    assert policy.met(rules, more | people)


@MANY
@given(NODES)
def test_a_policy_is_refused_as_impossible_only_if_nobody_could_ever_meet_it(node: Node) -> None:
    crowd = {f"user {n}": {"creator", "investor", "administrator"} for n in range(12)}
    crowd |= {each.user: set() for each in EVERYBODY} | {"nobody": set()}
    rules = msgspec.convert(node, Policy)
    try:
        policy.check(rules)
    except MalformedError as error:
        # A node below may be impossible without making the whole so; it is a mistake all the same.
        refusal = error.code
    else:
        assert reference(node, crowd)
        return
    assert refusal == "policy_impossible"
    assert any(too_few(each) for each in all_nodes(node))


def all_nodes(node: Node) -> list[Node]:
    below = (all_nodes(each) for each in node["of"] if isinstance(each, dict))
    return [node, *chain.from_iterable(below)]


def too_few(node: Node) -> bool:
    roles = any(isinstance(each, str) and each.startswith("role:") for each in node["of"])
    return not roles and node["threshold"] > len(node["of"])


@MANY
@given(st.sets(st.sampled_from(NAMES), min_size=1), st.integers(1, 9))
def test_a_threshold_above_its_named_members_is_always_refused(named: set[str], above: int) -> None:
    rules = msgspec.convert({"threshold": len(named) + above, "of": sorted(named)}, Policy)
    with refused(MalformedError, "policy_impossible"):
        policy.check(rules)


@MANY
@given(
    node=NODES,
    creator_may_sign=st.booleans(),
    veto=st.lists(st.sampled_from([*NAMES, *VOTING]), max_size=1),
    decisions=st.lists(st.tuples(st.sampled_from(EVERYBODY), st.booleans()), max_size=7),
)
def test_a_rejection_ends_a_statement_exactly_when_nobody_left_could_meet_it(
    node: Node, *, creator_may_sign: bool, veto: list[str], decisions: list[tuple[Any, bool]]
) -> None:
    assume(not any(too_few(each) for each in all_nodes(node)))
    scene = Scene(node | {"creatorMaySign": creator_may_sign, "veto": veto})
    approved: dict[str, Set[str]] = {}
    against: set[str] = set()

    def could_still_be_met() -> bool:
        willing = {
            each.user
            for each in EVERYBODY
            if each.user not in against
            and (creator_may_sign or each is not ALICE)
            and each.roles & SIGNING
            and names_of(node) & {user(each), *(f"role:{role}" for role in each.roles)}
        }
        return any(
            reference(node, approved | {each: scene.people[each] for each in some})
            for some in subsets(willing)
        )

    for who, approves in decisions:
        try:
            event = scene.sign(who) if approves else scene.reject(who)
        except LedgerError:
            continue
        if approves:
            approved[who.user] = who.roles
            against.discard(who.user)
            assert (event.status == "approved") is reference(node, approved)
        else:
            against.add(who.user)
            vetoes = set(veto) & {user(who), *(f"role:{role}" for role in who.roles)}
            assert (event.status == "rejected") is (bool(vetoes) or not could_still_be_met())
