"""The view of holds: what is held as of each position."""

from ledger.domain.events import HoldPlaced, HoldReleased
from ledger.errors import MalformedError
from projections import holds
from tests.support.refusals import refused
from tests.support.story import CHANGE, LEDGER_STREAM, Story

HELD = "00000000-0000-4003-8000-000000000000"


def test_a_hold_is_in_force_from_its_change_to_its_release() -> None:
    story = Story()
    placed = story.tell(LEDGER_STREAM, HoldPlaced(CHANGE, "statement", HELD))
    named = story.tell(LEDGER_STREAM, HoldPlaced(CHANGE, "name", HELD))
    released = story.tell(LEDGER_STREAM, HoldReleased(CHANGE, "statement", HELD))
    again = story.tell(LEDGER_STREAM, HoldPlaced(CHANGE, "statement", HELD))
    db = story.views()
    places = [
        [each.position for each in holds.newest(db, at=at, limit=10)]
        for at in (placed - 1, placed, named, released, again)
    ]
    assert places == [[], [placed], [named, placed], [named], [again, named]]
    found = holds.of(db, "statement", HELD, at=named)
    assert found is not None
    assert (found.kind, found.held, found.change, found.position) == (
        "statement",
        HELD,
        CHANGE,
        placed,
    )
    assert holds.of(db, "statement", HELD, at=released) is None
    assert holds.of(db, "name", HELD, at=released) is not None
    assert len(holds.newest(db, at=again, limit=1)) == 1


def test_a_page_of_holds_goes_on_after_the_last_one_as_of_the_same_position() -> None:
    story = Story()
    places = [
        story.tell(LEDGER_STREAM, HoldPlaced(CHANGE, "name", HELD.replace("4003", f"400{n}")))
        for n in range(5)
    ]
    db, seen, cursor = story.views(), list[int](), None
    while True:
        page = holds.page(db, at=places[3], limit=2, cursor=cursor)
        seen += [each.position for each in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert seen == places[3::-1]
    with refused(MalformedError, "cursor_invalid"):
        holds.page(db, at=places[3], limit=2, cursor="bad")
