"""Given every type of event, when a page tells it, then in the reader's language."""

import re

import pytest

from ledger.domain.event_words import event_sentence
from ledger.domain.events import BODIES
from ledger.http.languages import speaking
from ledger.pages.audited_events import AuditFilters, filtered
from ledger.pages.told_events import told_event
from projections import timeline
from projections.timeline import TimelineItem
from tests.support.expected_events import EXPECTED, LAST, TOLD
from tests.support.readers import AUDITOR
from tests.support.story import Story

NAMED = re.compile("“[^”]*”")


@pytest.fixture(scope="module")
def story() -> Story:
    story = Story()
    story.states = TOLD.states
    return story


def item(story: Story, position: int, tell: timeline.TellEvent = event_sentence) -> TimelineItem:
    (found,) = timeline.page(story.views(), AUDITOR, at=position, limit=1, tell=tell).items
    return found


@pytest.mark.parametrize("tag", BODIES)
def test_a_page_tells_an_event_as_programs_do_or_in_german(story: Story, tag: str) -> None:
    at, english = LAST[tag] + 1, EXPECTED[tag].timeline
    assert item(story, at, told_event).summary == english
    with speaking("de"):
        german = item(story, at, told_event).summary
        assert item(story, at).summary == english
    assert german != english
    assert sorted(NAMED.findall(german)) == sorted(NAMED.findall(english))


def test_the_events_of_the_audit_page_are_read_once_in_the_language_of_the_page(
    story: Story,
) -> None:
    db, asked = story.views(), list[str]()
    db.set_trace_callback(asked.append)
    with speaking("de"):
        found = filtered(
            db, AUDITOR, AuditFilters(), at=story.head(), now="", limit=50, cursor=None
        )
        telling = [each for each in asked if "t.word, x.title" in each]
        german = {each.position: each.summary for each in found.items}
        assert german == {at: item(story, at, told_event).summary for at in german}
    assert len(telling) <= 2, "one more for the rest of a registration"
    assert len(german) > 40
