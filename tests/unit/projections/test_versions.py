"""Given versions of statements, when asked at a position, then which one supersedes which."""

from ledger.domain.vocabulary import Status
from projections import statements
from projections.statements import StatementDetail
from tests.support.readers import AUDITOR
from tests.support.story import BOTH_ROLES, Story, time_at

ALICE, BOB = (f"00000000-0000-000{n}-0000-00000000000{n}" for n in (2, 3))


def by_id(story: Story, statement: str, at: int) -> StatementDetail:
    found = statements.by_id(story.views(), story, statement, AUDITOR, at=at, now=time_at(at))
    assert found is not None
    return found


def listed(story: Story, at: int, status: Status) -> list[str]:
    page = statements.page(story.views(), AUDITOR, at=at, now=time_at(at), limit=50, status=status)
    return [f"{item.title} {item.status} {item.approvals}-{item.rejections}" for item in page.items]


def test_a_pending_statement_is_superseded_from_the_draft_of_its_new_version_on(
    story: Story,
) -> None:
    first = story.draft(ALICE, "First")  # 11
    second = story.draft(ALICE, "Second", supersedes=first, earlier="pending")  # 12
    story.supersede(first, second)  # 13
    shown = [by_id(story, first, at) for at in (11, 12, 13)]
    assert [each.status for each in shown] == ["pending", "pending", "superseded"]
    assert [each.superseded_by for each in shown] == [None, None, second]
    assert [each.final_at for each in shown] == [None, None, time_at(13)]
    assert [[v.title for v in each.versions] for each in shown] == [
        ["First"],
        ["First", "Second"],
        ["First", "Second"],
    ]
    assert listed(story, 13, "superseded") == ["First superseded 0-0"]
    assert listed(story, 13, "pending") == ["Second pending 0-0"]
    assert listed(story, 12, "superseded") == []
    assert (by_id(story, second, 13).supersedes, by_id(story, second, 13).replaced) == (first, None)


def test_a_creator_who_may_not_sign_a_version_is_missing_in_its_own_progress(story: Story) -> None:
    first = story.draft(ALICE, "First")  # 11
    story.approve(ALICE, first)  # 12
    story.approve(BOB, first, "approved")  # 13
    rules = BOTH_ROLES | {"creatorMaySign": False}
    second = story.draft(ALICE, "Second", rules, supersedes=first, earlier="approved")  # 14
    story.approve(ALICE, second)  # 15
    shown = by_id(story, second, 15)
    assert (shown.progress.missing, shown.outlook) == (2, "open")
    assert shown.replaced_progress is not None
    assert shown.replaced_progress.missing == 1


def test_an_approved_statement_is_superseded_and_ends_the_others_that_were_to_replace_it(
    story: Story,
) -> None:
    first = story.draft(ALICE, "First")  # 11
    story.approve(ALICE, first)  # 12
    story.approve(BOB, first, "approved")  # 13
    rules = {"threshold": 1, "of": ["role:investor"]}
    second = story.draft(ALICE, "Second", rules, supersedes=first, earlier="approved")  # 14
    third = story.draft(ALICE, "Third", rules, supersedes=first, earlier="approved")  # 15
    story.approve(BOB, second)  # 16
    shown = by_id(story, second, 16)
    assert shown.progress.missing == 0
    assert shown.replaced is not None
    assert (shown.replaced["threshold"], [*shown.replaced["of"]]) == (2, BOTH_ROLES["of"])
    assert shown.replaced_progress is not None
    assert shown.replaced_progress.missing == 1
    story.approve(ALICE, second, "approved")  # 17
    story.supersede(first, second)  # 18
    assert [by_id(story, first, at).status for at in (13, 17, 18)] == [
        "approved",
        "approved",
        "superseded",
    ]
    outrun = by_id(story, third, 18)
    assert (outrun.status, outrun.superseded_by) == ("superseded", second)
    assert by_id(story, third, 17).status == "pending"
    assert [each.title for each in outrun.versions] == ["First", "Second", "Third"]
    ended = ["Third superseded 0-0", "First superseded 2-0"]
    assert listed(story, 18, "superseded") == ended
    assert listed(story, 18, "approved") == ["Second approved 2-0"]
