"""A statement with many or long decisions is shown in part, and nobody's last one is left out."""

from uuid import UUID

import msgspec
import pytest

from ledger.domain import events
from projections import decisions, statements
from projections.decisions import MOST_DECISIONS, MOST_JWS_CHARS
from projections.statements import StatementDetail
from tests.support.readers import AUDITOR
from tests.support.story import Story, time_at

ALICE, BOB, CAROL = (f"00000000-0000-000{n}-0000-00000000000{n}" for n in (2, 3, 4))


def shown(story: Story, statement: str) -> StatementDetail:
    at = story.head()
    found = statements.by_id(story.views(), story, statement, AUDITOR, at=at, now=time_at(at))
    assert found is not None
    return found


def test_of_many_decisions_the_newest_are_shown_and_the_last_of_each_person(story: Story) -> None:
    drafted = story.draft(ALICE, "One")  # 11
    story.reject(CAROL, drafted)  # 12
    for _ in range(MOST_DECISIONS // 2 + 3):
        story.approve(BOB, drafted)
        story.retract(BOB, drafted)
    found = shown(story, drafted)
    assert len(found.decisions) == MOST_DECISIONS + 1
    assert found.earlier_decisions == 6
    assert (found.decisions[0].person.name, found.decisions[0].position) == ("Carol", 12)
    assert found.decisions[-1].position == story.head()
    assert found.rejections == 1


def test_of_a_long_document_fewer_decisions_are_read(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafted = story.draft(ALICE, "One")  # 11
    story.reject(CAROL, drafted)  # 12
    for _ in range(9):
        story.approve(BOB, drafted)
        story.retract(BOB, drafted)
    size = len(shown(story, drafted).document.encode())
    monkeypatch.setattr(decisions, "MOST_READ_BYTES", 5 * size + 1)
    found = shown(story, drafted)
    assert [each.position for each in found.decisions] == [12, *range(26, 31)]
    assert found.earlier_decisions == 13


def test_few_decisions_are_all_shown(story: Story) -> None:
    drafted = story.draft(ALICE, "One")
    story.approve(BOB, drafted)
    found = shown(story, drafted)
    assert (len(found.decisions), found.earlier_decisions) == (1, 0)


@pytest.mark.parametrize("size", [MOST_JWS_CHARS, MOST_JWS_CHARS + 1])
def test_a_long_jws_is_without_its_payload(story: Story, size: int) -> None:
    drafted = story.draft(ALICE, "One")
    story.approve(BOB, drafted)
    body = story.events_at([story.head()])[0].event.body
    assert isinstance(body, events.StatementSigned)
    jws = f"head.{'p' * (size - 9)}.sig"
    story.tell(UUID(drafted), msgspec.structs.replace(body, jws=jws))
    told = shown(story, drafted).decisions[-1].jws
    assert told == (jws if size == MOST_JWS_CHARS else "head..sig")
    assert [*statements.shared_approvals(story.views(), story, 11, at=story.head())][-1] == jws
