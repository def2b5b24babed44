"""Places: each person fills one, so a policy of n is never met by fewer than n people."""

import json
from collections.abc import Set
from pathlib import Path
from time import process_time
from typing import Any

import msgspec
import pytest

from ledger.domain import places, policy
from ledger.domain.places import Missing
from ledger.domain.policy import Policy
from ledger.errors import MalformedError
from tests.support.refusals import refused
from tests.vectors.places.make import IDS, PATH, everybody, expected, node

CASES: list[Any] = json.loads(Path(PATH).read_text())
BOARD, LEGAL = "role:board", "role:legal"
A, B, C, D = (IDS[letter] for letter in "abcd")


def rules(threshold: int, *of: Any, **members: Any) -> Policy:
    return msgspec.convert({"threshold": threshold, "of": of} | members, Policy)


def group(threshold: int, *of: Any) -> dict[str, Any]:
    return {"threshold": threshold, "of": list(of)}


def people(**roles: str) -> dict[str, set[str]]:
    return {IDS[letter]: set(held.split()) for letter, held in roles.items()}


# --- every case decided by trying all assignments -------------------------------------------------


def test_every_case_is_decided_as_trying_all_assignments_decides_it() -> None:
    differ = [case for case in CASES if decided(case) != case[5]]
    assert (differ, len(CASES)) == ([], 3000)


def test_the_cases_are_those_that_are_written_and_say_enough() -> None:
    assert all(expected(case) == case[5] for case in CASES[::30])
    outcomes = {(case[5][0], case[5][1] is None, bool(case[5][2]), case[5][3]) for case in CASES}
    assert len(outcomes) == 5
    assert {case[5][1] for case in CASES} == {None, 0, 1, 2, 3, 4}


def decided(case: list[Any]) -> list[Any]:
    """Return what the rules say of a case of the vectors."""
    short, approved, willing, open_roles, rejecters, _ = case
    whole = msgspec.convert(node(short), Policy)
    approvals, able = everybody(approved), everybody(willing)
    found = places.missing(whole, approvals, able)
    helping = [
        letter
        for letter, user in IDS.items()
        if found and user in able.keys() - approvals.keys()
        if any(policy.covers(member, user, able[user]) for member in found.helping)
    ]
    without = {IDS[each] for each in rejecters}
    return [
        places.met(whole, approvals),
        None if found is None else found.people,
        "".join(helping),
        places.possible(whole, set(open_roles), approvals=approvals, without=without),
    ]


# --- what it means in examples --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("whole", "approvals", "met"),
    [
        (rules(1, f"user:{A}"), {}, False),
        (rules(1, f"user:{A}"), people(a=""), True),
        (rules(1, f"user:{A}"), people(b=""), False),
        (rules(2, BOARD, LEGAL), people(a="board"), False),
        (rules(2, BOARD, LEGAL), people(a="board legal"), False),
        (rules(2, BOARD, LEGAL), people(a="board", b="board"), True),
        (rules(2, f"user:{A}", BOARD), people(a="board"), False),
        (rules(2, f"user:{A}", group(1, BOARD)), people(a="board"), False),
        (rules(2, group(1, BOARD), group(1, LEGAL)), people(a="board legal"), False),
        (rules(2, group(1, BOARD), group(1, LEGAL)), people(a="board legal", b="board"), True),
        (rules(2, group(1, BOARD), group(1, LEGAL)), people(a="board", b="board"), False),
        (rules(1, group(2, BOARD)), people(a="board"), False),
        (rules(2, f"user:{A}", LEGAL), people(b="legal", c="legal"), True),
    ],
    ids=range(13),
)
def test_a_policy_is_met_by_people_who_each_fill_one_place(
    whole: Policy, approvals: dict[str, Set[str]], *, met: bool
) -> None:
    assert places.met(whole, approvals) is met


def test_those_who_can_help_are_those_who_lower_what_is_missing() -> None:
    whole = rules(2, group(1, BOARD), group(1, LEGAL))
    both = people(a="board legal")
    able = people(a="board legal", b="board", c="legal", d="other")
    assert places.missing(whole, {}, able) == Missing(2, frozenset({BOARD, LEGAL}))
    # The first person can fill a place of either group.
    assert places.missing(whole, both, able) == Missing(1, frozenset({BOARD, LEGAL}))
    assert places.missing(whole, people(b="board"), able) == Missing(1, frozenset({LEGAL}))
    assert places.missing(whole, people(b="board", c="legal"), able) == Missing(0, frozenset())


def test_nobody_is_missing_where_todays_people_cannot_meet_it() -> None:
    whole = rules(2, BOARD, f"user:{A}")
    assert places.missing(whole, {}, people(b="board")) is None
    assert places.missing(whole, {}, people(a="", b="board")) == Missing(
        2, frozenset({BOARD, f"user:{A}"})
    )
    assert places.missing(whole, {}, people(a="", b="board"), {A}) is None


def test_an_approval_counts_with_the_roles_it_was_given_with() -> None:
    whole = rules(2, BOARD)
    assert places.missing(whole, people(a="board"), people(a="", b="board")) == Missing(
        1, frozenset({BOARD})
    )


# --- what no people could meet --------------------------------------------------------------------


@pytest.mark.parametrize(
    "whole",
    [
        rules(2, f"user:{A}"),
        rules(3, f"user:{A}", f"user:{B}"),
        rules(2, f"user:{A}", group(1, f"user:{A}")),
        rules(2, group(1, f"user:{A}"), group(1, f"user:{A}")),
        rules(2, group(1, BOARD)),
        rules(1, "role:closed"),
        rules(2, f"user:{A}", "role:closed"),
        rules(1, f"user:{D}", creatorMaySign=False),
    ],
    ids=range(8),
)
def test_a_policy_that_no_people_could_meet_is_refused(whole: Policy) -> None:
    with refused(MalformedError, "policy_impossible"):
        places.require_possible(whole, D, {"board", "legal"})


@pytest.mark.parametrize(
    "whole",
    [
        rules(2, f"user:{A}", LEGAL),
        rules(256, LEGAL),
        rules(2, f"user:{A}", group(1, LEGAL)),
        rules(1, f"user:{A}", group(2, f"user:{B}")),
        rules(1, f"user:{D}"),
        rules(1, LEGAL, creatorMaySign=False),
        rules(9, BOARD, *(group(256, LEGAL) for _ in range(8))),
    ],
    ids=range(7),
)
def test_a_policy_that_people_could_meet_one_day_is_accepted(whole: Policy) -> None:
    places.require_possible(whole, D, {"board", "legal"})


def test_who_holds_a_closed_role_and_approved_before_still_counts() -> None:
    whole = rules(2, "role:closed", f"user:{A}")
    given = people(b="closed")
    assert places.possible(whole, set(), approvals=given)
    assert not places.possible(whole, set(), approvals=given, without={A})


# --- the largest ----------------------------------------------------------------------------------


def test_the_largest_policy_is_decided_in_milliseconds() -> None:
    ids = [f"00000000-0000-4000-8000-{number:012x}" for number in range(4096)]
    named = [f"user:{each}" for each in ids]
    groups = [group(40, f"role:r{n}", *named[n * 455 : (n + 1) * 455]) for n in range(8)]
    whole = rules(8, BOARD, *named[3640:4087], *groups)
    policy.check(whole)
    approvals = {ids[n * 15]: {f"r{bit}" for bit in range(8) if n >> bit & 1} for n in range(256)}
    able = dict.fromkeys(ids, frozenset({"board", "r1"}))
    began = process_time()
    places.met(whole, approvals)
    places.missing(whole, approvals, able)
    places.possible(whole, {"board"}, approvals=approvals, without=set(ids[:9]))
    assert process_time() - began < 0.5  # 20 ms where nothing else runs
