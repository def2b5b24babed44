"""docs/explanation/architecture.md and CONTRIBUTING.md show the code that there is."""

import re

import pytest

from tests.repository.test_docs_paths import PLACE
from tests.support.architecture import ROOT, defines, imports, reduced, rooms, rows
from tests.support.architecture_pictures import PAGE, PATHS, STEP, drawn_arrows, made, steps

PICTURE = (ROOT / "docs/images/rooms.svg").read_text()
TEXT = PAGE.read_text()


def level(room: str) -> int:
    return next(n for n, row in enumerate(rows()) if room in row)


@pytest.mark.parametrize("path", sorted(made()))
def test_the_pictures_are_what_make_reference_writes(path: str) -> None:
    assert (ROOT / path).read_text() == made()[path]


def test_every_room_has_a_row_and_every_row_has_its_rooms() -> None:
    assert {room for row in rows() for room in row} == {*rooms()}


def test_every_room_is_drawn() -> None:
    assert {*re.findall(r">(\w+)</text>", PICTURE)} == {*rooms()}


def test_every_arrow_that_is_drawn_is_an_import() -> None:
    assert drawn_arrows(PICTURE) - imports() == set()


def test_every_import_is_an_arrow_or_a_chain_of_them() -> None:
    drawn = drawn_arrows(PICTURE)
    assert reduced(imports()) == drawn
    reached = set(drawn)
    while further := {(a, d) for a, b in reached for c, d in drawn if b == c} - reached:
        reached |= further
    assert imports() - reached == set()


def test_no_import_points_up_or_sideways() -> None:
    assert {(a, b) for a, b in imports() if level(a) >= level(b)} == set()


def test_every_import_is_in_the_table_and_the_reverse() -> None:
    told = {
        (room, other)
        for room, cell in re.findall(r"^\| `(\w+)` \| .* \| ([^|]*) \|$", TEXT, re.MULTILINE)
        for other in cell.split(", ")
        if other in rooms()
    }
    assert told == imports()


@pytest.mark.parametrize("title", PATHS)
def test_every_step_of_a_path_is_there(title: str) -> None:
    path = steps(TEXT, title)
    assert len(path) >= 8
    missing = [f"{file} {name}" for file, name, _ in path if not defines(ROOT / file, name)]
    assert missing == []


def test_every_numbered_step_of_the_paths_is_one_that_is_drawn() -> None:
    for title in PATHS:
        (section,) = re.findall(rf"^## {title}\n(.*?)^## ", TEXT, re.M | re.S)
        assert len(re.findall(r"^\d+\. ", section, re.M)) == len(STEP.findall(section))


def test_the_questions_of_a_newcomer_have_a_path_that_is_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    for question in (
        "Where is a signature verified?",
        "Where is a policy decided?",
        "Where is a checkpoint signed?",
        "Where is a bundle checked?",
        "Where is a page rendered?",
    ):
        (row,) = [line for line in text.splitlines() if line.startswith(f"| {question}")]
        assert PLACE.search(row), question
    assert len(PLACE.findall(text)) > 20
