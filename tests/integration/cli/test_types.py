"""`ledger types try`: which statements of the past would have passed a definition of a type."""

import json
from pathlib import Path

import pytest

from ledger.__main__ import main
from ledger.domain.statement_types import parse_definition
from tests.support.type_definitions import definition

EXAMPLES = sorted((Path(__file__).parents[3] / "docs/examples/types").glob("*.json"))


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "type.json"
    path.write_text(text)
    return path


def test_a_type_is_tried_on_the_statements_of_the_past(
    ledger: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, definition(schema={"required": ["no such member"]}))
    options = ["types", "try", str(path), "--data", str(ledger)]
    assert main([*options, "--json"]) == 4
    found = json.loads(capsys.readouterr().out)
    assert len(found) > 10
    assert {tuple(each["unmet"]) for each in found} == {("", "required")}
    first, last = found[0]["position"], found[1]["position"]
    assert main([*options, "--json", "--from", str(first), "--to", str(last)]) == 4
    assert json.loads(capsys.readouterr().out) == found[:2]
    assert main(options) == 4
    assert f"0 of {len(found)} statements would have passed" in capsys.readouterr().out


def test_nothing_to_try_passes_and_a_definition_that_is_none_is_a_usage_error(
    ledger: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, definition())
    options = ["types", "try", str(path), "--data", str(ledger)]
    assert main([*options, "--to", "1"]) == 0
    assert capsys.readouterr().out == "0 of 0 statements would have passed\n"
    path.write_text('{"name":"terms"}')
    assert main(options) == 2
    assert "type_invalid" in capsys.readouterr().err
    path.write_bytes(b"\xff")
    assert main(options) == 2


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.stem))
def test_the_shipped_examples_are_types(path: Path) -> None:
    known = parse_definition(path.read_text("utf-8"))
    assert known.definition.name == path.stem


def test_three_examples_are_shipped() -> None:
    names = [path.stem for path in EXAMPLES]
    assert names == ["agent-action", "investment-terms", "release-sign-off"]
