"""Cursors and what one page may examine; titles and questions in the same form."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedError
from projections import paging, search
from projections.paging import collect, decode_cursor, encode_cursor
from tests.support.examples import FEW
from tests.support.refusals import refused


@given(st.integers(min_value=0, max_value=2**62))
@FEW
def test_a_cursor_comes_back_as_it_was(key: int) -> None:
    assert decode_cursor("inbox", encode_cursor("inbox", key)) == key


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "12",
        "aW5ib3g6MTI=",  # padded
        "aW5ib3g6MTJ",  # truncated
        "aW5ib3g6",  # no key
        "aW5ib3g6LTE",  # -1
        "aW5ib3g6MDE",  # 01
        "aW5ib3g6MS41",  # 1.5
        "aW5ib3g62aE",  # an Arabic digit
        "c3RhdGVtZW50czox",  # of another list
        "é",
        "\ud800",
        "\x00",
        "A" * 10_000,
    ],
)
def test_a_garbage_cursor_is_refused(cursor: str) -> None:
    with refused(MalformedError, "cursor_invalid"):
        decode_cursor("inbox", cursor)


@given(st.text(max_size=80))
@FEW
def test_no_text_is_anything_but_a_cursor_or_refused(text: str) -> None:
    with suppress(MalformedError):
        assert encode_cursor("inbox", decode_cursor("inbox", text)) == text


def test_a_page_that_holds_all_has_no_next() -> None:
    assert collect([(9, 1), (8, 0), (7, 1)], 2) == ([9, 7], None)


def test_the_next_page_begins_after_the_last_item() -> None:
    assert collect([(9, 1), (8, 1), (7, 0), (6, 1)], 2) == ([9, 8], 8)


def test_a_page_examines_so_many_rows_and_the_next_begins_after_them() -> None:
    rows = ((key, key == 5_000) for key in range(9_999, 0, -1))
    assert collect(rows, 2) == ([], 9_999 - paging.EXAMINED + 1)
    assert next(rows)[0] == 9_999 - paging.EXAMINED


@pytest.fixture
def titles() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute(search.TABLE)
        for number, title in enumerate(TITLES, start=1):
            db.execute(
                "INSERT INTO title_word(rowid, words) VALUES(?, ?)", (number, search.words(title))
            )
        yield db


TITLES = (
    "Series A",
    "Série B: Größe_über 10 %",
    "Договор аренды",
    "Extraordinarily-long amendment",
    'AND OR NOT NEAR("x")',
    "İstanbul ﬁne ①",
)


def found(db: sqlite3.Connection, text: str, titles: Sequence[str] = TITLES) -> list[int]:
    question = search.ask(text)
    if not question.terms:
        return []
    query = "SELECT rowid FROM title_word WHERE title_word MATCH ? ORDER BY rowid"
    rows = db.execute(query, (question.match,))
    return [rowid for (rowid,) in rows if question.fits(titles[rowid - 1])]


@pytest.mark.parametrize(
    ("question", "numbers"),
    [
        ("series", [1]),
        ("SERIE", [1, 2]),
        ("ser a", [1]),
        ("a ser", [1]),
        ("uber", [2]),
        ("GROSSE", [2]),
        ("grösse 10", [2]),
        ("договоръ", []),
        ("ДОГОВОР арен", [3]),
        ("extraordinarily", [4]),
        ("long-amend", [4]),
        ("extraordinary", []),
        ("amendments", []),
        ("and or not", [5]),
        ("istanbul FINE 1", [6]),
        ("eries", []),
    ],
)
def test_titles_are_found_by_beginnings_of_words_without_case_and_accents(
    titles: sqlite3.Connection, question: str, numbers: list[int]
) -> None:
    assert found(titles, question) == numbers


@pytest.mark.parametrize("question", ['"', "%", "*", "-_-", "☃", "\x00", "()", "\ud800", "́"])
def test_a_question_without_letters_and_digits_finds_nothing(
    titles: sqlite3.Connection, question: str
) -> None:
    assert found(titles, question) == []


@pytest.mark.parametrize(
    ("question", "numbers"),
    [
        ('x" OR title_word MATCH "y', []),
        ("series NEAR(a, 1)", []),
        ("words:series", []),
        ("words : series", []),
        ("series* AND", []),
        ("{series}", [1]),
        ("^series", [1]),
        ("\x00series\x00", [1]),
        ("a" * 100_000, []),
        ("x " * 10_000, [5]),
        ("'; DROP TABLE title_word; --", []),
    ],
)
def test_a_hostile_question_is_only_words(
    titles: sqlite3.Connection, question: str, numbers: list[int]
) -> None:
    assert found(titles, question) == numbers


@given(st.text(max_size=60))
@FEW
def test_any_title_is_found_by_itself(title: str) -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute(search.TABLE)
        db.execute("INSERT INTO title_word(rowid, words) VALUES(1, ?)", (search.words(title),))
        assert found(db, title, [title]) == ([1] if search.ask(title).terms else [])
