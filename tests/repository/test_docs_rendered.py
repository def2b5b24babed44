"""Every page of the documentation, rendered as a code host renders it: tables, links, images."""

import re
from functools import cache
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
DECISIONS = ROOT / "docs/decisions"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
IDS = [str(path.relative_to(ROOT)) for path in PAGES]
SCHEMES = ("http://", "https://")


@cache
def tokens(path: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(path.read_text())


@cache
def anchors(path: Path) -> frozenset[str]:
    """Return the anchor of every heading, as code hosts make it from the heading's text."""
    found: set[str] = set()
    for token, following in zip(tokens(path), tokens(path)[1:], strict=False):
        if token.type == "heading_open":
            words = "".join(each.content for each in following.children or [])
            anchor = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
            assert anchor not in found, f"{path}: two headings {words!r}"
            found.add(anchor)
    return frozenset(found)


def targets(path: Path, kind: str, attribute: str) -> list[str]:
    """Return what the links or the images of a page lead to."""
    inline = [child for token in tokens(path) for child in token.children or []]
    return [str(each.attrs[attribute]) for each in inline if each.type == kind]


def cells(line: str) -> int:
    """Count the cells of a table's row; an escaped pipe separates nothing."""
    return len(re.findall(r"(?<!\\)\|", line.strip())) - 1


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_no_row_of_a_table_is_rendered_as_text(path: Path) -> None:
    tables = {
        number
        for token in tokens(path)
        if token.map is not None and token.type in ("table_open", "fence", "code_block")
        for number in range(*token.map)
    }
    lines = path.read_text().splitlines()
    raw = [n + 1 for n, line in enumerate(lines) if line.startswith("|") and n not in tables]
    assert raw == []


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_every_row_has_as_many_cells_as_its_header(path: Path) -> None:
    lines = path.read_text().splitlines()
    for token in tokens(path):
        if token.type == "table_open" and token.map is not None:
            rows = lines[slice(*token.map)]
            assert {cells(row) for row in rows} == {cells(rows[0])}, rows[0]


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_every_link_leads_to_a_file_and_a_heading(path: Path) -> None:
    for target in targets(path, "link_open", "href"):
        if target.startswith(SCHEMES):
            continue
        file, _, anchor = target.partition("#")
        page = (path.parent / file).resolve() if file else path
        assert page.exists(), target
        assert page.is_relative_to(ROOT), target
        if anchor:
            assert anchor in anchors(page), target


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_every_image_is_there_and_says_what_it_shows(path: Path) -> None:
    for target in targets(path, "image", "src"):
        assert (path.parent / target).is_file(), target
    for token in tokens(path):
        for child in token.children or []:
            assert child.type != "image" or child.content, "an image without words"


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_a_page_has_one_title_and_every_heading_its_own_anchor(path: Path) -> None:
    titles = [token for token in tokens(path) if token.type == "heading_open" and token.tag == "h1"]
    assert len(titles) == 1
    assert anchors(path)


def test_every_decision_is_in_the_index_under_its_own_title() -> None:
    listed = re.findall(
        r"^- \[(\d{4})\]\((.+)\): (.+)$", (DECISIONS / "README.md").read_text(), re.M
    )
    there = [
        (*re.findall(r"\A# (\d{4}): (.+)\n", page.read_text())[0], page.name)
        for page in sorted(DECISIONS.glob("[0-9]*.md"))
    ]
    assert [(number, title, name) for number, name, title in listed] == there
    assert all(name.startswith(number) for number, _, name in there)


def test_every_decision_has_a_number_of_one_range() -> None:
    text = (DECISIONS / "README.md").read_text()
    ranges = [
        range(int(a), int(b) + 1) for a, b in re.findall(r"^\| (\d{4})–(\d{4}) \|", text, re.M)
    ]
    numbers = [int(page.name[:4]) for page in DECISIONS.glob("[0-9]*.md")]
    assert len(numbers) == len({*numbers})
    assert all(sum(number in each for each in ranges) == 1 for number in numbers)
