"""What an attacker writes costs a page no more than it is long."""

from ledger.domain.visible import Text, has_odd_spaces, visible
from ledger.pages.differences import Difference
from ledger.pages.worded import MOST_ROWS, compared

MANY = 200_000


def test_a_long_run_of_spaces_inside_a_text_is_looked_at_once() -> None:
    text = "a" + " " * MANY + "b"
    assert visible(text) == [Text(text)]
    assert not has_odd_spaces(text)
    assert visible("a" + " " * MANY) == [Text("a"), Text(f"{MANY} × U+0020", is_mark=True)]


def test_many_marks_among_many_foreign_letters_are_each_labelled() -> None:
    shown = visible("a\u0430\u200b" * (MANY // 10))
    assert len(shown) == 3 * (MANY // 10)
    assert shown[:3] == [
        Text("a"),
        Text("\u0430 U+0430", is_mark=True),
        Text("U+200B", is_mark=True),
    ]


def test_the_words_of_the_first_long_texts_are_compared_and_of_no_more() -> None:
    rows = [
        Difference("changed", (f"{at}",), f'"{"old word " * 9}"', f'"{"new word " * 9}"')
        for at in range(MOST_ROWS + 5)
    ]
    rows.insert(0, Difference("changed", ("short",), '"old"', '"new"'))
    assert [*compared(rows)] == [(f"{at}",) for at in range(MOST_ROWS)]
