"""Given drafts and decisions, when a person looks at a position, then what waits for them."""

import sqlite3

import pytest

from ledger.domain.vocabulary import Status
from ledger.errors import MalformedError
from projections import inbox, paging
from projections.paging import encode_cursor
from tests.support.refusals import refused
from tests.support.story import BOTH_ROLES, Story, time_at

ALICE, BOB, CAROL = (f"00000000-0000-000{n}-0000-00000000000{n}" for n in (2, 3, 4))


def waits(story: Story, user: str, at: int | None = None, now: str | None = None) -> list[str]:
    shown = story.head() if at is None else at
    page = inbox.page(story.views(), user_id=user, at=shown, now=now or time_at(shown), limit=50)
    return [item.title for item in page.items]


def test_a_statement_waits_for_all_its_policy_asks_until_they_decide(story: Story) -> None:
    drafted = story.draft(ALICE, "One")  # 11
    assert [waits(story, who) for who in (ALICE, BOB, CAROL)] == [["One"], ["One"], ["One"]]
    story.approve(BOB, drafted)  # 12
    assert [waits(story, who) for who in (ALICE, BOB, CAROL)] == [["One"], [], ["One"]]
    story.reject(CAROL, drafted)  # 13
    assert [waits(story, who) for who in (ALICE, BOB, CAROL)] == [["One"], [], []]
    assert [waits(story, BOB, at) for at in (10, 11, 12)] == [[], ["One"], []]


def test_a_statement_waits_again_for_who_took_the_approval_back(story: Story) -> None:
    drafted = story.draft(ALICE, "One")  # 11
    story.reject(BOB, drafted)  # 12
    story.approve(BOB, drafted)  # 13
    story.retract(BOB, drafted)  # 14
    assert [waits(story, BOB, at) for at in (11, 12, 13, 14)] == [["One"], [], [], ["One"]]


@pytest.mark.parametrize("status", ["approved", "rejected", "withdrawn"])
def test_what_is_final_waits_for_nobody_but_did_before(story: Story, status: Status) -> None:
    drafted = story.draft(ALICE, "One")  # 11
    if status == "approved":
        story.approve(BOB, drafted, status)
    elif status == "rejected":
        story.reject(BOB, drafted, status)
    else:
        story.withdraw(drafted)
    assert waits(story, CAROL, 12) == []
    assert waits(story, CAROL, 11) == ["One"]


def test_what_expired_waits_for_nobody(story: Story) -> None:
    story.draft(ALICE, "One", policy=BOTH_ROLES | {"expiresAt": time_at(20)})
    assert waits(story, BOB, now=time_at(19)) == ["One"]
    assert waits(story, BOB, now=time_at(20)) == []


def test_only_people_who_are_asked_are_asked(story: Story) -> None:
    story.draft(ALICE, "Bob's", policy={"threshold": 1, "of": [f"user:{BOB}"]})
    nested = {"threshold": 1, "of": [{"threshold": 1, "of": [f"user:{CAROL}"]}]}
    story.draft(ALICE, "Carol's", policy=nested)
    assert [waits(story, who) for who in (ALICE, BOB, CAROL)] == [[], ["Bob's"], ["Carol's"]]


def test_a_person_with_a_veto_is_asked_too(story: Story) -> None:
    policy = {"threshold": 1, "of": [f"user:{BOB}"], "veto": [f"user:{CAROL}"]}
    story.draft(ALICE, "One", policy=policy)
    assert [waits(story, who) for who in (ALICE, BOB, CAROL)] == [[], ["One"], ["One"]]


def test_the_creator_is_not_asked_where_they_may_not_sign(story: Story) -> None:
    story.draft(ALICE, "One", policy=BOTH_ROLES | {"creatorMaySign": False})
    assert [waits(story, who) for who in (ALICE, BOB)] == [[], ["One"]]


def test_a_person_who_gets_a_role_finds_what_already_waits(story: Story) -> None:
    story.draft(ALICE, "One", policy={"threshold": 1, "of": ["role:administrator"]})  # 11
    story.grant(BOB, "administrator")  # 12
    assert [waits(story, BOB, at) for at in (11, 12)] == [[], ["One"]]
    dave = story.person("Dave", "administrator")  # 13
    assert waits(story, dave) == ["One"]


def test_an_auditor_is_asked_nothing_even_by_name(story: Story) -> None:
    dave = story.person("Dave", "auditor")
    story.draft(ALICE, "One", policy={"threshold": 1, "of": [f"user:{dave}"]})
    assert waits(story, dave) == []


def test_nothing_waits_for_strangers(story: Story) -> None:
    story.draft(ALICE)
    assert [waits(story, who) for who in ("", "x", "00000000-0000-0009-0000-000000000009")] == [
        [],
        [],
        [],
    ]


def test_the_inbox_is_read_page_by_page_the_next_deadline_first(story: Story) -> None:
    for number, ends in enumerate((50, 40, None, 30, 40)):
        policy = BOTH_ROLES if ends is None else BOTH_ROLES | {"expiresAt": time_at(ends)}
        story.draft(ALICE, str(number), policy)
    db, now = story.views(), time_at(15)
    titles, cursor, pages = [], None, 0
    while pages == 0 or cursor is not None:
        page = inbox.page(db, user_id=BOB, at=15, now=now, limit=2, cursor=cursor)
        titles += [item.title for item in page.items]
        cursor, pages = page.next, pages + 1
    assert (titles, pages) == (["3", "1", "4", "0", "2"], 3)


def test_the_past_has_the_same_order_with_what_has_closed_since(story: Story) -> None:
    late, soon = (
        story.draft(ALICE, title, BOTH_ROLES | {"expiresAt": time_at(ends)})
        for title, ends in (("Late", 90), ("Soon", 50))
    )
    story.draft(ALICE, "Between", BOTH_ROLES | {"expiresAt": time_at(70)})  # 13
    story.withdraw(late)  # 14
    story.withdraw(soon)  # 15
    assert [waits(story, BOB, at) for at in (13, 14, 15)] == [
        ["Soon", "Between", "Late"],
        ["Soon", "Between"],
        ["Between"],
    ]


def test_what_waits_is_counted_up_to_a_page(story: Story) -> None:
    for _ in range(3):
        story.draft(ALICE)
    db, now = story.views(), time_at(13)
    counts = [inbox.count(db, BOB, at=13, now=now, most=most) for most in (2, 3, 9)]
    assert counts == [(2, True), (3, False), (3, False)]
    assert inbox.count(db, "x", at=13, now=now, most=2) == (0, False)


def test_a_garbage_cursor_of_the_inbox_is_refused(story: Story) -> None:
    with refused(MalformedError, "cursor_invalid"):
        inbox.page(story.views(), user_id=BOB, at=10, now=time_at(10), limit=1, cursor="garbage")


@pytest.mark.parametrize("keys", [(1,), (1, 2, 3)])
def test_a_cursor_with_other_keys_is_refused(story: Story, keys: tuple[int, ...]) -> None:
    cursor = encode_cursor("inbox", *keys)
    with refused(MalformedError, "cursor_invalid"):
        inbox.page(story.views(), user_id=BOB, at=10, now=time_at(10), limit=1, cursor=cursor)


def test_a_cursor_after_every_time_finds_nothing_more(story: Story) -> None:
    story.draft(ALICE)
    cursor = encode_cursor("inbox", 2**62, 2**62)
    page = inbox.page(story.views(), user_id=BOB, at=11, now=time_at(11), limit=1, cursor=cursor)
    assert (page.items, page.next) == ([], None)


def test_a_statement_does_not_wait_for_whose_place_another_has_filled(story: Story) -> None:
    parts = [{"threshold": 1, "of": [f"role:{role}"]} for role in ("creator", "investor")]
    drafted = story.draft(ALICE, "One", {"threshold": 2, "of": parts})  # 11
    story.approve(CAROL, drafted)  # 12
    assert [waits(story, BOB, at) for at in (11, 12)] == [["One"], []]
    assert waits(story, ALICE) == ["One"]
    story.retract(CAROL, drafted)
    assert waits(story, BOB) == ["One"]


def test_a_page_is_filled_past_those_that_do_not_need_the_person(story: Story) -> None:
    """Of every two statements, Carol fills the one place of the first."""
    one = {"threshold": 1, "of": ["role:investor"]}
    policy = {"threshold": 2, "of": [one, f"user:{ALICE}"]}
    for number in range(8):
        drafted = story.draft(ALICE, f"{number}", policy=policy)
        if number % 2 == 0:
            story.approve(CAROL, drafted)
    db, shown = story.views(), story.head()

    def read(cursor: str | None) -> tuple[list[str], str | None]:
        page = inbox.page(db, user_id=BOB, at=shown, now=time_at(shown), limit=2, cursor=cursor)
        return [each.title for each in page.items], page.next

    first, cursor = read(None)
    second, cursor = read(cursor)
    assert (first, second) == (["1", "3"], ["5", "7"])
    assert cursor is None or read(cursor) == ([], None)


@pytest.mark.parametrize("examined", [2, 3, 5])
def test_pages_that_examine_few_rows_list_the_same_as_one_that_examines_all(
    story: Story, monkeypatch: pytest.MonkeyPatch, examined: int
) -> None:
    asking, naming = ({"threshold": 1, "of": [each]} for each in ("role:investor", f"user:{CAROL}"))
    drafted = [
        story.draft(ALICE, f"Statement {number}", policy=naming if number in (1, 2, 4) else asking)
        for number in range(9)
    ]
    shown = story.head()
    for each in drafted[7:]:
        story.withdraw(each)
    for at in (shown, story.head()):
        every = pages_of(story.views(), at, limit=50)
        assert len(every) == (6 if at == shown else 4)
        with monkeypatch.context() as patched:
            patched.setattr(paging, "EXAMINED", examined)
            for limit in (1, 2, 50):
                assert pages_of(story.views(), at, limit=limit) == every


def pages_of(db: sqlite3.Connection, at: int, *, limit: int) -> list[str]:
    found, cursor = list[str](), None
    for _ in range(100):
        page = inbox.page(db, user_id=BOB, at=at, now=time_at(at), limit=limit, cursor=cursor)
        found += [each.title for each in page.items]
        cursor = page.next
        if cursor is None:
            return found
    raise AssertionError("the pages have no end")


def test_a_page_examines_its_rows_once_where_none_asks_for_the_person(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        story.approve(BOB, story.draft(ALICE, f"Statement {number}"))
    monkeypatch.setattr(paging, "EXAMINED", 2)
    views, head, asked = story.views(), story.head(), list[str]()
    views.set_trace_callback(asked.append)
    page = inbox.page(views, user_id=BOB, at=head, now=time_at(head), limit=50)
    views.set_trace_callback(None)
    assert page.items == []
    assert page.next is not None
    assert len([each for each in asked if each.endswith("WHERE waits")]) == 1
    # Nothing has closed since the head, so no span is read.
    assert not [each for each in asked if "FROM wide_span w" in each]


def test_steps_wait_for_the_people_of_the_open_one_and_for_those_with_a_veto(story: Story) -> None:
    steps = [{"threshold": 1, "of": [f"user:{each}"]} for each in (BOB, ALICE)]
    drafted = story.draft(ALICE, "One", policy={"steps": steps, "veto": [f"user:{CAROL}"]})  # 11
    story.approve(BOB, drafted, step=1)  # 12
    assert [waits(story, who, 11) for who in (ALICE, BOB, CAROL)] == [[], ["One"], ["One"]]
    assert [waits(story, who, 12) for who in (ALICE, BOB, CAROL)] == [["One"], [], ["One"]]


def test_a_step_does_not_wait_for_whom_a_later_one_needs(story: Story) -> None:
    steps = [{"threshold": 1, "of": ["role:investor"]}, {"threshold": 1, "of": [f"user:{BOB}"]}]
    drafted = story.draft(ALICE, "One", policy={"steps": steps})  # 11
    story.approve(CAROL, drafted, step=1)  # 12
    assert [waits(story, who, 11) for who in (BOB, CAROL)] == [[], ["One"]]
    assert [waits(story, who, 12) for who in (BOB, CAROL)] == [["One"], []]
