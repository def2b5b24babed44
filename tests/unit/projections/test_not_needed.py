"""Given what asked for a person, when it no longer needs them, then a list of its own has it."""

import pytest

from projections.inbox import page
from projections.not_needed import LOOKED_AT, changed_since_approval, not_needed
from tests.support.story import BOTH_ROLES, Story, time_at

ALICE, BOB, CAROL = (f"00000000-0000-000{n}-0000-00000000000{n}" for n in (2, 3, 4))
ONE_INVESTOR = {"threshold": 1, "of": ["role:investor"]}


def spared(story: Story, user: str, at: int | None = None, limit: int = 50) -> list[str]:
    shown = story.head() if at is None else at
    found = not_needed(story.views(), user, at=shown, now=time_at(shown), limit=limit)
    return [f"{each.title} {each.status}" for each in found]


def test_what_was_decided_without_a_person_no_longer_needs_them(story: Story) -> None:
    first = story.draft(ALICE, "First", ONE_INVESTOR)  # 11
    second = story.draft(ALICE, "Second")  # 12
    assert spared(story, BOB) == []
    story.approve(CAROL, first, "approved")  # 13
    story.withdraw(second)  # 14
    assert spared(story, BOB, 13) == ["First approved"]
    assert spared(story, BOB) == ["Second withdrawn", "First approved"]
    assert spared(story, BOB, limit=1) == ["Second withdrawn"]
    assert spared(story, CAROL) == ["Second withdrawn"]  # she decided on the first
    assert spared(story, ALICE) == []  # she drafted both


def test_a_pending_one_no_longer_needs_whose_place_another_has_filled(story: Story) -> None:
    parts = [{"threshold": 1, "of": [f"role:{role}"]} for role in ("creator", "investor")]
    drafted = story.draft(ALICE, "One", {"threshold": 2, "of": parts})
    story.approve(CAROL, drafted)
    assert spared(story, BOB) == ["One pending"]
    story.retract(CAROL, drafted)
    assert spared(story, BOB) == []


def test_a_step_that_is_over_no_longer_needs_its_people_and_a_later_one_does(story: Story) -> None:
    steps = [{"threshold": 1, "of": ["role:investor"]}, {"threshold": 1, "of": [f"user:{BOB}"]}]
    dora = story.person("Dora", "investor")
    drafted = story.draft(ALICE, "One", {"steps": steps})
    assert [spared(story, who) for who in (BOB, CAROL, dora)] == [[], [], []]
    story.approve(CAROL, drafted, step=1)
    assert [spared(story, who) for who in (BOB, dora)] == [[], ["One pending"]]


def test_what_today_s_people_cannot_meet_is_not_called_unneeded(story: Story) -> None:
    story.draft(ALICE, "Forty", {"threshold": 40, "of": ["role:investor"]})
    assert spared(story, BOB) == []


def test_what_was_final_before_a_person_came_never_needed_them(story: Story) -> None:
    drafted = story.draft(ALICE, "Old", ONE_INVESTOR)
    story.approve(BOB, drafted, "approved")
    dora = story.person("Dora", "investor")
    assert spared(story, dora) == []


@pytest.mark.parametrize("role", ["auditor", None])
def test_who_is_asked_nothing_is_spared_nothing(story: Story, role: str | None) -> None:
    user = "x" if role is None else story.person("Dora", role)
    story.approve(BOB, story.draft(ALICE, "One", ONE_INVESTOR), "approved")
    assert spared(story, user) == []


def test_only_the_newest_statements_are_looked_at(story: Story) -> None:
    story.approve(CAROL, story.draft(ALICE, "Old", ONE_INVESTOR), "approved")
    for _ in range(LOOKED_AT - 1):
        story.draft(ALICE)
    assert spared(story, BOB) == ["Old approved"]
    story.draft(ALICE)
    assert spared(story, BOB) == []


def test_a_new_version_of_what_a_person_approved_has_changed_since(story: Story) -> None:
    first = story.draft(ALICE, "First", BOTH_ROLES)
    story.approve(BOB, first)
    second = story.draft(ALICE, "Second", supersedes=first, earlier="pending")
    story.supersede(first, second)
    third = story.draft(ALICE, "Third", supersedes=second, earlier="pending")
    story.supersede(second, third)
    other = story.draft(ALICE, "Other")
    story.approve(CAROL, other)
    at = story.head()

    def changed(user: str, number: int) -> list[str]:
        items = page(story.views(), user_id=user, at=at, now=time_at(at), limit=50).items
        ids = changed_since_approval(story.views(), number, items, at=at)
        return [each.title for each in items if each.id in ids]

    assert (changed(BOB, 5), changed(CAROL, 8)) == (["Third"], [])


def test_an_approval_that_was_taken_back_makes_no_change(story: Story) -> None:
    first = story.draft(ALICE, "First")
    story.approve(BOB, first)
    story.retract(BOB, first)
    second = story.draft(ALICE, "Second", supersedes=first, earlier="pending")
    story.supersede(first, second)
    at = story.head()
    items = page(story.views(), user_id=BOB, at=at, now=time_at(at), limit=50).items
    assert changed_since_approval(story.views(), 5, items, at=at) == frozenset()
