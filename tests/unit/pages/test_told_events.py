"""Given every type of event, when a page tells it, then in the reader's language."""

import re

import pytest

from ledger.domain.events import BODIES
from ledger.http.languages import speaking
from ledger.pages.told_events import told_events
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


def item(story: Story, position: int) -> TimelineItem:
    (found,) = timeline.page(story.views(), AUDITOR, at=position, limit=1).items
    return found


@pytest.mark.parametrize("tag", BODIES)
def test_a_page_tells_an_event_as_programs_do_or_in_german(story: Story, tag: str) -> None:
    at = LAST[tag] + 1
    told, english = item(story, at), {at: EXPECTED[tag].timeline}
    assert told_events(story.views(), [told], AUDITOR) == english
    with speaking("de"):
        (german,) = told_events(story.views(), [told], AUDITOR).values()
        assert item(story, at).summary == english[at]
    assert german != english[at]
    assert sorted(NAMED.findall(german)) == sorted(NAMED.findall(english[at]))
