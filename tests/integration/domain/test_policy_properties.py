"""Policies against every assignment of people to places, over many small policies."""

from collections.abc import Set
from itertools import combinations, product
from typing import Any

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ledger.domain import places, policy, steps
from ledger.domain.policy import Policy
from ledger.errors import ConflictError, LedgerError
from ledger.jose import fillings
from tests.support.assignments import assigned, helpers, least_missing
from tests.support.scene import ALICE, EVERYBODY, Scene, user

MANY = settings(max_examples=300, deadline=None)
NAMES = [user(each) for each in EVERYBODY]
VOTING = ["role:creator", "role:investor", "role:administrator"]
SIGNING = {"creator", "investor", "administrator"}
Node = dict[str, Any]

MEMBERS = st.sampled_from([*NAMES, *VOTING])
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


def rules(node: Node) -> Policy:
    return msgspec.convert(node, Policy)


@MANY
@given(NODES, PEOPLE, PEOPLE)
def test_a_policy_is_decided_as_every_assignment_decides_it(
    node: Node, approvals: dict[str, set[str]], able: dict[str, set[str]]
) -> None:
    found = places.missing(rules(node), approvals, able)
    assert places.met(rules(node), approvals) is assigned(node, approvals)
    assert (found.people if found else None) == least_missing(node, approvals, able)
    helping = found.helping if found else frozenset()
    covered = {
        each for each in able if any(policy.covers(member, each, able[each]) for member in helping)
    }
    assert covered - approvals.keys() == helpers(node, approvals, able)


def test_every_policy_of_two_people_and_a_role_is_decided_so() -> None:
    """An exhaustive grid: every policy with one nested node, and every set of approvals."""
    members = ["user:a", "user:b", "role:x"]
    some = [[*each] for n in range(3) for each in combinations(members, n)]
    grid = [
        {"threshold": outer, "of": [*above, {"threshold": inner, "of": below}]}
        for outer, inner, above, below in product((1, 2), (1, 2), some, some)
        if below
    ]
    held: list[set[str]] = [set(), {"x"}]
    people = [
        {each: roles for each, roles in zip("abc", chosen, strict=True) if roles is not None}
        for chosen in product([None, *held], repeat=3)
    ]
    for node, approvals in product(grid, people):
        assert places.met(rules(node), approvals) is assigned(node, approvals)
    assert len(grid) * len(people) == 4536


@MANY
@given(NODES, PEOPLE, PEOPLE)
def test_more_approvals_never_unmeet_a_policy(
    node: Node, people: dict[str, set[str]], more: dict[str, set[str]]
) -> None:
    assume(places.met(rules(node), people))
    assert places.met(rules(node), more | people)


@MANY
@given(NODES, PEOPLE, st.sampled_from(EVERYBODY), st.sampled_from(sorted(SIGNING)))
def test_more_roles_never_unmeet_a_policy(
    node: Node, people: dict[str, set[str]], who: Any, role: str
) -> None:
    assume(places.met(rules(node), people))
    assert places.met(rules(node), people | {who.user: people.get(who.user, set()) | {role}})


@MANY
@given(NODES, PEOPLE)
def test_a_policy_is_never_met_by_fewer_people_than_its_threshold(
    node: Node, people: dict[str, set[str]]
) -> None:
    assume(places.met(rules(node), people))
    least = policy.min_people(rules(node))
    assert least is not None
    assert len(people) >= least >= node["threshold"]


@MANY
@given(NODES, PEOPLE, st.randoms(use_true_random=False))
def test_the_order_of_members_and_people_changes_nothing(
    node: Node, people: dict[str, set[str]], chosen: Any
) -> None:
    order = list(people.items())
    chosen.shuffle(order)
    turned = node | {"of": node["of"][::-1]}
    found = places.missing(rules(node), {}, people)
    assert places.missing(rules(turned), {}, dict(order)) == found


def sum_of(node: Node) -> int:
    below = (sum_of(each) for each in node["of"] if isinstance(each, dict))
    return int(node["threshold"]) + sum(below)


@MANY
@given(
    node=NODES,
    creator_may_sign=st.booleans(),
    veto=st.lists(st.sampled_from([*NAMES, *VOTING]), max_size=1),
    decisions=st.lists(st.tuples(st.sampled_from(EVERYBODY), st.booleans()), max_size=7),
)
def test_a_rejection_ends_a_statement_exactly_when_no_people_could_meet_it(
    node: Node, *, creator_may_sign: bool, veto: list[str], decisions: list[tuple[Any, bool]]
) -> None:
    never = frozenset() if creator_may_sign else {ALICE.user}
    assume(places.possible(rules(node), SIGNING, without=never))
    scene = Scene(node | {"creatorMaySign": creator_may_sign, "veto": veto})
    approved: dict[str, Set[str]] = {}
    against: set[str] = set()
    for who, approves in decisions:
        try:
            event = scene.sign(who) if approves else scene.reject(who)
        except LedgerError:
            continue
        if approves:
            approved[who.user] = who.roles
            against.discard(who.user)
            assert (event.status == "approved") is assigned(node, approved)
        else:
            against.add(who.user)
            vetoes = set(veto) & {user(who), *(f"role:{role}" for role in who.roles)}
            # As many newcomers for each role as the policy has places stand for any number.
            crowd: dict[str, Set[str]] = {each.user: set() for each in EVERYBODY}
            crowd = {each: crowd[each] for each in crowd.keys() - against - never} | approved
            crowd |= {f"{role}{n}": {role} for role in SIGNING for n in range(sum_of(node))}
            still = places.missing(rules(node), {}, crowd) is not None
            assert (event.status == "rejected") is (bool(vetoes) or not still)


# --- steps ----------------------------------------------------------------------------------------

# Whom the last step asks for is nobody in particular, so it needs none of the people below.
LAST: Node = {"threshold": 1, "of": ["role:administrator"]}
INVESTORS = st.dictionaries(
    st.sampled_from([each.user for each in EVERYBODY]),
    st.sets(st.sampled_from(["creator", "investor"])),
)


SOME = settings(max_examples=100, deadline=None)


def nodes_in(node: Node) -> int:
    return 1 + sum(nodes_in(each) for each in node["of"] if isinstance(each, dict))


def taken(whole: Policy, people: list[tuple[str, set[str]]]) -> steps.GivenApprovals:
    """Return the approvals that the steps take of people who approve in this order."""
    given = steps.GivenApprovals({}, {}, SIGNING, frozenset())
    for who, roles in people:
        if who in given.approvals:
            continue
        try:
            number = steps.require_open(whole, given, who, roles)
        except ConflictError:
            continue
        approvals, filled = {**given.approvals, who: roles}, {**given.steps, who: number}
        given = steps.GivenApprovals(approvals, filled, SIGNING, frozenset())
    return given


@SOME
@given(NODES, INVESTORS, st.randoms(use_true_random=False))
def test_the_order_within_a_step_decides_nothing(
    node: Node, people: dict[str, set[str]], chosen: Any
) -> None:
    whole = msgspec.convert({"steps": [node, LAST]}, Policy)
    assume(places.possible(whole, SIGNING))
    order = list(people.items())
    chosen.shuffle(order)
    given = taken(whole, order)
    first = steps.of_step(1, given.approvals, given.steps)
    assert places.met(rules(node), first) is assigned(node, people)


@SOME
@given(st.lists(NODES, min_size=2, max_size=3), st.lists(PEOPLE, max_size=2))
def test_steps_are_never_met_by_fewer_people_than_their_thresholds(
    nodes: list[Node], people: list[dict[str, set[str]]]
) -> None:
    assume(sum(map(nodes_in, nodes)) <= fillings.MAX_NESTED)
    whole = msgspec.convert({"steps": nodes}, Policy)
    assume(places.possible(whole, SIGNING))
    # Everybody tries twice: who is refused for a step may approve in a later one.
    given = taken(whole, [each for some in people for each in some.items()] * 2)
    met = [
        assigned(each, steps.of_step(n, given.approvals, given.steps))
        for n, each in enumerate(nodes, 1)
    ]
    assert places.met(whole, given.approvals, given.steps) is all(met)
    # A step has approvals only if those before it are met.
    assert met[: max([1, *given.steps.values()]) - 1].count(False) == 0
    if all(met):
        assert len(given.approvals) >= sum(sum_of_least(each) for each in nodes)


def sum_of_least(node: Node) -> int:
    return policy.min_people(rules(node)) or 0


@SOME
@given(st.lists(NODES, min_size=2, max_size=3), PEOPLE)
def test_an_approval_that_is_taken_leaves_the_steps_possible(
    nodes: list[Node], people: dict[str, set[str]]
) -> None:
    assume(sum(map(nodes_in, nodes)) <= fillings.MAX_NESTED)
    whole = msgspec.convert({"steps": nodes}, Policy)
    assume(places.possible(whole, SIGNING))
    given = taken(whole, list(people.items()))
    assert places.possible(whole, SIGNING, approvals=given.approvals, steps=given.steps)
