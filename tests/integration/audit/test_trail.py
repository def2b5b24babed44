"""The trail: every event once, in order, in words, in a form that no spreadsheet runs."""

import csv
import io
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ledger.__main__ import main
from ledger.audit.trail import COLUMNS, Trail
from ledger.audit.trail_formats import write_csv
from ledger.domain import entry, events
from ledger.domain.events import BODIES
from ledger.store.engines import audited_log
from tests.support.audited import SIZE
from tests.support.event_names import positions
from tests.support.every_event import every_type
from tests.support.ledgers import audit, rows
from tests.support.states import without_triggers

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "trail.md"


def exported(ledger: Path, tmp_path: Path, form: str) -> bytes:
    out = tmp_path / f"trail.{form}"
    assert main(["export", "--format", form, "--data", str(ledger), "--output", str(out)]) == 0
    return out.read_bytes()


def test_every_event_is_a_line_in_order(ledger: Path, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in exported(ledger, tmp_path, "jsonl").splitlines()]
    stored = rows(ledger / "log.sqlite")
    auditor = audit(stored)
    assert len(lines) == SIZE
    for line, (position, state, leaf) in zip(lines, stored, strict=True):
        raw, _ = entry.cut(state)
        if entry.is_erased(state):
            assert line["summary"].startswith("Erased by change ")
            continue
        event = events.decode(state)
        assert tuple(line) == COLUMNS
        assert (line["position"], line["leafIndex"]) == (position, position - 1)
        assert (line["time"], line["stream"]) == (event.at, str(event.stream))
        assert (line["version"], line["type"]) == (event.version, event.body.TAG)
        assert (line["entryHash"], line["bodyHash"]) == (
            leaf.hex(),
            json.loads(raw)["body"]["sha256"],
        )
        signer = getattr(event.body, "signer", None)
        if signer is not None:
            assert line["actorId"] == signer
            assert line["actorName"] == auditor.people[UUID(signer)].name
            assert line["key"] == f"kid:{event.body.kid}"  # type: ignore[union-attr]  # every decision's


def test_the_csv_has_the_same_lines(ledger: Path, tmp_path: Path) -> None:
    table = [*csv.reader(io.StringIO(exported(ledger, tmp_path, "csv").decode(), newline=""))]
    lines = [json.loads(line) for line in exported(ledger, tmp_path, "jsonl").splitlines()]
    assert tuple(table[0]) == COLUMNS
    assert len(table) == SIZE + 1
    for row, line in zip(table[1:], lines, strict=True):
        assert [cell.removeprefix("'") for cell in row] == [str(each) for each in line.values()]


def test_each_type_of_event_has_words(story: Path) -> None:
    with closing(audited_log(str(story / "log.sqlite")).open()) as opened:
        lines = [*Trail(opened).lines()]
    assert {line.type for line in lines} == {*BODIES}
    told = {name: lines[n - 1].summary for name, n in positions(every_type(end=True)).items()}
    assert told["ledger ledger-created"] == "The ledger was created; registration: open"
    assert told["bob user-registered"] == "“Bob” registered as investor"
    assert told["alice passkey-removed"] == "“Alice Ångström” removed a passkey"
    granted = "The ledger granted “Bob” the role creator, by change "
    assert told["bob role-granted 2"].startswith(granted)
    drafted = "“Alice Ångström” drafted “Series A – 'preferred'”"
    assert told["statement-1 statement-drafted"] == drafted
    assert told["statement-1 statement-signed 2"].endswith("which is approved")
    rejected = told["statement-2 statement-rejected"]
    assert "which is rejected: The amount is too low." in rejected
    assert {line.actor_name for line in lines if not line.actor_id} == {"The ledger"}


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t"])
def test_what_a_spreadsheet_would_run_is_defused(sign: str, monkeypatch: Any, story: Path) -> None:
    monkeypatch.setattr("ledger.domain.events.actor", lambda event: f"{sign}cmd|'/C calc'!A0")
    out = io.BytesIO()
    with closing(audited_log(str(story / "log.sqlite")).open()) as opened:
        write_csv(Trail(opened).lines(), out)
    for row in [*csv.reader(io.StringIO(out.getvalue().decode(), newline=""))][1:]:
        assert not any(cell.startswith((sign, "=")) for cell in row)
        assert row[COLUMNS.index("actorId")].startswith("'")


def test_without_a_file_it_goes_to_standard_output(
    ledger: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["export", "--format", "jsonl", "--data", str(ledger)]) == 0
    assert len(capfdbinary.readouterr().out.splitlines()) == SIZE


@pytest.mark.parametrize(
    "script",
    [
        "UPDATE ev SET leaf = zeroblob(32) WHERE pos = 100",
        "UPDATE ev SET entry = x'09' WHERE pos = 100",
        "DELETE FROM ev WHERE pos = 100",
    ],
)
def test_bytes_that_disagree_are_not_exported(
    ledger: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], script: str
) -> None:
    copy = shutil.copytree(ledger, tmp_path / "copy")
    with closing(sqlite3.connect(copy / "log.sqlite")) as db, without_triggers(db):
        db.executescript(script)
    out = tmp_path / "trail.csv"
    assert main(["export", "--format", "csv", "--data", str(copy), "--output", str(out)]) == 1
    assert "100" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--data", "/nowhere"], ["--output", "/nowhere/x.csv"]])
def test_what_cannot_be_read_or_written_ends_with_2(ledger: Path, options: list[str]) -> None:
    assert main(["export", "--format", "csv", "--data", str(ledger), *options]) == 2


def test_every_column_is_in_the_reference() -> None:
    text = REFERENCE.read_text()
    assert [name for name in COLUMNS if f"| `{name}` |" not in text] == []
