"""The sabotages of some promises, made as `make sabotage` makes them all: their tests fail."""

from pathlib import Path

import msgspec
import pytest

from tests.support.promises import Promise, promises
from tests.support.sabotage import copy_tree, is_caught, run, unsound

# One of each kind whose test is a unit test, so that all of them take some seconds.
CHOSEN = ("P-102", "P-201", "P-210", "P-403")
FAST = [each for each in promises() if each.id in CHOSEN]
ONE = FAST[0]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree, whose code the tests break."""
    directory = tmp_path_factory.mktemp("sabotage")
    copy_tree(directory)
    return directory


def test_the_tests_run_on_the_code_of_the_copy(tree: Path) -> None:
    (tree / "tests/unit/test_place.py").write_text(
        f"import ledger\n\ndef test_place() -> None:\n    assert {str(tree)!r} in ledger.__file__\n"
    )
    assert run(tree, ["tests/unit/test_place.py"]).returncode == 0


@pytest.mark.parametrize("promise", FAST, ids=lambda each: each.id)
def test_a_broken_promise_is_noticed(tree: Path, promise: Promise) -> None:
    before = (tree / promise.sabotage.file).read_text()
    assert unsound(tree, [promise]) is None
    assert is_caught(tree, promise)
    assert (tree / promise.sabotage.file).read_text() == before


@pytest.mark.parametrize(
    "after",
    [
        f"False or {ONE.sabotage.before}",  # breaks nothing, so the test passes
        f"and {ONE.sabotage.before}",  # is no Python, so no test runs
    ],
)
def test_a_sabotage_that_shows_nothing_is_told(tree: Path, after: str) -> None:
    edit = msgspec.structs.replace(ONE.sabotage, after=after)
    assert not is_caught(tree, msgspec.structs.replace(ONE, sabotage=edit))


def test_a_test_that_cannot_be_found_shows_nothing(tree: Path) -> None:
    missing = f"{ONE.refused}_more"
    assert not is_caught(tree, msgspec.structs.replace(ONE, refused=missing))
    assert unsound(tree, [msgspec.structs.replace(ONE, accepted=missing)])
