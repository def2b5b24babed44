"""Given drafts and decisions, when asked at a position, then where every statement stood."""

import hashlib
from typing import Any

import pytest

from ledger import clock
from ledger.errors import MalformedError
from projections import statements
from projections.one_statement import BY_DIGEST
from projections.statements import MemberProgress, StatementDetail
from projections.users import NamedPerson
from tests.support.readers import AUDITOR
from tests.support.refusals import refused
from tests.support.story import BOTH_ROLES, Story, time_at

ALICE, BOB, CAROL = (f"00000000-0000-000{n}-0000-00000000000{n}" for n in (2, 3, 4))


def by_id(story: Story, statement: str, at: int, now: str | None = None) -> StatementDetail:
    found = statements.by_id(
        story.views(), story, statement, AUDITOR, at=at, now=now or time_at(at)
    )
    assert found is not None
    return found


def listed(story: Story, at: int, now: str | None = None, **conditions: Any) -> list[str]:
    page = statements.page(
        story.views(), AUDITOR, at=at, now=now or time_at(at), limit=50, **conditions
    )
    return [f"{item.title} {item.status} {item.approvals}-{item.rejections}" for item in page.items]


def test_a_statement_is_shown_as_it_was_at_every_position(story: Story) -> None:
    drafted = story.draft(ALICE)  # 11
    story.reject(CAROL, drafted)  # 12
    story.approve(ALICE, drafted)  # 13
    story.approve(BOB, drafted, "approved")  # 14
    story.approve(CAROL, drafted, "approved")  # 15
    assert statements.by_id(story.views(), story, drafted, AUDITOR, at=10, now=time_at(10)) is None
    shown = [by_id(story, drafted, at) for at in range(11, 16)]
    assert [(each.status, each.approvals, each.rejections) for each in shown] == [
        ("pending", 0, 0),
        ("pending", 0, 1),
        ("pending", 1, 1),
        ("approved", 2, 1),
        ("approved", 3, 1),
    ]
    assert [each.changed_position for each in shown] == [11, 12, 13, 14, 15]
    assert [each.final_at for each in shown] == [None, None, None, time_at(14), time_at(14)]
    assert [len(each.decisions) for each in shown] == [0, 1, 2, 3, 4]


def test_a_statement_shows_what_its_creator_signed(story: Story) -> None:
    drafted = story.draft(ALICE, "Series “A”", supersedes=BOB, earlier="rejected")
    shown = by_id(story, drafted, 11)
    raw = statements.document(story, 11)
    assert shown.document.encode() == raw
    assert (shown.id, shown.title, shown.creator) == (
        drafted,
        "Series “A”",
        NamedPerson(ALICE, "Alice"),
    )
    assert (shown.content, shown.policy, shown.supersedes) == ('{"amount":1}', BOTH_ROLES, BOB)
    assert (shown.created_at, shown.needed, shown.position) == (time_at(11), 2, 11)
    assert shown.sha256 == "6d62180fe89f51186967e7f00b32cad11d7b7e93e815cb8348f34a4772e2e5d3"
    assert hashlib.sha256(shown.document.encode()).hexdigest() == shown.sha256


def test_decisions_carry_their_evidence_and_the_roles_of_their_position(story: Story) -> None:
    drafted = story.draft(ALICE)  # 11
    story.reject(BOB, drafted)  # 12
    story.grant(CAROL, "administrator")  # 13
    story.approve(CAROL, drafted, form="individual")  # 14
    story.withdraw(drafted)  # 15
    shown = [
        (
            each.position,
            each.decision,
            each.person.name,
            each.roles,
            each.form,
            each.reason,
            each.jws,
        )
        for each in by_id(story, drafted, 15).decisions
    ]
    assert shown == [
        (12, "rejection", "Bob", ["investor"], None, "the amount is wrong", "act-12"),
        (14, "approval", "Carol", ["administrator", "investor"], "individual", None, "jws-14"),
        (15, "withdrawal", "Alice", ["creator"], None, "a mistake", "act-15"),
    ]
    assert by_id(story, drafted, 15).decisions[0].at == time_at(12)


def test_a_decision_tells_whether_its_key_was_revoked_by_then(story: Story) -> None:
    story.key(BOB, "key", "passkey-Bob")  # 11
    drafted = story.draft(ALICE)  # 12
    story.approve(BOB, drafted)  # 13
    story.revoke(BOB, "key")  # 14
    assert [by_id(story, drafted, at).decisions[0].key_status for at in (13, 14)] == [
        "active",
        "revoked",
    ]


def test_only_approvals_in_the_shared_form_make_the_general_jws(story: Story) -> None:
    drafted = story.draft(ALICE)
    story.approve(ALICE, drafted)  # 12
    story.approve(BOB, drafted, "approved", form="individual")  # 13
    story.approve(CAROL, drafted, "approved")  # 14
    db = story.views()
    number = statements.find(db, drafted, AUDITOR, at=14)
    assert number == 11
    assert [*statements.shared_approvals(db, story, number, at=14)] == ["jws-12", "jws-14"]
    assert [*statements.shared_approvals(db, story, number, at=13)] == ["jws-12"]
    assert statements.find(db, drafted, AUDITOR, at=10) is None
    assert statements.find(db, ALICE, AUDITOR, at=14) is None


def test_an_approval_that_was_taken_back_counts_until_then(story: Story) -> None:
    drafted = story.draft(ALICE)  # 11
    story.approve(BOB, drafted)  # 12
    story.retract(BOB, drafted)  # 13
    story.approve(BOB, drafted)  # 14
    story.approve(ALICE, drafted, "approved")  # 15
    shown = [by_id(story, drafted, at) for at in range(11, 16)]
    assert [each.approvals for each in shown] == [0, 1, 0, 1, 2]
    assert [each.progress.missing for each in shown] == [2, 1, 2, 1, 0]
    told = [(each.decision, each.retracted) for each in shown[4].decisions]
    assert told == [
        ("approval", True),
        ("retraction", False),
        ("approval", False),
        ("approval", False),
    ]
    assert [each.retracted for each in shown[1].decisions] == [False]
    assert shown[4].decisions[1].reason == "a mistake"
    jwss = [[*statements.shared_approvals(story.views(), story, 11, at=n)] for n in (12, 13, 15)]
    assert jwss == [["jws-12"], [], ["jws-14", "jws-15"]]


def test_a_rejection_before_an_approval_that_was_taken_back_counts_no_more(story: Story) -> None:
    drafted = story.draft(ALICE)  # 11
    story.reject(BOB, drafted)  # 12
    story.approve(BOB, drafted)  # 13
    story.retract(BOB, drafted)  # 14
    shown = by_id(story, drafted, 14)
    assert (shown.approvals, shown.rejections, shown.progress.missing) == (0, 0, 2)
    _, investors = shown.progress.members
    assert isinstance(investors, MemberProgress)
    assert (investors.approved, investors.rejected) == ([], [])
    assert investors.waiting == [NamedPerson(BOB, "Bob"), NamedPerson(CAROL, "Carol")]


@pytest.mark.parametrize("other", [ALICE, "", "x", "00000000-0000-0009-0000-000000000009"])
def test_what_is_no_statement_is_none(story: Story, other: str) -> None:
    db = story.views()
    assert statements.by_id(db, story, other, AUDITOR, at=10, now=time_at(10)) is None
    assert statements.find(db, other, AUDITOR, at=10) is None


def test_a_pending_statement_expires_by_the_time_it_is_shown_at(story: Story) -> None:
    policy = BOTH_ROLES | {"expiresAt": time_at(20)}
    drafted = story.draft(ALICE, policy=policy)  # 11
    assert by_id(story, drafted, 11, time_at(19)).status == "pending"
    late = by_id(story, drafted, 11, time_at(20))
    assert (late.status, late.final_at) == ("expired", time_at(20))
    assert listed(story, 11, time_at(20), status="expired") == ["Series A expired 0-0"]
    assert listed(story, 11, time_at(20), status="pending") == []
    assert listed(story, 11, time_at(19), status="expired") == []
    assert listed(story, 11, time_at(19), status="pending") == ["Series A pending 0-0"]


def test_what_is_approved_no_longer_expires(story: Story) -> None:
    drafted = story.draft(ALICE, policy=BOTH_ROLES | {"expiresAt": time_at(20)})
    story.approve(ALICE, drafted)
    story.approve(BOB, drafted, "approved")
    assert listed(story, 13, time_at(30), status="approved") == ["Series A approved 2-0"]
    assert listed(story, 13, time_at(30), status="expired") == []


def test_lists_by_status_are_those_of_the_position(story: Story) -> None:
    one = story.draft(ALICE, "One")  # 11
    two = story.draft(ALICE, "Two")  # 12
    three = story.draft(ALICE, "Three")  # 13
    story.reject(BOB, two, "rejected")  # 14
    story.withdraw(three)  # 15
    story.approve(BOB, one)  # 16
    story.approve(ALICE, one, "approved")  # 17
    assert listed(story, 13) == ["Three pending 0-0", "Two pending 0-0", "One pending 0-0"]
    assert listed(story, 12, status="pending") == ["Two pending 0-0", "One pending 0-0"]
    assert listed(story, 16, status="pending") == ["One pending 1-0"]
    assert listed(story, 17, status="pending") == []
    assert listed(story, 13, status="rejected") == []
    assert listed(story, 17, status="rejected") == ["Two rejected 0-1"]
    assert listed(story, 17, status="withdrawn") == ["Three withdrawn 0-0"]
    assert listed(story, 17, status="approved") == ["One approved 2-0"]
    assert listed(story, 17, status="unheard-of") == []


def test_statements_are_found_by_title_creator_and_status_together(story: Story) -> None:
    story.grant(BOB, "creator")  # 11
    story.draft(ALICE, "Series A")  # 12
    story.draft(BOB, "Series B")  # 13
    closed = story.draft(BOB, "Series C")  # 14
    story.withdraw(closed)  # 15
    story.draft(BOB, "Lease")  # 16
    assert listed(story, 16, q="seri", creator=BOB, status="pending") == ["Series B pending 0-0"]
    assert listed(story, 16, q="seri", status="withdrawn") == ["Series C withdrawn 0-0"]
    assert listed(story, 16, creator=BOB, status="withdrawn") == ["Series C withdrawn 0-0"]
    assert listed(story, 16, creator=ALICE) == ["Series A pending 0-0"]
    assert listed(story, 16, creator=CAROL) == []
    assert listed(story, 16, creator="nobody") == []
    assert listed(story, 12, q="series") == ["Series A pending 0-0"]
    assert listed(story, 16, q="  ") == listed(story, 16)
    assert listed(story, 16, q="☃") == []


def test_the_first_final_status_stays_in_one_batch_or_in_two(story: Story) -> None:
    drafted = story.draft(ALICE)
    story.approve(ALICE, drafted)
    story.approve(BOB, drafted, "approved")  # 13
    story.approve(CAROL, drafted, "approved")  # 14
    assert by_id(story, drafted, 14).final_at == time_at(13)


def test_a_garbage_cursor_of_statements_is_refused(story: Story) -> None:
    with refused(MalformedError, "cursor_invalid"):
        statements.page(story.views(), AUDITOR, at=10, now=time_at(10), limit=1, cursor="garbage")


def test_pending_statements_are_found_across_long_finished_stretches(story: Story) -> None:
    early = story.draft(ALICE, "Early")  # 11
    for _ in range(600):
        story.withdraw(story.draft(ALICE, "Done"))
    story.draft(ALICE, "Late")
    head = story.head()
    assert listed(story, head, status="pending") == ["Late pending 0-0", "Early pending 0-0"]
    assert listed(story, head - 1, status="pending") == ["Early pending 0-0"]
    assert listed(story, 12, status="pending") == ["Done pending 0-0", "Early pending 0-0"]
    assert by_id(story, early, head).status == "pending"


def test_a_statement_without_an_end_expires_400_days_after_its_draft(story: Story) -> None:
    drafted = story.draft(ALICE)
    shown = by_id(story, drafted, story.head())
    ends = shown.expires_at
    assert clock.to_ms(ends) - clock.to_ms(shown.created_at) == 400 * 86_400_000
    before = clock.to_text(clock.to_ms(ends) - 1)
    assert [by_id(story, drafted, story.head(), now).status for now in (before, ends)] == [
        "pending",
        "expired",
    ]


def test_a_statement_is_found_by_the_digest_of_its_document(story: Story) -> None:
    drafted, other = story.draft(ALICE), story.draft(ALICE, "Other terms")
    sha256 = bytes.fromhex(by_id(story, drafted, story.head()).sha256)
    db, head = story.views(), story.head()
    number = statements.find(db, sha256, AUDITOR, at=head)
    assert number == statements.find(db, drafted, AUDITOR, at=head)
    assert number != statements.find(db, other, AUDITOR, at=head)
    assert statements.find(db, sha256, AUDITOR, at=10) is None  # before its draft
    for unknown in (sha256[:8] + bytes(24), sha256[:31], b""):
        assert statements.find(db, unknown, AUDITOR, at=head) is None


def test_a_digest_comes_from_its_index(story: Story) -> None:
    story.draft(ALICE)
    given = {"sha256": bytes(32)}
    plan = [row[3] for row in story.views().execute(f"EXPLAIN QUERY PLAN {BY_DIGEST}", given)]
    assert plan == ["SEARCH statement_text USING INDEX statement_by_digest (<expr>=?)"]
