"""Given a policy and decisions, when asked at a position, then how far it is and who is missing."""

import pytest

from projections import statements
from projections.progress import MemberProgress, Progress
from projections.statements import StatementDetail
from projections.users import NamedPerson
from tests.support.story import Story, time_at


@pytest.fixture
def story() -> Story:
    """1: the ledger, 2-4: Alice, 5-7: Bob, 8-10: Carol."""
    story = Story()
    for name, role in (("Alice", "creator"), ("Bob", "investor"), ("Carol", "investor")):
        story.person(name, role)
    return story


ALICE, BOB, CAROL = (f"00000000-0000-000{n}-0000-00000000000{n}" for n in (2, 3, 4))


def by_id(story: Story, statement: str, at: int, now: str | None = None) -> StatementDetail:
    found = statements.by_id(story.views(), story, statement, at=at, now=now or time_at(at))
    assert found is not None
    return found


def test_progress_is_a_tree_like_the_policys(story: Story) -> None:
    policy = {
        "threshold": 2,
        "of": ["role:investor", {"threshold": 1, "of": [f"user:{ALICE}", f"user:{BOB}"]}],
    }
    drafted = story.draft(ALICE, policy=policy)  # 11
    story.reject(CAROL, drafted)  # 12
    story.approve(BOB, drafted, "approved")  # 13
    alice, bob, carol = (
        NamedPerson(ALICE, "Alice"),
        NamedPerson(BOB, "Bob"),
        NamedPerson(CAROL, "Carol"),
    )
    assert by_id(story, drafted, 12).progress == Progress(
        met=False,
        threshold=2,
        count=0,
        members=[
            MemberProgress("role:investor", "investor", [], [carol], [bob]),
            Progress(
                met=False,
                threshold=1,
                count=0,
                members=[
                    MemberProgress(f"user:{ALICE}", "Alice", [], [], [alice]),
                    MemberProgress(f"user:{BOB}", "Bob", [], [], [bob]),
                ],
            ),
        ],
    )
    assert by_id(story, drafted, 13).progress == Progress(
        met=True,
        threshold=2,
        count=2,
        members=[
            MemberProgress("role:investor", "investor", [bob], [carol], []),
            Progress(
                met=True,
                threshold=1,
                count=1,
                members=[
                    MemberProgress(f"user:{ALICE}", "Alice", [], [], []),
                    MemberProgress(f"user:{BOB}", "Bob", [bob], [], []),
                ],
            ),
        ],
    )


def test_whoever_rejected_and_then_approved_counts_as_having_approved(story: Story) -> None:
    drafted = story.draft(ALICE)
    story.reject(BOB, drafted)
    story.approve(BOB, drafted)
    shown = by_id(story, drafted, 13)
    (_, investor) = shown.progress.members
    assert investor == MemberProgress(
        "role:investor", "investor", [NamedPerson(BOB, "Bob")], [], [NamedPerson(CAROL, "Carol")]
    )
    assert (shown.approvals, shown.rejections) == (1, 1)


def test_nobody_is_waited_for_who_cannot_sign(story: Story) -> None:
    dave = story.person("Dave", "auditor")  # 11-13
    members = ["role:creator", f"user:{dave}", "user:00000000-0000-0009-0000-000000000009"]
    drafted = story.draft(ALICE, policy={"threshold": 1, "of": members, "creatorMaySign": False})
    shown = by_id(story, drafted, 14).progress.members
    assert shown == [
        MemberProgress("role:creator", "creator", [], [], []),
        MemberProgress(f"user:{dave}", "Dave", [], [], []),
        MemberProgress(members[2], "00000000-0000-0009-0000-000000000009", [], [], []),
    ]


def test_a_role_lists_twenty_people_and_counts_the_others(story: Story) -> None:
    for number in range(23):
        story.person(f"Investor {number}", "investor")
    drafted = story.draft(ALICE)
    (_, investor) = by_id(story, drafted, story.head()).progress.members
    assert isinstance(investor, MemberProgress)
    assert [person.name for person in investor.waiting[:3]] == ["Bob", "Carol", "Investor 0"]
    assert (len(investor.waiting), investor.more) == (20, 5)


def test_people_are_waited_for_only_from_their_registration_on(story: Story) -> None:
    drafted = story.draft(ALICE, policy={"threshold": 3, "of": ["role:administrator"]})  # 11
    story.person("Dave", "administrator")  # 12
    waiting = [by_id(story, drafted, at).progress.members[0].waiting for at in (11, 12)]  # type: ignore[union-attr]  # a role, not a node
    assert [[person.name for person in people] for people in waiting] == [[], ["Dave"]]
