"""Recorded cases: the files that Python and JavaScript both read are what the code makes."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

VECTORS = Path(__file__).parents[1] / "vectors"
MAKERS = [
    import_module(f"tests.vectors.{path.parent.name}.make")
    for path in sorted(VECTORS.glob("*/make.py"))
]


@pytest.mark.parametrize(
    "maker",
    [each for each in MAKERS if {"PATH", "text"} <= vars(each).keys()],
    ids=lambda maker: maker.__name__.split(".")[2],
)
def test_the_cases_are_what_the_code_makes(maker: ModuleType) -> None:
    assert maker.PATH.read_text("utf-8") == maker.text()
