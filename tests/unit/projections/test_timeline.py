"""Given all kinds of events, when the timeline is read, then what happened, in words."""

from typing import Any
from uuid import UUID

import pytest

from ledger.domain import events
from ledger.domain.skeletons import skeletons
from ledger.errors import MalformedError
from projections import statements, timeline
from tests.support.readers import AUDITOR
from tests.support.refusals import refused
from tests.support.story import LEDGER_STREAM, Story, time_at


@pytest.fixture
def story() -> Story:
    """One event of every type, and the approvals that make a statement approved."""
    story = Story()
    alice, bob = story.person("Alice", "creator"), story.person("Bob", "investor")  # 2-4, 5-7
    story.grant(alice, "administrator")  # 8
    story.grant(bob, "creator")  # 9
    story.invite("auditor")  # 10
    drafted = story.draft(alice, "Series A")  # 11
    story.approve(bob, drafted)  # 12
    story.approve(alice, drafted, "approved")  # 13
    other = story.draft(bob, "Lease")  # 14
    story.reject(alice, other)  # 15
    story.reject(bob, other, "rejected")  # 16
    story.withdraw(story.draft(alice, "Loan"))  # 17, 18
    story.revoke(bob, "key-Bob")  # 19
    story.revoke(alice, "key-Alice")  # 20
    story.remove_passkey(bob, "passkey-Bob")  # 21
    return story


ALICE, BOB = (f"00000000-0000-000{n}-0000-00000000000{n}" for n in (2, 3))
SERIES_A = "00000000-0000-0005-0000-000000000005"


def told(story: Story, at: int = 21, **conditions: Any) -> list[str]:
    page = timeline.page(story.views(), AUDITOR, at=at, limit=50, **conditions)
    return [item.summary for item in page.items]


def test_events_are_those_after_a_position_and_of_a_type_of_statement(story: Story) -> None:
    assert told(story, at=13, after=11) == [
        "“Alice” approved “Series A” (2 approvals, approved)",
        "“Bob” approved “Series A” (1 approval)",
    ]
    assert told(story, of_type="offer") == []


def test_the_streams_with_an_event_between_two_positions_are_found_newest_first(
    story: Story,
) -> None:
    db = story.views()
    numbers, has_more = timeline.streams_between(db, 10, 14, limit=9)
    assert (len(numbers), has_more) == (2, False)
    assert timeline.streams_between(db, 10, 14, limit=1) == (numbers[:1], True)
    assert timeline.streams_between(db, 14, 14, limit=9) == ([], False)


def test_every_type_of_event_is_told_in_words_newest_first(story: Story) -> None:
    assert told(story) == [
        "“Bob” removed a passkey",
        "“Alice” revoked a signing key",
        "“Bob” revoked a signing key",
        "“Alice” withdrew “Loan”",
        "“Alice” drafted “Loan”",
        "“Bob” rejected “Lease” (rejected)",
        "“Alice” rejected “Lease”",
        "“Bob” drafted “Lease”",
        "“Alice” approved “Series A” (2 approvals, approved)",
        "“Bob” approved “Series A” (1 approval)",
        "“Alice” drafted “Series A”",
        "Somebody was invited as auditor",
        "“Bob” was granted the role creator",
        "“Alice” was granted the role administrator",
        "“Bob” attested a signing key",
        "“Bob” added a passkey",
        "“Bob” registered as investor",
        "“Alice” attested a signing key",
        "“Alice” added a passkey",
        "“Alice” registered as creator",
        "The ledger was created",
    ]


def test_a_retraction_is_told_with_the_approvals_that_are_left(story: Story) -> None:
    drafted = story.draft(ALICE, "Rent")  # 22
    for who in (ALICE, BOB):
        story.approve(who, drafted)  # 23, 24
    story.retract(ALICE, drafted)  # 25
    story.approve(ALICE, drafted)  # 26
    assert told(story, 26)[:3] == [
        "“Alice” approved “Rent” (2 approvals)",
        "“Alice” took back the approval of “Rent” (1 approval)",
        "“Bob” approved “Rent” (2 approvals)",
    ]


def test_an_item_says_where_when_and_who(story: Story) -> None:
    page = timeline.page(story.views(), AUDITOR, at=12, limit=1)
    (item,) = page.items
    assert (item.position, item.at, item.type) == (12, time_at(12), "statement-signed.v1")
    assert (item.stream, item.statement_id) == (SERIES_A, SERIES_A)
    assert item.actor is not None
    assert (item.actor.id, item.actor.name) == (BOB, "Bob")
    (first,) = timeline.page(story.views(), AUDITOR, at=1, limit=1).items
    assert (first.stream, first.statement_id, first.actor) == (str(LEDGER_STREAM), None, None)


def test_the_past_is_told_as_it_was(story: Story) -> None:
    assert told(story, at=2) == ["“Alice” registered as creator", "The ledger was created"]
    assert told(story, at=0) == []


def test_the_timeline_is_narrowed_by_stream_actor_and_type(story: Story) -> None:
    assert told(story, stream=BOB, type="role-granted.v1") == ["“Bob” was granted the role creator"]
    assert told(story, stream=SERIES_A) == [
        "“Alice” approved “Series A” (2 approvals, approved)",
        "“Bob” approved “Series A” (1 approval)",
        "“Alice” drafted “Series A”",
    ]
    assert told(story, actor=BOB, type="statement-rejected.v1") == [
        "“Bob” rejected “Lease” (rejected)"
    ]
    assert told(story, actor=BOB, type="key-attested.v1") == ["“Bob” attested a signing key"]
    assert told(story, at=18, type="key-revoked.v1") == []


@pytest.mark.parametrize(
    "condition",
    [
        {"stream": "x"},
        {"stream": "00000000-0000-0009-0000-000000000099"},
        {"actor": ""},
        {"actor": SERIES_A},
        {"type": "statement-signed.v2"},
    ],
)
def test_what_there_is_not_is_not_told(story: Story, condition: dict[str, Any]) -> None:
    assert told(story, **condition) == []


def test_the_time_of_a_position_is_its_entrys(story: Story) -> None:
    db = story.views()
    assert [timeline.time_of(db, at) for at in (0, 1, 21, 99)] == [
        "1970-01-01T00:00:00.000Z",
        time_at(1),
        time_at(21),
        time_at(23),  # of the last name, which stands after the story
    ]


def test_the_timeline_is_read_page_by_page(story: Story) -> None:
    db = story.views()
    positions: list[int] = []
    cursor = None
    for _ in range(3):
        page = timeline.page(db, AUDITOR, at=21, limit=10, cursor=cursor)
        positions += [item.position for item in page.items]
        cursor = page.next
    assert (positions, cursor) == ([*range(21, 0, -1)], None)


def test_a_garbage_cursor_of_the_timeline_is_refused(story: Story) -> None:
    with refused(MalformedError, "cursor_invalid"):
        timeline.page(story.views(), AUDITOR, at=21, limit=1, cursor="garbage")


def test_where_the_operator_let_a_signer_in_the_decision_and_the_timeline_say_so(
    story: Story,
) -> None:
    eve, looks = "00000000-0000-4000-8000-0000000000e5", skeletons("Eve")
    story.tell(UUID(eve), events.UserRegistered(eve, "administrator", admitted_by="operator"))
    story.tell(UUID(eve), events.UserNamed("Eve", looks.sha256, looks.unicode))
    story.roles[eve] = ["administrator"]
    drafted = story.draft(ALICE)
    story.approve(eve, drafted)
    story.approve(BOB, drafted)
    found = statements.by_id(
        story.views(), story, drafted, AUDITOR, at=story.head(), now=time_at(90)
    )
    assert found is not None
    decisions = found.decisions
    assert [each.admitted_by for each in decisions] == ["operator", None]
    page = timeline.page(story.views(), AUDITOR, at=story.head(), limit=2)
    assert [each.summary.partition(" approved ")[0] for each in page.items] == [
        "“Bob”",
        "“Eve” (let in by the operator)",
    ]
