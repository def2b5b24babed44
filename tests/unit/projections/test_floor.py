"""Given a floor that rises, when asked before and after, then what waits and what is below."""

import pytest

from ledger.domain.charter_values import CharterValues
from ledger.domain.events import CharterSet, Effect
from projections import impact, inbox, statements
from projections.impact import NamedStatement
from projections.statements import StatementDetail
from tests.support.changes import values
from tests.support.readers import AUDITOR
from tests.support.story import LEDGER_STREAM, Story, time_at

ALICE, BOB = (f"00000000-0000-000{n}-0000-00000000000{n}" for n in (2, 3))
CHANGE = "0f0f0f0f-0000-4000-8000-000000000009"
ONE = {"threshold": 1, "of": ["role:investor"]}
TWO = {"threshold": 2, "of": ["role:creator", "role:investor"]}
STRICT = values("open", people=2)


@pytest.fixture
def story() -> Story:
    """1: the ledger, 2-4: Alice, 5-7: Bob."""
    story = Story()
    story.person("Alice", "creator")
    story.person("Bob", "investor")
    return story


def set_values(story: Story, new: CharterValues) -> int:
    return story.tell(LEDGER_STREAM, CharterSet(CHANGE, new))


def shown(story: Story, statement: str, at: int) -> StatementDetail:
    found = statements.by_id(story.views(), story, statement, AUDITOR, at=at, now=time_at(at))
    assert found is not None
    return found


def waits(story: Story, at: int) -> list[str]:
    found = inbox.page(story.views(), user_id=BOB, at=at, now=time_at(at), limit=9)
    return [each.title for each in found.items]


def test_a_statement_below_a_raised_floor_waits_for_nobody(story: Story) -> None:
    weak = story.draft(ALICE, "Weak", ONE)  # 8
    strong = story.draft(ALICE, "Strong", TWO)  # 9
    raised = set_values(story, STRICT)  # 10
    assert waits(story, 9) == ["Weak", "Strong"]
    assert waits(story, raised) == ["Strong"]
    below = shown(story, weak, raised)
    assert (below.status, below.outlook, below.progress.missing) == ("pending", "below_floor", None)
    assert [shown(story, weak, 9).outlook, shown(story, strong, raised).outlook] == ["open", "open"]
    lowered = set_values(story, values("open"))  # 11
    assert (waits(story, lowered), shown(story, weak, lowered).outlook) == (
        ["Weak", "Strong"],
        "open",
    )


def test_what_is_decided_below_the_floor_has_no_outlook(story: Story) -> None:
    weak = story.draft(ALICE, "Weak", ONE)
    story.approve(BOB, weak, "approved")
    raised = set_values(story, STRICT)
    found = shown(story, weak, raised)
    assert (found.status, found.outlook) == ("approved", None)


def test_a_change_is_never_below_the_floor(story: Story) -> None:
    policy = {"threshold": 1, "of": ["role:investor"], "assurance": "passkey"}
    type_ = {"name": "ledger/change", "version": 1}
    content = '{"items":[{"define-role":{"role":"board"}}]}'
    story.draft(ALICE, "A change", policy, content=content, type=type_)
    raised = set_values(story, values("open", creator_may_sign=False, assurance="passkey"))
    assert waits(story, raised) == ["A change"]


def test_a_change_of_the_floor_says_which_statements_it_puts_below(story: Story) -> None:
    weak = story.draft(ALICE, "Weak", ONE)
    story.draft(ALICE, "Strong", TWO)
    db, at = story.views(), story.head()

    def lost(new: CharterValues) -> list[NamedStatement]:
        effects = [Effect(LEDGER_STREAM, CharterSet(CHANGE, new))]
        return impact.impact(db, effects, AUDITOR, at=at, now=time_at(at)).statements

    assert lost(STRICT) == [NamedStatement(weak, "Weak")]
    assert [each.title for each in lost(values("open", people=3))] == ["Strong", "Weak"]
    assert lost(values("invite")) == []
