"""Decisions in question as every list, page and inbox shows them, at each position."""

import pytest

from projections import inbox, keys, statements, users
from projections.questioned import key_number, passkey_number
from projections.statements import StatementDetail
from tests.support.readers import AUDITOR
from tests.support.story import Story, time_at

ALICE, BOB = (f"00000000-0000-000{n}-0000-00000000000{n}" for n in (2, 3))


@pytest.fixture
def story() -> Story:
    told = Story()
    assert (told.person("Alice", "creator"), told.person("Bob", "investor")) == (ALICE, BOB)
    return told  # 7 events


def shown(story: Story, statement: str, at: int) -> StatementDetail:
    found = statements.by_id(story.views(), story, statement, AUDITOR, at=at, now=time_at(at))
    assert found is not None
    return found


def waiting(story: Story, user: str, at: int) -> list[str]:
    page = inbox.page(story.views(), user_id=user, at=at, now=time_at(at), limit=10)
    return [item.id for item in page.items]


def test_a_declaration_puts_decisions_in_question_from_its_own_position_on(story: Story) -> None:
    drafted = story.draft(ALICE)  # 8
    story.approve(BOB, drafted, kid="key-Bob")  # 9
    story.declare(BOB, "kid:key-Bob", time_at(9))  # 10
    for at, in_question, approvals in ((9, False, 1), (10, True, 0)):
        found = shown(story, drafted, at)
        assert found.decisions[0].in_question is in_question
        assert (found.approvals, found.in_question) == (approvals, int(in_question))


def test_what_was_decided_before_the_compromise_stands(story: Story) -> None:
    drafted = story.draft(ALICE)  # 8
    story.approve(BOB, drafted, kid="key-Bob")  # 9
    story.declare(BOB, "kid:key-Bob", time_at(10))  # 10
    assert shown(story, drafted, 10).decisions[0].in_question is False


def test_a_decision_in_question_waits_in_the_inbox_again(story: Story) -> None:
    drafted = story.draft(ALICE)  # 8
    story.approve(BOB, drafted, kid="key-Bob")  # 9
    story.declare(BOB, "kid:key-Bob", time_at(9))  # 10
    assert [waiting(story, BOB, at) for at in (8, 9, 10)] == [[drafted], [], [drafted]]


def test_it_counts_for_no_progress_and_its_person_decides_again(story: Story) -> None:
    drafted = story.draft(ALICE)  # 8
    story.approve(BOB, drafted, kid="key-Bob")  # 9
    story.declare(BOB, "kid:key-Bob", time_at(9))  # 10
    story.key(BOB, "key-2", "passkey-Bob")  # 11
    story.approve(BOB, drafted, kid="key-2")  # 12
    found = shown(story, drafted, 12)
    assert [each.in_question for each in found.decisions] == [True, False]
    assert (found.approvals, found.in_question) == (1, 1)
    assert waiting(story, BOB, 12) == []


def test_a_compromised_passkey_and_what_it_attested_are_both_meant(story: Story) -> None:
    drafted = story.draft(ALICE)  # 8
    story.approve(BOB, drafted, kid="key-Bob")  # 9
    other = story.draft(ALICE)  # 10
    story.approve(BOB, other, kid="another", passkey="passkey-Bob")  # 11
    story.declare(BOB, "passkey:passkey-Bob", time_at(9), ("kid:key-Bob",))  # 12
    assert shown(story, drafted, 12).decisions[0].in_question is True
    assert shown(story, other, 12).decisions[0].in_question is True
    found = users.by_id(story.views(), BOB, at=12, now=time_at(12))
    assert found is not None
    assert (found.credential_ids, found.kids) == ([], [])


def test_a_revocation_with_a_date_declares_it_too(story: Story) -> None:
    drafted = story.draft(ALICE)  # 8
    story.approve(BOB, drafted, kid="key-Bob")  # 9
    story.revoke(BOB, "key-Bob", since=time_at(9))  # 10
    assert shown(story, drafted, 10).decisions[0].in_question is True


def test_nobody_elses_decisions_are_meant(story: Story) -> None:
    drafted = story.draft(ALICE)  # 8
    story.approve(ALICE, drafted, kid="key-Bob")  # 9: a kid that is not hers
    story.declare(BOB, "kid:key-Bob", time_at(1))  # 10
    assert shown(story, drafted, 10).decisions[0].in_question is False


def test_a_date_is_moved_and_the_past_is_shown_as_it_was(story: Story) -> None:
    drafted = story.draft(ALICE)  # 8
    story.approve(BOB, drafted, kid="key-Bob")  # 9
    story.declare(BOB, "kid:key-Bob", time_at(10))  # 10
    story.declare(BOB, "kid:key-Bob", time_at(8))  # 11
    assert [shown(story, drafted, at).decisions[0].in_question for at in (10, 11)] == [False, True]
    dates = [
        keys.by_kid(story.views(), story, "key-Bob", at=at, now=time_at(at)) for at in (9, 10, 11)
    ]
    assert [each and each.compromised_since for each in dates] == [None, time_at(10), time_at(8)]
    assert [each and each.status for each in dates] == ["active", "revoked", "revoked"]


def test_a_suspension_is_shown_from_its_position_on(story: Story) -> None:
    story.suspend(BOB, by=ALICE)  # 8
    found = [users.by_id(story.views(), BOB, at=at, now=time_at(at)) for at in (7, 8)]
    assert [each and each.standing for each in found] == ["active", "suspended"]


def test_a_key_and_a_passkey_have_64_bits_that_sqlite_stores() -> None:
    numbers = {key_number("A" * 43), key_number(""), passkey_number("A" * 43), key_number("=")}
    assert len(numbers) == 4
    assert all(-(2**63) <= number < 2**63 for number in numbers)
