"""`ledger diff`: what differs between two positions or times."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.__main__ import main
from tests.support.chronicle import statement_id
from tests.support.event_names import positions
from tests.support.every_event import every_type

PLACES = positions(every_type(end=True))
Differs = Callable[..., dict[tuple[str, str], tuple[str, str]]]


@pytest.fixture
def differs(story: Path, capsys: pytest.CaptureFixture[str]) -> Differs:
    def run(*options: str) -> dict[tuple[str, str], tuple[str, str]]:
        capsys.readouterr()
        assert main(["diff", "--json", "--data", str(story), *options]) == 0
        (answer,) = json.loads(capsys.readouterr().out)
        return {
            (each["id"] if each["about"] == "statement" else each["name"], each["what"]): (
                each["from"],
                each["to"],
            )
            for each in answer["rows"]
        }

    return run


def test_nothing_differs_between_a_point_and_itself(differs: Differs) -> None:
    assert differs("--from", "50", "--to", "50") == {}


def test_a_status_a_role_and_a_rule_differ_by_their_values(differs: Differs) -> None:
    granted = PLACES["bob role-granted 2"]
    assert differs("--from", str(granted - 1), "--to", str(granted)) == {
        ("Bob", "roles"): ("investor", "creator, investor")
    }
    drafted = PLACES["statement-1 statement-drafted"]
    approved = PLACES["statement-1 statement-signed 2"]
    found = differs("--from", str(drafted - 1), "--to", str(approved))
    assert found == {(statement_id(1), "status"): ("", "approved")}
    defined = PLACES["ledger role-defined"]
    (roles,) = differs("--from", str(defined - 1), "--to", str(defined)).items()
    assert roles[0] == ("", "roles")
    assert set(roles[1][1].split(", ")) - set(roles[1][0].split(", ")) == {"legal"}


def test_somebody_new_and_somebody_gone_are_shown(differs: Differs) -> None:
    registered = PLACES["carol user-registered"]
    found = differs("--from", str(registered - 1), "--to", str(registered + 3))
    assert found["Carol", "standing"] == ("", "active")
    assert found["Carol", "keys"][1]
    last = PLACES["alice standing-set"]
    found = differs("--from", str(last - 1), "--to", str(last))
    assert found == {("Alice Ångström", "standing"): ("active", "deactivated")}


def test_a_statement_expires_between_two_times_without_an_event(
    ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--from", "2026-12-01T00:00:00Z", "--to", "2999-01-01T00:00:00Z"]
    assert main(["diff", "--json", "--data", str(ledger), *options]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    ended = [each for each in answer["rows"] if each["about"] == "statement"]
    assert {(each["from"], each["to"]) for each in ended} == {("pending", "expired")}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--from", "9", "--to", "5"], "period_invalid"),
        (["--from", "2999-01-01T00:00:00Z", "--to", "2998-01-01T00:00:00Z"], "period_invalid"),
        (["--from", "0"], "position_unknown"),
        (["--from", "1990-01-01T00:00:00Z"], "position_unknown"),
    ],
)
def test_points_that_cannot_be_compared_are_refused(
    story: Path, capsys: pytest.CaptureFixture[str], options: list[str], code: str
) -> None:
    assert main(["diff", "--data", str(story), *options]) == 2
    assert capsys.readouterr().err.startswith(f"ledger: {code}")
