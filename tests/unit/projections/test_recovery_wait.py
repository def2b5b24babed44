"""Given charters that set the wait, when a recovery begins, then the views say when it ends."""

import pytest

from ledger import clock
from ledger.domain.events import CharterSet
from projections import rules
from tests.support.changes import values
from tests.support.story import LEDGER_STREAM, Story, time_at

DAY_MS = 86_400_000
CHANGE = "0f0f0f0f-0000-4000-8000-000000000009"


@pytest.mark.parametrize(
    ("waits", "after_ms", "expected_ms"),
    [
        ((), 0, DAY_MS),
        ((7,), 0, 7 * DAY_MS),
        ((7, 1), 0, 7 * DAY_MS),
        ((7, 1), 5 * DAY_MS, 2 * DAY_MS),
        ((7, 1), 7 * DAY_MS, DAY_MS),
        ((30, 2, 7), DAY_MS, 29 * DAY_MS),
    ],
)
def test_a_shortened_wait_counts_when_the_one_before_would_have_ended(
    waits: tuple[int, ...], after_ms: int, expected_ms: int
) -> None:
    story = Story()
    at = 1
    for days in waits:
        body = CharterSet(CHANGE, values("open", recovery_wait=days * DAY_MS))
        at = story.tell(LEDGER_STREAM, body)
    now_ms = clock.to_ms(time_at(at)) + after_ms
    found = rules.recovery_wait_ms(story.views(), at=at, now=clock.to_text(now_ms))
    assert expected_ms - 60_000 < found <= expected_ms
