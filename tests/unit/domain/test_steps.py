"""Steps: one after the other, each person in one of them, and nobody whom a later one needs."""

import json
from collections.abc import Set
from time import process_time
from typing import Any

import msgspec
import pytest

from ledger.domain import places, policy, steps
from ledger.domain.policy import Policy
from ledger.errors import ConflictError, ForbiddenError, MalformedError
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB, CAROL, DAVE, ERIN, Scene, user
from tests.vectors.places.make import IDS, PEOPLE, everybody, node
from tests.vectors.steps.make import DECIDED, expected

DECISIONS: list[Any] = json.loads(DECIDED.read_text())
INVESTOR, ADMINISTRATOR, CREATOR = "role:investor", "role:administrator", "role:creator"


def one_of(*members: Any) -> dict[str, Any]:
    return {"threshold": 1, "of": list(members)}


def two_of(*members: Any) -> dict[str, Any]:
    return {"threshold": 2, "of": list(members)}


def scene(*nodes: dict[str, Any], **members: Any) -> Scene:
    return Scene({"steps": list(nodes)} | members)


# --- every case decided by trying all assignments -------------------------------------------------


@pytest.mark.slow
def test_every_decision_is_as_trying_all_assignments_decides_it() -> None:
    differ = [case for case in DECISIONS if decided(case) != case[4]]
    assert (differ, len(DECISIONS)) == ([], 1500)


def test_the_cases_are_those_that_are_written_and_say_enough() -> None:
    assert all(expected(case) == case[4] for case in DECISIONS[::30])
    said = {each for case in DECISIONS for each in case[4]}
    assert said == {"1", "2", "3", "2!", "3!", "no", "no!"} | {
        "step_closed",
        "not_needed",
        "needed_later",
    }


def decided(case: list[Any]) -> list[str]:
    """Return what the rules say of each decision of a case of the vectors."""
    short, held, open_roles, decisions, _ = case
    whole = msgspec.convert({"steps": [node(each) for each in short]}, Policy)
    roles = everybody(dict.fromkeys(PEOPLE, "") | held)
    approved: dict[str, Set[str]] = {}
    filled: dict[str, int] = {}
    against: set[str] = set()
    found: list[str] = []
    for letter, sign in decisions:
        who = IDS[letter]
        given = steps.GivenApprovals(approved, filled, set(open_roles), against)
        if sign == "-":
            against = against | {who}
            others = places.possible(
                whole, set(open_roles), approvals=approved, steps=filled, without=against
            )
            found.append("no" if others else "no!")
            continue
        refusal = steps.Refusals(whole, given).of(who, roles[who])
        if refusal is not None:
            found.append(refusal)
            continue
        number = steps.require_open(whole, given, who, roles[who])
        approved, filled = approved | {who: roles[who]}, filled | {who: number}
        against = against - {who}
        found.append(f"{number}{'!' if places.met(whole, approved, filled) else ''}")
    return found


# --- shape ----------------------------------------------------------------------------------------

A, B = (f"user:{IDS[letter]}" for letter in "ab")


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"steps": [one_of(A)]}, "policy_invalid"),
        ({"steps": []}, "policy_invalid"),
        ({}, "policy_invalid"),
        ({"threshold": 1}, "policy_invalid"),
        ({"of": [A]}, "policy_invalid"),
        ({"steps": [one_of(A)] * 2, "threshold": 2}, "policy_invalid"),
        ({"steps": [one_of(A)] * 2, "of": [A]}, "policy_invalid"),
        ({"steps": [one_of(A), one_of()]}, "policy_invalid"),
        ({"steps": [one_of(A), one_of("role:B")]}, "policy_invalid"),
        ({"steps": [one_of(A)] * 9}, "policy_too_complex"),
        ({"steps": [one_of(A)] * 6 + [one_of(one_of(one_of(A)))]}, "policy_too_complex"),
        ({"steps": [one_of(A), {"threshold": 257, "of": [INVESTOR]}]}, "policy_too_complex"),
    ],
    ids=range(12),
)
def test_steps_of_the_wrong_shape_are_refused(members: dict[str, Any], code: str) -> None:
    with refused(MalformedError, code):
        policy.check(msgspec.convert(members, Policy))


def test_eight_steps_are_accepted_and_their_people_add() -> None:
    whole = msgspec.convert({"steps": [two_of(INVESTOR)] * 8}, Policy)
    policy.check(whole)
    assert policy.min_people(whole) == 16


@pytest.mark.parametrize(
    "nodes",
    [
        [one_of(user(BOB)), one_of(user(BOB))],
        [two_of(user(BOB), user(CAROL)), one_of(user(BOB), user(CAROL))],
        [one_of(INVESTOR), two_of(user(BOB))],
    ],
)
def test_steps_that_no_people_could_meet_are_refused_at_the_draft(
    nodes: list[dict[str, Any]],
) -> None:
    with refused(MalformedError, "policy_impossible"):
        scene(*nodes)


def test_a_creator_who_may_not_sign_meets_no_step() -> None:
    nodes = [one_of(INVESTOR), one_of(user(ALICE))]
    scene(*nodes)
    with refused(MalformedError, "policy_impossible"):
        scene(*nodes, creatorMaySign=False)


# --- decisions ------------------------------------------------------------------------------------


def test_each_step_opens_when_the_one_before_it_is_met() -> None:
    told = scene(two_of(INVESTOR), one_of(ADMINISTRATOR), one_of(CREATOR))
    for early in (DAVE, ALICE):
        with refused(ConflictError, "step_closed"):
            told.sign(early)
    assert [told.sign(BOB).step, told.sign(CAROL).step] == [1, 1]
    with refused(ConflictError, "step_closed"):
        told.sign(ALICE)
    assert (told.sign(DAVE).step, told.status) == (2, "pending")
    assert (told.sign(ALICE).step, told.status) == (3, "approved")


def test_one_person_fills_no_places_of_two_steps() -> None:
    told = scene(one_of(INVESTOR), one_of(INVESTOR))
    assert told.sign(BOB).status == "pending"
    with refused(ConflictError, "already_approved"):
        told.sign(BOB)
    assert told.sign(CAROL).status == "approved"


def test_an_approval_that_fills_no_place_is_refused() -> None:
    told = scene(two_of(one_of(INVESTOR), ADMINISTRATOR), one_of(CREATOR))
    told.sign(BOB)
    with refused(ConflictError, "not_needed"):
        told.sign(CAROL)
    told.sign(DAVE)
    told.sign(ALICE)
    with refused(ConflictError, "not_needed"):
        told.sign(CAROL)


def test_an_approval_that_a_later_step_needs_is_refused() -> None:
    told = scene(one_of(user(BOB), user(CAROL)), one_of(user(BOB)))
    with refused(ConflictError, "needed_later"):
        told.sign(BOB)
    told.sign(CAROL)
    assert told.sign(BOB).status == "approved"


def test_a_step_waits_for_no_choice_of_an_early_approver() -> None:
    """Bob's approval began one way to meet the step; Carol's helps on the other."""
    ways = one_of(two_of(user(BOB), user(ERIN)), two_of(user(CAROL), user(DAVE)))
    told = scene(ways, one_of(CREATOR))
    assert [told.sign(each).step for each in (BOB, CAROL, DAVE, ALICE)] == [1, 1, 1, 2]
    assert told.status == "approved"


def test_somebody_who_rejected_is_not_counted_on_for_a_later_step() -> None:
    told = scene(one_of(user(BOB), INVESTOR), one_of(user(BOB), user(DAVE)))
    told.reject(DAVE)
    with refused(ConflictError, "needed_later"):
        told.sign(BOB)
    told.sign(CAROL)
    assert told.sign(BOB).status == "approved"


def test_people_of_every_step_can_reject_at_any_time() -> None:
    told = scene(one_of(INVESTOR), one_of(user(DAVE), CREATOR))
    assert told.reject(DAVE).status == "pending"
    assert scene(one_of(INVESTOR), one_of(user(DAVE))).reject(DAVE).status == "rejected"
    told = scene(one_of(INVESTOR), one_of(CREATOR), veto=[user(DAVE)])
    assert told.reject(DAVE).status == "rejected"


def test_whom_no_step_names_is_no_signer() -> None:
    with refused(ForbiddenError, "not_a_signer"):
        scene(one_of(INVESTOR), one_of(CREATOR)).sign(DAVE)


def test_a_step_opens_again_when_its_approval_comes_into_question() -> None:
    told = scene(one_of(INVESTOR), one_of(ADMINISTRATOR), one_of(CREATOR))
    told.sign(BOB)
    told.sign(DAVE)
    told.known[BOB.user] = compromised(BOB)
    with refused(ConflictError, "step_closed"):
        told.sign(ALICE)
    assert told.sign(CAROL).step == 1
    assert told.sign(ALICE).status == "approved"


def test_an_approved_statement_takes_an_approval_for_the_one_in_question() -> None:
    told = scene(one_of(INVESTOR), one_of(ADMINISTRATOR))
    told.sign(BOB)
    told.sign(DAVE)
    told.known[BOB.user] = compromised(BOB)
    assert (told.sign(CAROL).step, told.status) == (1, "approved")
    assert places.met(
        told.statement.policy,
        {CAROL.user: CAROL.roles, DAVE.user: DAVE.roles},
        {CAROL.user: 1, DAVE.user: 2},
    )


def compromised(who: Any) -> Any:
    key = msgspec.structs.replace(
        who.person.keys[who.key.kid], compromised_since="2026-01-01T00:00:00.000Z"
    )
    return msgspec.structs.replace(who.person, keys={who.key.kid: key})


# --- progress -------------------------------------------------------------------------------------


def test_only_people_of_the_open_step_can_help() -> None:
    whole = msgspec.convert({"steps": [one_of(A, INVESTOR), two_of(INVESTOR, B)]}, Policy)
    a, b, c = IDS["a"], IDS["b"], IDS["c"]
    able: dict[str, Set[str]] = {a: set(), b: set(), c: {"investor"}}
    found = places.missing(whole, {}, able)
    assert found == places.Missing(3, frozenset({A, INVESTOR}))
    found = places.missing(whole, {a: set()}, able, steps={a: 1})
    assert found == places.Missing(2, frozenset({B, INVESTOR}))
    assert places.missing(whole, {c: {"investor"}}, able, steps={c: 1}) is None


# --- the largest ----------------------------------------------------------------------------------


def test_the_largest_policy_with_steps_is_decided_in_milliseconds() -> None:
    """Two steps with three nested nodes each, 4,096 members, 256 approvals."""
    ids = [f"00000000-0000-4000-8000-{number:012x}" for number in range(4096)]
    named = [f"user:{each}" for each in ids]
    nested = [{"threshold": 40, "of": named[n * 600 : (n + 1) * 600]} for n in range(6)]
    nodes = [
        {"threshold": 160, "of": [*named[3600 + 240 * n : 3840 + 240 * n], *nested[n::2]]}
        for n in range(2)
    ]
    whole = msgspec.convert({"steps": nodes}, Policy)
    policy.check(whole)
    approvals: dict[str, Set[str]] = {each: frozenset() for each in ids[3600:3755]}
    given = steps.GivenApprovals(approvals, dict.fromkeys(approvals, 1), {"investor"}, frozenset())
    began = process_time()
    assert steps.require_open(whole, given, ids[3760], frozenset()) == 1
    places.missing(whole, approvals, dict.fromkeys(ids, frozenset()), steps=given.steps)
    assert process_time() - began < 0.5  # 12 ms where nothing else runs
