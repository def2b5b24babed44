"""Given a policy and decisions, when asked at a position, then how far it is and who is missing."""

from projections import inbox, statements
from projections.progress import MemberProgress, Progress
from projections.statements import StatementDetail
from projections.users import NamedPerson
from tests.support.readers import AUDITOR
from tests.support.story import Story, time_at

ALICE, BOB, CAROL = (f"00000000-0000-000{n}-0000-00000000000{n}" for n in (2, 3, 4))


def by_id(story: Story, statement: str, at: int, now: str | None = None) -> StatementDetail:
    found = statements.by_id(
        story.views(), story, statement, AUDITOR, at=at, now=now or time_at(at)
    )
    assert found is not None
    return found


def test_progress_is_a_tree_like_the_policys(story: Story) -> None:
    policy = {
        "threshold": 2,
        "of": ["role:investor", {"threshold": 1, "of": [f"user:{ALICE}", f"user:{BOB}"]}],
    }
    drafted = story.draft(ALICE, policy=policy)  # 11
    story.reject(CAROL, drafted)  # 12
    story.approve(BOB, drafted)  # 13
    alice, bob, carol = (
        NamedPerson(ALICE, "Alice"),
        NamedPerson(BOB, "Bob"),
        NamedPerson(CAROL, "Carol"),
    )
    before = by_id(story, drafted, 12)
    assert before.progress == Progress(
        threshold=2,
        missing=2,
        members=[
            MemberProgress("role:investor", "investor", [], [carol], [bob], helps=True),
            Progress(
                threshold=1,
                missing=1,
                members=[
                    MemberProgress(f"user:{ALICE}", "Alice", [], [], [alice], helps=True),
                    MemberProgress(f"user:{BOB}", "Bob", [], [], [bob], helps=True),
                ],
            ),
        ],
    )
    # Bob fills one place. He stands in two members, and the other place is for somebody else.
    after = by_id(story, drafted, 13)
    assert after.progress == Progress(
        threshold=2,
        missing=1,
        members=[
            MemberProgress("role:investor", "investor", [bob], [carol], [], helps=True),
            Progress(
                threshold=1,
                missing=0,
                members=[
                    MemberProgress(f"user:{ALICE}", "Alice", [], [], [alice], helps=True),
                    MemberProgress(f"user:{BOB}", "Bob", [bob], [], [], helps=True),
                ],
            ),
        ],
    )
    assert (before.needed, before.outlook, after.outlook) == (2, "open", "open")


def test_what_todays_people_cannot_meet_says_so_and_waits_for_nobody(story: Story) -> None:
    drafted = story.draft(ALICE, policy={"threshold": 3, "of": ["role:investor"]})  # 11
    assert waits(story, BOB) == []
    shown = by_id(story, drafted, 11)
    assert (shown.status, shown.outlook, shown.progress.missing) == (
        "pending",
        "people_missing",
        None,
    )
    story.person("Dave", "investor")  # 12-14
    now = by_id(story, drafted, 14)
    assert (now.outlook, now.progress.missing, waits(story, BOB)) == ("open", 3, ["Series A"])


def test_people_without_a_passkey_and_a_key_cannot_act(story: Story) -> None:
    drafted = story.draft(ALICE, policy={"threshold": 1, "of": [f"user:{BOB}"]})  # 11
    story.remove_passkey(BOB, "passkey-Bob")  # 12
    story.revoke(BOB, "key-Bob")  # 13
    outlooks = [by_id(story, drafted, at).outlook for at in (11, 12, 13)]
    assert outlooks == ["open", "open", "people_missing"]
    assert [by_id(story, drafted, at).progress.members[0].waiting for at in (12, 13)] == [  # type: ignore[union-attr]  # a member, not a node
        [NamedPerson(BOB, "Bob")],
        [],
    ]


def test_a_key_that_expired_is_no_key_to_act_with(story: Story) -> None:
    drafted = story.draft(ALICE, policy={"threshold": 1, "of": [f"user:{BOB}"]})  # 11
    story.key(BOB, "short", "passkey-Bob", expires_at=time_at(50))  # 12
    story.remove_passkey(BOB, "passkey-Bob")  # 13
    story.revoke(BOB, "key-Bob")  # 14
    assert by_id(story, drafted, 14, time_at(49)).outlook == "open"
    assert by_id(story, drafted, 14, time_at(50)).outlook == "people_missing"


def test_a_statement_that_everybody_asked_has_rejected_says_so(story: Story) -> None:
    policy = {"threshold": 1, "of": ["role:investor"], "veto": [f"user:{ALICE}"]}
    drafted = story.draft(ALICE, policy=policy)  # 11
    story.reject(BOB, drafted)  # 12
    assert (by_id(story, drafted, 12).outlook, waits(story, ALICE)) == ("open", ["Series A"])
    story.reject(CAROL, drafted)  # 13
    shown = by_id(story, drafted, 13)
    assert (shown.status, shown.outlook, shown.progress.missing) == ("pending", "all_rejected", 1)
    assert waits(story, ALICE) == []
    story.approve(BOB, drafted, "approved")  # 14: a person who rejected may still approve
    assert by_id(story, drafted, 14).outlook is None


def test_a_roles_many_holders_cost_no_more_than_its_places(story: Story) -> None:
    """Only as many holders as could fill every place are read, and the answer is the same."""
    drafted = story.draft(ALICE, policy={"threshold": 2, "of": ["role:investor"]})
    for number in range(30):
        story.reject(story.person(f"Investor {number}", "investor"), drafted)
    shown = by_id(story, drafted, story.head())
    assert (shown.outlook, shown.progress.missing) == ("open", 2)  # Bob and Carol
    assert waits(story, BOB) == ["Series A"]


def waits(story: Story, user: str) -> list[str]:
    head = story.head()
    found = inbox.page(story.views(), user_id=user, at=head, now=time_at(head), limit=50)
    return [item.title for item in found.items]


def test_a_person_who_rejected_and_then_approved_counts_as_having_approved(story: Story) -> None:
    drafted = story.draft(ALICE)
    story.reject(BOB, drafted)
    story.approve(BOB, drafted)
    shown = by_id(story, drafted, 13)
    (_, investor) = shown.progress.members
    assert investor == MemberProgress(
        "role:investor",
        "investor",
        [NamedPerson(BOB, "Bob")],
        [],
        [NamedPerson(CAROL, "Carol")],
        helps=True,
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
    story.person("Dave", "administrator")  # 12-14
    waiting = [by_id(story, drafted, at).progress.members[0].waiting for at in (11, 14)]  # type: ignore[union-attr]  # a role, not a node
    assert [[person.name for person in people] for people in waiting] == [[], ["Dave"]]


STEPS = {
    "steps": [
        {"threshold": 1, "of": ["role:investor"]},
        {"threshold": 1, "of": [f"user:{ALICE}", f"user:{CAROL}"]},
    ]
}


def test_progress_shows_each_step_with_its_approvals_and_who_helps_now(story: Story) -> None:
    drafted = story.draft(ALICE, policy=STEPS)  # 11
    story.approve(CAROL, drafted, step=1)  # 12
    story.approve(ALICE, drafted, "approved", step=2)  # 13
    alice, bob, carol = (
        NamedPerson(ALICE, "Alice"),
        NamedPerson(BOB, "Bob"),
        NamedPerson(CAROL, "Carol"),
    )
    assert by_id(story, drafted, 11).progress == Progress(
        threshold=2,
        missing=2,
        members=[
            Progress(
                threshold=1,
                missing=1,
                members=[
                    MemberProgress("role:investor", "investor", [], [], [bob, carol], helps=True)
                ],
                step=1,
            ),
            Progress(
                threshold=1,
                missing=1,
                members=[
                    MemberProgress(f"user:{ALICE}", "Alice", [], [], [alice]),
                    MemberProgress(f"user:{CAROL}", "Carol", [], [], [carol]),
                ],
                step=2,
            ),
        ],
        open_step=1,
    )
    after = by_id(story, drafted, 12)
    assert after.decisions[0].step == 1
    assert (after.progress.missing, after.progress.open_step) == (1, 2)
    assert after.progress.members == [
        Progress(
            threshold=1,
            missing=0,
            members=[MemberProgress("role:investor", "investor", [carol], [], [bob])],
            step=1,
        ),
        Progress(
            threshold=1,
            missing=1,
            members=[
                MemberProgress(f"user:{ALICE}", "Alice", [], [], [alice], helps=True),
                MemberProgress(f"user:{CAROL}", "Carol", [], [], [], helps=True),
            ],
            step=2,
        ),
    ]
    final = by_id(story, drafted, 13).progress
    assert (final.missing, final.open_step) == (0, None)


def test_whom_a_later_step_needs_does_not_help_in_the_open_one(story: Story) -> None:
    later = {"threshold": 1, "of": [f"user:{BOB}"]}
    steps = [{"threshold": 1, "of": ["role:investor", f"user:{BOB}"]}, later]
    drafted = story.draft(ALICE, policy={"steps": steps})
    first = by_id(story, drafted, 11).progress.members[0]
    assert isinstance(first, Progress)
    assert first.members == [
        MemberProgress(
            "role:investor", "investor", [], [], [NamedPerson(CAROL, "Carol")], helps=True
        ),
        MemberProgress(f"user:{BOB}", "Bob", [], [], []),
    ]
