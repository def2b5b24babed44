"""Titles, names and reasons have no character that nobody can see."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from ledger.domain import code_points, scripts
from ledger.domain.names import require_name
from ledger.domain.text import require_text
from ledger.errors import MalformedError
from tests.support.refusals import refused
from tests.vectors import text

VECTORS: Any = json.loads((Path(text.__file__).parent / "cases.json").read_text())


def test_the_tables_are_those_of_the_vector_file() -> None:
    assert code_points.UNICODE == VECTORS["unicode"] == "17.0.0"
    assert code_points.REFUSED.split() == VECTORS["refused"]
    assert code_points.NEWER.split() == VECTORS["newer"]
    assert scripts.SCRIPTS.split() == VECTORS["scripts"]


@pytest.mark.parametrize(("kind", "given", "expected"), VECTORS["cases"], ids=ascii)
def test_a_refused_character_is_named_with_its_place(
    kind: Any, given: str, expected: list[Any] | None
) -> None:
    if expected is None:
        require_text(given, kind)
        return
    with pytest.raises(MalformedError) as error:
        require_text(given, kind)
    assert error.value.code == "text_refused"
    number, point = expected
    assert error.value.detail.startswith(f"character {number} of the {kind} is {point}:")


@pytest.mark.slow
def test_every_control_unassigned_and_noncharacter_code_point_is_refused() -> None:
    """By this Python's own database too, except what a later version assigned."""
    kept = {chr(each) for each in range(0x110000) if is_taken(chr(each))}
    assert not [each for each in kept if unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp")]
    assert {each for each in kept if unicodedata.category(each) == "Cf"} >= {"\u200c", "\u200d"}
    assert not {each for each in kept if ord(each) & 0xFFFE == 0xFFFE}
    assert len(kept) == TAKEN


# Of 1,114,112: those that Unicode 17.0 assigns, private ones too, without the refused ones.
TAKEN = 296_860


def is_taken(character: str) -> bool:
    try:
        require_text(character, "title")
    except MalformedError:
        return False
    return True


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VECTORS["names"]["taken"], ids=ascii)
def test_a_name_in_its_one_form_is_taken(name: str) -> None:
    require_name(name)


@pytest.mark.parametrize(("name", "code"), VECTORS["names"]["refused"], ids=ascii)
def test_a_name_in_another_form_is_refused(name: str, code: str) -> None:
    with refused(MalformedError, code):
        require_name(name)
