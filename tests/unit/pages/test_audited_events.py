"""Given events, when the audit page shows them, then in rows, and as its filters ask."""

import pytest

from ledger.pages.audited_events import AuditFilters, filtered, in_rows
from projections.timeline import TimelineItem
from tests.support.readers import AUDITOR
from tests.support.story import Story, time_at

NOW = "2999-01-01T00:00:00.000Z"


def item(position: int, type: str, stream: str = "ben", at: str = "noon") -> TimelineItem:
    return TimelineItem(position, at, f"{type}.v1", stream, None, "", None)


def test_the_events_of_a_registration_share_a_row() -> None:
    parts = [item(5, "key-attested"), item(4, "passkey-added"), item(3, "user-registered")]
    before = item(2, "log-keys-announced", "ledger")
    rows = in_rows([item(6, "key-revoked", at="later"), *parts, before])
    assert [[each.position for each in row] for row in rows] == [[6], [3, 4, 5], [2]]


@pytest.mark.parametrize(
    "other",
    [
        item(4, "passkey-added", "another"),
        item(4, "passkey-added", at="later"),
        item(6, "passkey-added"),
    ],
)
def test_what_is_of_another_person_or_another_time_has_its_own_row(other: TimelineItem) -> None:
    assert len(in_rows([other, item(3, "user-registered")])) == 2


def test_events_that_only_stand_side_by_side_are_apart() -> None:
    rows = in_rows([item(9, "key-attested"), item(8, "passkey-added")])
    assert [[each.position for each in row] for row in rows] == [[9], [8]]


@pytest.fixture
def story() -> Story:
    story = Story()
    alice, bob = story.person("Alice", "creator"), story.person("Bob", "investor")  # 2-4, 5-7
    story.approve(bob, story.draft(alice, "Series A"))  # 8, 9
    return story


def shown(story: Story, filters: AuditFilters) -> tuple[list[int], list[str]]:
    found = filtered(
        story.views(), AUDITOR, filters, at=story.head(), now=NOW, limit=20, cursor=None
    )
    return [each.position for each in found.items], found.unknown


def test_filters_are_ids_names_titles_positions_and_days(story: Story) -> None:
    day = time_at(9)[:10]
    for filters, positions in (
        (AuditFilters(actor="Bob", first="9"), [9]),
        (AuditFilters(statement="series"), [9, 8]),
        (AuditFilters(kind="statement-drafted.v1"), [8]),
        (AuditFilters(first="8", last="8"), [8]),
        (AuditFilters(type="offer"), []),
        (AuditFilters(first=day, last=day, statement="series"), [9, 8]),
        (AuditFilters(last="2000-01-01"), []),
    ):
        assert shown(story, filters) == (positions, []), filters


@pytest.mark.parametrize("junk", ["x", "0x1", "2026-13-01", "2026-02-30", "9" * 16, "é", "-1", "%"])
def test_a_filter_that_nothing_matches_is_named_and_shows_nothing(story: Story, junk: str) -> None:
    for name in ("actor", "statement", "first", "last"):
        word = {"first": "from", "last": "to"}.get(name, name)
        assert shown(story, AuditFilters(**{name: junk})) == ([], [word])


def test_a_registration_at_the_end_of_a_page_is_whole(story: Story) -> None:
    found = filtered(story.views(), AUDITOR, AuditFilters(), at=7, now=NOW, limit=1, cursor=None)
    following = filtered(
        story.views(), AUDITOR, AuditFilters(), at=7, now=NOW, limit=9, cursor=found.next
    )
    positions = [each.position for each in (*found.items, *following.items)]
    assert sorted(positions) == [1, 2, 3, 4, 5, 6, 7]
