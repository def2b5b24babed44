"""What an inbox looks into is bounded: every page of the site counts one."""

import time
from itertools import count
from typing import Any

from projections import inbox
from projections.not_needed import not_needed
from tests.support.story import Story, time_at

ALICE, BOB, CAROL = (f"00000000-0000-000{n}-0000-00000000000{n}" for n in (2, 3, 4))
LARGE = 4_000
_numbers = count(1_000)


def policy(*people: str, threshold: int = 1, others: int = 0) -> dict[str, Any]:
    """Return a policy of these people, and of so many who are not there."""
    absent = [f"{next(_numbers):08x}-0000-4000-8000-000000000000" for _ in range(others)]
    return {"threshold": threshold, "of": [f"user:{each}" for each in (*people, *absent)]}


def titles(story: Story, user: str) -> list[str]:
    at = story.head()
    page = inbox.page(story.views(), user_id=user, at=at, now=time_at(at), limit=25)
    return [each.title for each in page.items]


def test_an_inbox_of_the_longest_policies_costs_a_request_little(story: Story) -> None:
    for number in range(20):
        story.draft(ALICE, f"{number}", policy(ALICE, BOB, others=LARGE))
    views, at = story.views(), story.head()
    began = time.process_time()
    assert inbox.count(views, BOB, at=at, now=time_at(at), most=25) == (20, False)
    # All of them took 0.3 s; the bound is generous for a machine that does other things.
    assert time.process_time() - began < 0.15


def test_beyond_the_bound_a_person_who_is_asked_is_taken_to_be_needed(story: Story) -> None:
    nobody = policy(BOB, threshold=3, others=LARGE)  # today's people cannot meet it
    story.draft(ALICE, "First", nobody)
    story.draft(ALICE, "Second", nobody)
    assert len(b"user:" + ALICE.encode()) * LARGE < inbox.MOST_POLICY_BYTES
    story.draft(ALICE, "Third", policy(BOB))
    story.draft(ALICE, "Of Carol", policy(CAROL))
    # The second policy reaches the bound; nothing after it is hidden.
    assert titles(story, BOB) == ["Third"]
    story.draft(ALICE, "Fourth", nobody)
    assert titles(story, BOB) == ["Third", "Fourth"]


def test_what_is_beyond_the_bound_is_not_said_to_be_unneeded(story: Story) -> None:
    for title in ("Newer", "New"):
        drafted = story.draft(ALICE, title, policy(BOB, CAROL, others=LARGE))
        story.draft(ALICE, f"{title} too", policy(BOB, others=LARGE))
        story.approve(CAROL, drafted)
    at = story.head()
    found = not_needed(story.views(), BOB, at=at, now=time_at(at), limit=10)
    assert [each.title for each in found] == ["New"]
