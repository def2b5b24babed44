"""Given people and a policy that is being written, when asked, then who of today could approve."""

import json
from typing import Any

from ledger.domain import policy
from ledger.errors import MalformedError
from projections import prospects
from projections.prospects import Prospect
from projections.users import NamedPerson
from tests.support.refusals import refused
from tests.support.story import Story, time_at

ALICE, BOB, CAROL = (f"00000000-0000-000{n}-0000-00000000000{n}" for n in (2, 3, 4))
alice, bob, carol = (
    NamedPerson(user, name) for user, name in ((ALICE, "Alice"), (BOB, "Bob"), (CAROL, "Carol"))
)


def ask(story: Story, threshold: int, *of: Any, **more: Any) -> Prospect:
    rules = policy.parse(json.dumps({"threshold": threshold, "of": of, **more}).encode())
    at = story.head()
    return prospects.of(story.views(), rules, ALICE, at=at, now=time_at(at))


def test_people_who_can_approve_are_named_in_the_order_of_their_names(story: Story) -> None:
    assert ask(story, 2, "role:investor", f"user:{ALICE}") == Prospect(
        is_meetable=True, able=[alice, bob, carol], has_more=False, unable=[]
    )


def test_a_policy_for_more_people_than_there_are_cannot_be_met(story: Story) -> None:
    assert ask(story, 3, "role:investor") == Prospect(
        is_meetable=False, able=[bob, carol], has_more=False, unable=[]
    )


def test_each_person_fills_one_place_also_in_groups_of_groups(story: Story) -> None:
    group = {"threshold": 2, "of": ["role:investor", f"user:{BOB}"]}
    assert ask(story, 2, group, "role:creator").is_meetable
    assert not ask(story, 3, group, f"user:{BOB}", f"user:{CAROL}").is_meetable


def test_a_role_that_nobody_has_is_named(story: Story) -> None:
    found = ask(story, 1, "role:administrator", "role:creator")
    assert (found.is_meetable, found.unable) == (True, ["role:administrator"])


def test_a_role_that_no_draft_may_name_is_refused_before_anybody_is_counted(story: Story) -> None:
    for role in ("board", "auditor"):
        with refused(MalformedError, "policy_invalid"):
            ask(story, 1, f"role:{role}", "role:creator")


def test_a_creator_who_may_not_sign_is_not_counted(story: Story) -> None:
    assert ask(story, 1, "role:creator", creatorMaySign=False) == Prospect(
        is_meetable=False, able=[], has_more=False, unable=["role:creator"]
    )


def test_somebody_who_is_suspended_is_not_counted(story: Story) -> None:
    story.set_standing(BOB, "suspended")
    found = ask(story, 1, f"user:{BOB}")
    assert (found.is_meetable, found.able, found.unable) == (False, [], [f"user:{BOB}"])


def test_six_people_are_named_and_others_are_said_to_be_there(story: Story) -> None:
    for number in range(6):
        story.person(f"Dan {number}", "investor")
    found = ask(story, 7, "role:investor")
    assert (found.is_meetable, len(found.able), found.has_more) == (True, 6, True)
