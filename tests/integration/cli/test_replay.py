"""`ledger replay`: the world as of any position or time, from the log alone."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ledger import clock
from ledger.__main__ import main
from ledger.clock import from_rfc3339
from ledger.domain.events import Event, StatementDecision
from ledger.errors import MalformedError
from ledger.verify.auditor import Auditor
from tests.support.audited import SIZE
from tests.support.erased import informed, take
from tests.support.ledgers import rows
from tests.support.refusals import refused
from tests.support.states import without_triggers


def replayed(ledger: Path, capsys: pytest.CaptureFixture[str], *options: str) -> Any:
    capsys.readouterr()
    assert main(["replay", "--json", "--data", str(ledger), *options]) == 0
    return json.loads(capsys.readouterr().out)


def audited_to(ledger: Path, position: int) -> Auditor:
    stored = rows(ledger / "log.sqlite")
    auditor = informed(stored)
    for row in stored[:position]:
        take(auditor, row)
    return auditor


@pytest.mark.parametrize("position", [4, 23, 60, 150, 280, SIZE])
def test_the_world_is_what_an_auditor_has_seen_by_then(
    ledger: Path, capsys: pytest.CaptureFixture[str], position: int
) -> None:
    auditor = audited_to(ledger, position)
    world = replayed(ledger, capsys, "--at", str(position))
    assert (world["position"], world["decided"]) == (position, True)
    assert {each["id"]: each["name"] for each in world["people"]} == {
        str(user): person.name for user, person in auditor.people.items()
    }
    now_ms = clock.to_ms(world["at"])
    assert {each["id"]: each["status"] for each in world["statements"]} == {
        str(stream): state.status_at(now_ms) for stream, state in auditor.statements.items()
    }
    keys = [key for each in world["people"] for key in each["keys"]]
    revoked = {key["kid"] for key in keys if key["status"] == "revoked"}
    known = [key for person in auditor.people.values() for key in person.keys.values()]
    assert revoked == {key.kid for key in known if key.revoked}


def test_one_statement_is_shown_with_its_progress_and_policy(
    ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = replayed(ledger, capsys)
    (approved, *_) = [each for each in whole["statements"] if each["status"] == "approved"]
    world = replayed(ledger, capsys, "--statement", approved["id"])
    assert world["statements"] == [approved]
    assert world["people"] == whole["people"]
    assert approved["progress"]["missing"] == 0
    assert approved["progress"]["threshold"] == approved["policy"]["threshold"]
    assert len(approved["approvals"]) >= 1


def test_without_a_position_the_newest_is_shown(
    ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", "--fast", "--data", str(ledger)]) == 0
    told = capsys.readouterr().out
    assert f"as of position {SIZE}" in told
    assert "no signature verified" in told
    assert " approved as " in told


def test_each_decision_is_named_with_its_time_position_and_key(
    ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = rows(ledger / "log.sqlite")
    auditor, made = informed(stored), []
    for row in stored:
        event = take(auditor, row)
        if isinstance(event, Event) and isinstance(event.body, StatementDecision):
            made.append((str(event.stream), row[0], event.at, event.body.signer, event.body.kid))
    world = replayed(ledger, capsys)
    shown = [
        (each["id"], told["position"], told["at"], told["user"], told["kid"])
        for each in world["statements"]
        for told in each["decisions"]
    ]
    assert sorted(shown) == sorted(made)
    assert main(["replay", "--fast", "--data", str(ledger)]) == 0
    text = capsys.readouterr().out
    for _, position, at, _, kid in made:
        assert f"(position {position:,}, {at}, key {kid}" in text


def test_a_time_is_the_last_position_that_is_not_later(
    ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(ledger / "log.sqlite")) as db:
        times = db.execute("SELECT pos, CAST(substr(entry, 8, 24) AS TEXT) FROM ev").fetchall()
    asked = times[99][1]
    expected = max(position for position, time in times if time <= asked)
    assert replayed(ledger, capsys, "--at", asked)["position"] == expected
    assert replayed(ledger, capsys, "--at", "2100-01-01T00:00:00+02:00")["position"] == SIZE


def test_a_statement_expires_by_the_time_that_is_asked_for(
    ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def statuses(*options: str) -> list[str]:
        shown = replayed(ledger, capsys, *options)["statements"]
        return [each["status"] for each in shown if each["policy"]["threshold"] == 9]

    assert statuses() == ["pending"]
    assert statuses("--at", "2100-01-01T00:00:00Z") == ["expired"]


@pytest.mark.parametrize(
    "options",
    [
        ["--at", "302"],
        ["--at", "0"],
        ["--at", "-1"],
        ["--at", "yesterday"],
        ["--at", "2026-11-21"],
        ["--at", "2026-11-21T03:04:05"],
        ["--at", "1990-01-01T00:00:00Z"],
        ["--at", "9" * 5_000],
        ["--statement", "none"],
        ["--statement", str(UUID(int=1))],
        ["--data", "/nowhere"],
    ],
)
def test_what_cannot_be_shown_is_refused(
    ledger: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    assert main(["replay", f"--data={ledger}", *(f"{options[0]}={options[1]}",)]) == 2
    assert capsys.readouterr().err.startswith("ledger: ")


def test_a_log_that_is_wrong_on_the_way_is_not_shown(
    ledger: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(ledger, tmp_path / "copy")
    with closing(sqlite3.connect(copy / "log.sqlite")) as db, without_triggers(db):
        db.execute("UPDATE ev SET leaf = zeroblob(32) WHERE pos = 100")
        db.commit()
    assert main(["replay", "--data", str(copy), "--at", "200"]) == 1
    assert "log_invalid" in capsys.readouterr().err
    assert main(["replay", "--data", str(copy), "--at", "99"]) == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-21T03:04:05Z", "2026-11-21T03:04:05.000Z"),
        ("2026-11-21T05:04:05.6789+02:00", "2026-11-21T03:04:05.678Z"),
        ("2026-11-21 03:04:05Z", "2026-11-21T03:04:05.000Z"),
    ],
)
def test_a_time_is_read_as_rfc_3339_writes_it(text: str, expected: str) -> None:
    assert from_rfc3339(text) == expected


@pytest.mark.parametrize("text", ["", "2026", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+23:59"])
def test_anything_else_is_no_time(text: str) -> None:
    with refused(MalformedError, "time_invalid"):
        from_rfc3339(text)
