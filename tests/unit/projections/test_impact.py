"""Given pending statements, when a change is planned, then which of them nobody could approve."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from ledger.domain.events import (
    CompromiseSet,
    Effect,
    GovernanceSet,
    RoleClosed,
    RoleEnded,
    RoleGranted,
    StandingSet,
)
from ledger.domain.policy import Node
from projections import inbox
from projections.impact import Impact, NamedStatement, impact
from tests.support.readers import AUDITOR
from tests.support.story import BOTH_ROLES, LEDGER_STREAM, Story, time_at

CHANGE = ""
CHANGES = {"name": "ledger/change", "version": 1}
TWO_INVESTORS = {"threshold": 2, "of": ["role:investor"]}


class World:
    """Ada, who creates; Bob and Chao, investors."""

    def __init__(self) -> None:
        self.story = Story()
        self.ada = self.story.person("Ada", "creator")
        self.bob = self.story.person("Bob", "investor")
        self.chao = self.story.person("Chao", "investor")

    def draft(self, policy: dict[str, Any], title: str = "Terms") -> NamedStatement:
        return NamedStatement(self.story.draft(self.ada, title, policy), title)

    def lost(self, *effects: Effect) -> list[NamedStatement]:
        return self.impact(effects).statements

    def impact(self, effects: Sequence[Effect]) -> Impact:
        db = self.story.views()
        return impact(db, effects, AUDITOR, at=self.story.head(), now=time_at(0))


@pytest.fixture
def world() -> World:
    return World()


def to_person(user: str, body: RoleGranted | RoleEnded | StandingSet | CompromiseSet) -> Effect:
    return Effect(UUID(user), body)


def test_a_statement_that_needs_everybody_is_lost_with_one_of_them(world: World) -> None:
    terms = world.draft(TWO_INVESTORS)
    for body in (StandingSet(CHANGE, "suspended"), RoleEnded(CHANGE, "investor")):
        assert world.lost(to_person(world.bob, body)) == [terms]
    assert world.lost(Effect(LEDGER_STREAM, RoleClosed(CHANGE, "investor"))) == [terms]


def test_a_person_is_missed_by_name_as_by_role(world: World) -> None:
    named = world.draft({"threshold": 1, "of": [f"user:{world.bob}"]})
    assert world.lost(to_person(world.bob, StandingSet(CHANGE, "deactivated"))) == [named]
    assert world.lost(to_person(world.chao, StandingSet(CHANGE, "deactivated"))) == []


def test_a_statement_that_others_can_meet_is_not_lost(world: World) -> None:
    world.draft({"threshold": 1, "of": ["role:investor"]})
    assert world.lost(to_person(world.bob, RoleEnded(CHANGE, "investor"))) == []


def test_an_approval_that_is_recorded_keeps_counting(world: World) -> None:
    terms = world.draft(TWO_INVESTORS)
    world.story.approve(world.bob, terms.id)
    assert world.lost(to_person(world.bob, StandingSet(CHANGE, "suspended"))) == []
    assert world.lost(to_person(world.chao, StandingSet(CHANGE, "suspended"))) == [terms]


def test_one_change_can_replace_a_person(world: World) -> None:
    world.draft(TWO_INVESTORS)
    ended = to_person(world.bob, RoleEnded(CHANGE, "investor"))
    assert world.lost(ended, to_person(world.ada, RoleGranted(CHANGE, "investor"))) == []


def test_who_is_left_without_passkey_and_key_is_missed(world: World) -> None:
    terms = world.draft(TWO_INVESTORS)
    passkey, key = "passkey:passkey-Bob", "kid:key-Bob"
    one = CompromiseSet(CHANGE, key, time_at(0), ())
    assert world.lost(to_person(world.bob, one)) == []
    both = CompromiseSet(CHANGE, passkey, time_at(0), (key,))
    assert world.lost(to_person(world.bob, both)) == [terms]


def test_who_comes_back_is_not_missed(world: World) -> None:
    world.draft(TWO_INVESTORS)
    suspended = to_person(world.bob, StandingSet(CHANGE, "suspended"))
    assert world.lost(suspended, to_person(world.bob, StandingSet(CHANGE, "active"))) == []


def test_what_today_s_people_cannot_meet_is_not_lost_by_a_change(world: World) -> None:
    world.draft({"threshold": 3, "of": ["role:investor"]})
    assert world.lost(to_person(world.bob, StandingSet(CHANGE, "suspended"))) == []


def test_another_governance_policy_loses_the_changes_that_state_the_present_one(
    world: World,
) -> None:
    one = {"threshold": 1, "of": ["role:administrator"]}
    two = Node(threshold=2, of=("role:administrator",))
    content = '{"items":[{"define-role":{"role":"board"}}]}'

    def draft(policy: dict[str, Any]) -> NamedStatement:
        id_ = world.story.draft(world.ada, "Board", policy, content=content, type=CHANGES)
        return NamedStatement(id_, "Board")

    waiting = draft(one)
    draft({"threshold": 2, "of": ["role:administrator"]})  # of an older policy: lost before
    raised = [Effect(LEDGER_STREAM, GovernanceSet(CHANGE, two))]
    assert world.lost(*raised) == [waiting]
    db, at = world.story.views(), world.story.head()
    same = impact(db, raised, AUDITOR, at=at, now=time_at(0), content=content)
    assert same == Impact(0, [], is_complete=True)


def test_what_is_final_is_not_lost(world: World) -> None:
    world.story.withdraw(world.draft(TWO_INVESTORS).id)
    assert world.lost(to_person(world.bob, StandingSet(CHANGE, "suspended"))) == []


def test_five_are_listed_and_all_are_counted(world: World) -> None:
    drafted = [world.draft(TWO_INVESTORS, f"Terms {n}") for n in range(7)]
    found = world.impact([to_person(world.bob, StandingSet(CHANGE, "suspended"))])
    assert found == Impact(7, drafted[:1:-1], is_complete=True)


def test_an_answer_says_if_it_looked_at_the_newest_only(world: World) -> None:
    for number in range(201):
        world.draft(TWO_INVESTORS, f"Terms {number}")
    found = world.impact([to_person(world.bob, StandingSet(CHANGE, "suspended"))])
    assert (found.count, found.is_complete) == (200, False)


@pytest.mark.parametrize("ended", [False, True])
def test_nobody_waits_for_a_person_whose_role_ended(world: World, ended: bool) -> None:
    world.draft(TWO_INVESTORS)
    if ended:
        world.story.end_role(world.bob, "investor")
    found = inbox.page(
        world.story.views(), user_id=world.chao, at=world.story.head(), now=time_at(0), limit=9
    )
    assert len(found.items) == (0 if ended else 1)


def test_a_version_is_lost_with_the_policy_of_the_statement_that_it_replaces(world: World) -> None:
    first = world.draft(BOTH_ROLES).id
    world.story.approve(world.ada, first)
    world.story.approve(world.bob, first, "approved")
    rules = {"threshold": 1, "of": ["role:investor"]}
    second = world.story.draft(world.ada, "Second", rules, supersedes=first, earlier="approved")
    away = [to_person(user, StandingSet(CHANGE, "suspended")) for user in (world.ada, world.bob)]
    assert world.lost(away[0]) == []
    assert world.lost(*away) == [NamedStatement(second, "Second")]
