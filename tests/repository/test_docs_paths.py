"""Every file, function and test that a page names is there; decisions are history, left out."""

import re
from functools import cache
from pathlib import Path

import pytest

from ledger import data_files
from tests.support.architecture import ROOT, defines
from tests.vectors.conformance.table import CASES

PAGES = [
    path
    for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
    if path.name != "CHANGELOG.md" and path.parent.name != "decisions"
]
IDS = [str(path.relative_to(ROOT)) for path in PAGES]
PLACE = re.compile(
    r"`((?:benchmarks|docs|projections|src|tests|web)/[\w./-]*)(?:::\w+)?`(?: · `([\w.]+)`)?"
)
TEST = re.compile(r"`(?:[\w./]+::)?(test_\w+)(?:\.py)?`")


@cache
def names_of_tests() -> set[str]:
    """Return the name of every test and of every file with tests."""
    files = [*(ROOT / "tests").rglob("test_*.py")]
    names = {name for path in files for name in re.findall(r"def (test_\w+)", path.read_text())}
    return names | {path.stem for path in files}


# Files of other directories: of a demonstration beside its ledger, of a witness, of a backup.
ELSEWHERE = {
    data_files.GENUINE_BUNDLE,
    data_files.TAMPERED_BUNDLE,
    data_files.LOG_VKEY,
    data_files.WITNESS_STATE_FILE,
    data_files.WITNESS_KEYS_FILE,
    data_files.BACKUP_FILE,
    data_files.SEALED_KEYS_FILE,
}


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_file_and_function_that_a_page_names_is_there(page: Path) -> None:
    named = PLACE.findall(page.read_text())
    assert [path for path, _ in named if not (ROOT / path).exists()] == []
    assert [(path, name) for path, name in named if name and not defines(ROOT / path, name)] == []


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_test_that_a_page_names_is_there(page: Path) -> None:
    assert [name for name in TEST.findall(page.read_text()) if name not in names_of_tests()] == []


def test_the_page_of_the_conformance_suite_counts_its_cases() -> None:
    page = (ROOT / "docs/reference/conformance.md").read_text()
    assert f"holds {len(CASES)} bundles" in page
    assert f"{len(CASES)} of {len(CASES)} cases passed" in page


def test_the_settings_list_every_file_of_a_data_directory() -> None:
    page = (ROOT / "docs/reference/settings.md").read_text()
    constants = {name: value for name, value in vars(data_files).items() if name.isupper()}
    files = {value for value in constants.values() if isinstance(value, str)} - ELSEWHERE
    assert {name for name in files if f"`{name}`" not in page} == set()
