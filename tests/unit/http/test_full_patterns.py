"""Patterns of what a request gives: they cover the whole text, a newline at its end too."""

import re
from pathlib import Path

import msgspec
import pytest

from ledger.http.devices import Label
from ledger.http.requests import full_pattern

HTTP = Path(__file__).parents[3] / "src/ledger/http"


@pytest.mark.parametrize("text", ["ab\n", "\nab", "ab\n\n", "a", "abc", ""])
def test_a_pattern_of_the_whole_text_refuses_anything_around_it(text: str) -> None:
    assert re.search(full_pattern("a|ab?b"), text) is None or text == "a"
    assert re.search(full_pattern("ab"), "ab")


def test_a_label_of_a_key_with_a_newline_at_its_end_is_refused() -> None:
    label = {"reference": "kid:abc", "label": "Phone"}
    assert msgspec.convert(label, Label).reference == "kid:abc"
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(label | {"reference": "kid:abc\n"}, Label)


def test_every_pattern_that_a_route_checks_covers_the_whole_text() -> None:
    given = {
        f"{path.name}: {found}"
        for path in HTTP.glob("*.py")
        for found in re.findall(r"\bpattern=(\w*\(?)", path.read_text("utf-8"))
    }
    assert given
    assert {each for each in given if not each.endswith("full_pattern(")} == set()


def test_no_code_relies_on_a_dollar_for_the_end_of_a_text() -> None:
    """Python's `$` also stands before a newline at the end; `\\Z` and fullmatch do not."""
    source = HTTP.parents[1]
    ends = re.compile(r"re\.compile\(\s*rb?\"[^\"]*[^\\(|]\$\"|re\.compile\(\s*\"[^\"]*[^\\(|]\$\"")
    found = [str(path) for path in source.rglob("*.py") if ends.search(path.read_text("utf-8"))]
    assert found == []
