"""A name in a sentence stands in quotation marks that no name can imitate."""

import sys
import unicodedata

import pytest

from ledger.domain.confusables import CONFUSABLES
from ledger.domain.names import require_name
from ledger.domain.quoting import quoted
from tests.support.vectors import vector

CASES: list[dict[str, str]] = vector("web/quoted")


def _look_alikes(prototype: str) -> set[str]:
    """Return the marks (no letters, but modifier letters) that look like these apostrophes."""
    found: set[str] = set()
    current = ""
    for word in CONFUSABLES.split():
        if word.startswith("@"):
            current = word
        elif current == prototype:
            first, _, last = word.partition("-")
            found |= {chr(each) for each in range(int(first, 16), int(last or first, 16) + 1)}
    return {each for each in found if unicodedata.category(each) in ("Po", "Pi", "Pf", "Sk", "Lm")}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["quoted"])
def test_a_name_stands_in_marks_that_it_cannot_imitate(case: dict[str, str]) -> None:
    assert quoted(case["text"]) == case["quoted"]


@pytest.mark.parametrize("text", ["Ada Lovelace", "Ada Ångström", "Ada \"the\" 'L'"])
def test_a_text_that_was_quoted_is_not_kept(text: str) -> None:
    """A change can erase it, and the server goes on."""
    mine = "".join([text, "!"])
    before = sys.getrefcount(mine)
    quoted(mine)
    assert sys.getrefcount(mine) == before


def test_every_mark_that_unicode_calls_a_look_alike_of_a_quotation_mark_is_replaced() -> None:
    doubles = _look_alikes("@27+27")
    assert "\u201d" in doubles
    assert {quoted(each) for each in doubles} == {"\u201c'\u201d"}
    singles = _look_alikes("@27")
    assert "\u2019" in singles
    assert {quoted(2 * each) for each in singles} == {"\u201c'\u201d"}


def test_names_of_real_people_stay_possible_and_stand_as_they_are_written() -> None:
    for name in ("Anna-Maria O'Neil", "María José Pérez y López", "van der Berg", "李小龙"):
        require_name(name)
        assert quoted(name) == f"\u201c{name}\u201d"
