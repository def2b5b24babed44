"""Which events an export has: a period, a person, a statement, types, and what is new."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.__main__ import main

Exported = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def exported(story: Path, tmp_path: Path) -> Exported:
    def run(*options: str) -> list[dict[str, Any]]:
        out = tmp_path / "trail.jsonl"
        given = ["--format", "jsonl", "--data", str(story), "--output", str(out)]
        assert main(["export", *given, *options]) == 0
        return [json.loads(line) for line in out.read_text().splitlines()]

    return run


def test_a_period_of_positions_has_both_ends(exported: Exported) -> None:
    assert [each["position"] for each in exported("--from", "5", "--to", "8")] == [5, 6, 7, 8]


def test_a_period_of_times_has_both_ends(exported: Exported) -> None:
    lines = exported()
    first, last = lines[20]["time"], lines[40]["time"]
    expected = [each for each in lines if first <= each["time"] <= last]
    assert exported("--from", first, "--to", last) == expected
    assert exported("--from", "1990-01-01T00:00:00Z") == lines
    assert exported("--from", "2999-01-01T00:00:00Z") == []
    assert exported("--to", "1990-01-01T00:00:00Z") == []


def test_an_export_continues_after_an_earlier_one(exported: Exported) -> None:
    lines = exported()
    assert exported("--after", "60") == lines[60:]
    assert exported("--after", str(len(lines) + 7)) == []
    assert exported("--after", "60", "--from", "58", "--to", "61") == [lines[60]]


@pytest.mark.parametrize("person", ["Bob", "00000000-0000-0000-0000-000000000002"])
def test_a_person_is_named_by_name_or_id(exported: Exported, person: str) -> None:
    mine = [each for each in exported() if each["actorName"] == "Bob"]
    assert len(mine) > 5
    assert exported("--actor", person) == mine


def test_a_statement_and_types_are_chosen_together(exported: Exported) -> None:
    lines = exported()
    signed = [each for each in lines if each["type"] == "statement-signed.v1"]
    assert exported("--type", "statement-signed") == signed
    about = signed[-1]["stream"]
    assert exported("--statement", about) == [each for each in lines if each["stream"] == about]
    both = exported("--statement", about, "--type", "statement-signed.v1", "--type", "key-attested")
    assert both == [each for each in signed if each["stream"] == about]


def test_a_bundle_takes_no_period(story: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--format", "bundle", "--data", str(story), "--from", "1", "x"]) == 2
    assert "option_invalid" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--from", "9", "--to", "5"], "period_invalid"),
        (["--from", "2027-01-01T00:00:00Z", "--to", "2026-01-01T00:00:00Z"], "period_invalid"),
        (["--from", "0"], "position_unknown"),
        (["--to", "999999"], "position_future"),
        (["--to", "yesterday"], "time_invalid"),
        (["--after", "-1"], "option_invalid"),
        (["--actor", "Mallory"], "user_unknown"),
        (["--statement", "none"], "id_invalid"),
        (["--type", "statement-signed.v9"], "event_type_unknown"),
        (["--bom"], "option_invalid"),
    ],
)
def test_what_cannot_be_selected_is_refused(
    story: Path, capsys: pytest.CaptureFixture[str], options: list[str], code: str
) -> None:
    given = [f"{a}={b}" for a, b in zip(options[::2], options[1::2], strict=False)] or options
    assert main(["export", "--format", "jsonl", "--data", str(story), *given]) == 2
    assert capsys.readouterr().err.startswith(f"ledger: {code}")
