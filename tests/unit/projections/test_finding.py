"""Given statements, when somebody searches, then what they may read of it is found."""

import hashlib
import json
from functools import partial
from typing import Any

import pytest

from ledger.domain.readers import Reader
from projections import finding, statements
from projections.paging import Page
from projections.statements import StatementSummary
from tests.support.readers import AUDITOR
from tests.support.story import Story, time_at

ALICE, BOB, CAROL = (f"00000000-0000-000{n}-0000-00000000000{n}" for n in (2, 3, 4))
NAMED_BOB = {"threshold": 1, "of": [f"user:{BOB}"]}


@pytest.fixture
def story() -> Story:
    """1: the ledger, 2-4: Alice Ångström, 5-7: Bob, 8-10: Carol."""
    story = Story()
    people = (("Alice Ångström", "creator"), ("Bob", "investor"), ("Carol", "investor"))
    for name, role in people:
        story.person(name, role)
    return story


def page(
    story: Story,
    q: str,
    *,
    contents: bool = False,
    reader: Reader = AUDITOR,
    at: int | None = None,
    **more: Any,
) -> Page[StatementSummary]:
    shown = story.head() if at is None else at
    asked = {"limit": 50, "contents": partial(statements.content, story) if contents else None}
    return statements.page(
        story.views(), reader, at=shown, now=time_at(shown), q=q, **(asked | more)
    )


def found(story: Story, q: str, **more: Any) -> list[str]:
    return [each.title for each in page(story, q, **more).items]


@pytest.mark.parametrize("q", ["alice", "angstrom", "Alice Å", "ÅNG ali"])
def test_a_statement_is_found_by_the_name_of_its_creator(story: Story, q: str) -> None:
    story.draft(ALICE, "Terms")
    assert found(story, q) == ["Terms"]
    assert found(story, f"{q} terms") == []  # of one name, or of one title


def test_a_statement_is_found_by_the_name_of_who_approved_it_and_since_then(story: Story) -> None:
    first, second = story.draft(ALICE, "First"), story.draft(ALICE, "Second")  # 11, 12
    story.approve(BOB, first)  # 13
    story.reject(BOB, second)  # 14
    assert [found(story, "bob", at=at) for at in (12, 13, 14)] == [[], ["First"], ["First"]]
    assert found(story, "carol") == []


def test_titles_and_people_are_found_together_each_once_the_newest_first(story: Story) -> None:
    first = story.draft(ALICE, "Bob's terms")
    story.draft(ALICE, "Other terms")
    last = story.draft(ALICE, "Last terms")
    story.approve(BOB, first)
    story.approve(BOB, last)
    assert found(story, "bob") == ["Last terms", "Bob's terms"]
    titles, cursor, pages = list[str](), None, 0
    while pages == 0 or cursor is not None:
        shown = page(story, "bob", limit=1, cursor=cursor)
        titles += [each.title for each in shown.items]
        cursor, pages = shown.next, pages + 1
    assert (titles, pages) == (["Last terms", "Bob's terms"], 2)


def test_a_statement_is_found_by_the_beginning_of_its_digest(story: Story) -> None:
    story.draft(ALICE, "First")
    story.draft(ALICE, "Second")
    first = page(story, "first").items[0].sha256
    grouped = " ".join(first[at : at + 8] for at in range(0, 64, 8)).upper()
    for q in (first[:6], first[:16], first[:17], first, grouped, f" {first[:8]}  {first[8:12]}"):
        assert found(story, q) == ["First"], q
    for q in (first[:5], f"{first}0", f"{first[:-1]}{'0' if first[-1] != '0' else '1'}", first[1:]):
        assert found(story, q) == [], q


def test_contents_are_searched_in_their_texts_and_numbers_and_not_in_names(story: Story) -> None:
    content = {"rent": 1200.50, "address": {"street": "Größe Straße 7"}, "tags": ["lease", True]}
    story.draft(ALICE, "Lease", content=json.dumps(content))
    story.draft(ALICE, "Large", content='{"n":' + "9" * 5_000 + "}")
    for q in ("grosse str", "1200", "lease", "strasse 7 1200"):
        assert found(story, q, contents=True) == ["Lease"], q
    assert found(story, "9999", contents=True) == ["Large"]
    for q in ("street", "rent", "true", "eries", "größer"):
        assert found(story, q, contents=True) == [], q


def test_a_search_in_contents_reads_so_many_and_goes_on_with_the_next_page(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.draft(ALICE, "Oldest", content='{"word":"needle"}')
    for _ in range(finding.MOST_READ):
        story.draft(ALICE)
    first = page(story, "needle", contents=True)
    assert (first.items, first.next is None) == ([], False)
    second = page(story, "needle", contents=True, cursor=first.next)
    assert ([each.title for each in second.items], second.next) == (["Oldest"], None)
    monkeypatch.setattr(finding, "MOST_CHARS", 10)
    assert page(story, "needle", contents=True).next is not None


@pytest.mark.parametrize("contents", [False, True])
def test_nobody_finds_what_they_may_not_read(story: Story, contents: bool) -> None:
    drafted = story.draft(ALICE, "Secret", NAMED_BOB, content='{"word":"Secret"}')
    story.approve(BOB, drafted, "approved")
    digest = page(story, "secret").items[0].sha256
    for q in ["secret", *([] if contents else ["alice", "bob", digest, digest[:6]])]:
        for who, title in ((ALICE, ["Secret"]), (BOB, ["Secret"]), (CAROL, [])):
            reader = Reader(who, frozenset(story.roles[who]))
            assert found(story, q, contents=contents, reader=reader) == title, (q, who)


def test_no_content_is_read_of_what_a_person_may_not_read(story: Story) -> None:
    story.draft(ALICE, "Secret", NAMED_BOB)
    read: list[int] = []

    def content_of(number: int) -> str:
        read.append(number)
        return "{}"

    carol = Reader(CAROL, frozenset(("investor",)))
    statements.page(
        story.views(), carol, at=11, now=time_at(11), limit=9, q="x", contents=content_of
    )
    assert read == []


@pytest.mark.parametrize("contents", [False, True])
def test_a_search_is_narrowed_by_status_and_creator(story: Story, contents: bool) -> None:
    one, two = (story.draft(ALICE, title, content='{"word":"Alice"}') for title in ("One", "Two"))
    story.approve(BOB, one)
    story.withdraw(two)
    assert found(story, "alice", contents=contents, status="pending") == ["One"]
    assert found(story, "alice", contents=contents, status="withdrawn") == ["Two"]
    assert found(story, "alice", contents=contents, creator=BOB) == []


@pytest.mark.parametrize("q", ["¶alice", '"alice"', "alice*", "ALICE OR bob", "¶", "%", "\x00"])
def test_a_hostile_question_is_only_words(story: Story, q: str) -> None:
    story.draft(ALICE, "Terms")
    hits = ["Terms"] if q in ("¶alice", '"alice"', "alice*") else []
    assert found(story, q) == hits


def test_a_digest_of_nothing_finds_nothing(story: Story) -> None:
    story.draft(ALICE)
    assert found(story, hashlib.sha256(b"").hexdigest()) == []
