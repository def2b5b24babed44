"""`ledger audit`: what it says and what it ends with."""

import json
import shutil
import sqlite3
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ledger.__main__ import main
from ledger.store.sqlite.store import SqliteLog
from tests.support.audited import SIZE, audited, edit


def test_a_sound_ledger_is_verified(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "--data", str(copy)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("VERIFIED")
    assert f"events            {SIZE}" in told
    assert f"The read models at position {SIZE} match the log." in told


def test_an_edited_ledger_is_invalid_and_the_place_is_said(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(copy, "UPDATE ev SET leaf = zeroblob(32) WHERE pos = 200")
    assert main(["audit", "--data", str(copy)]) == 1
    told = capsys.readouterr().out
    assert told.startswith("INVALID")
    assert "first finding: event at position 200: leaf_mismatch" in told
    assert '"v":1}' in told


def test_without_a_checkpoint_nothing_can_be_verified(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(copy, "DELETE FROM checkpoint; DELETE FROM cosignature; DELETE FROM stamp")
    (copy / "signer-memory.sqlite").unlink()
    assert main(["audit", "--data", str(copy)]) == 3
    assert capsys.readouterr().out.startswith("UNVERIFIABLE")


def test_an_empty_log_contradicts_nothing(tmp_path: Path) -> None:
    SqliteLog(tmp_path / "log.sqlite").close()
    report = audited(tmp_path)
    assert (report.verdict, report.size, report.finding) == ("unverifiable", 0, None)


def test_entries_that_nobody_signed_in_time_are_stale(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(copy, "DELETE FROM checkpoint WHERE size = 301")
    assert main(["audit", "--data", str(copy)]) == 4
    assert capsys.readouterr().out.startswith("STALE")


@pytest.mark.parametrize("options", [["--jobs", "0"], ["--jobs", "65"], ["--data", "/nowhere"]])
def test_what_cannot_be_begun_ends_with_2(copy: Path, options: list[str]) -> None:
    assert main(["audit", "--data", str(copy), *options]) == 2


def test_the_report_counts_what_was_verified(copy: Path) -> None:
    report = audited(copy)
    assert sum(report.counts.events.values()) == report.size == SIZE
    assert min(report.counts.statuses[each] for each in ("pending", "approved", "withdrawn")) > 0
    assert report.counts.signatures > report.counts.assertions > 10, report.counts


def test_a_key_from_elsewhere_has_to_be_one_of_the_logs(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = audited(copy).log_keys
    assert main(["audit", "--data", str(copy), "--quiet", "--log-key", ours[0]]) == 0
    assert main(["audit", "--data", str(copy), "--quiet", "--log-key", "other+00000000+AAAA"]) == 3
    assert capsys.readouterr().out == ""


def test_the_json_names_everything(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(copy, "UPDATE claim SET pos = 3 WHERE name LIKE 'kid/%' AND pos = 5")
    assert main(["audit", "--json", "--data", str(copy)]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "invalid"
    assert told["finding"] | {"detail": "", "expected": "", "entry": ""} == {
        "part": "claim",
        "position": 5,
        "code": "claim_mismatch",
        "detail": "",
        "expected": "",
        "entry": "",
    }


def test_the_page_needs_no_other_address(copy: Path, tmp_path: Path) -> None:
    page = tmp_path / "audit.html"
    hostile = "UPDATE claim SET name = 'kid/<script>alert(1)</script>' WHERE name LIKE 'kid/%'"
    edit(copy, f"{hostile} AND pos = 5")
    assert main(["audit", "--quiet", "--html", str(page), "--data", str(copy)]) == 1
    text = page.read_text()
    assert "<script" not in text
    assert "http" not in text
    seen: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: seen.append(tag)  # type: ignore[method-assign]  # of this parser
    parser.feed(text)
    allowed = "html head meta title style body h1 h2 p strong table tr th td ul li"
    assert {*seen} <= {*allowed.split()}


def test_a_copied_file_in_a_directory_of_its_own_can_be_audited(
    ledger: Path, tmp_path: Path
) -> None:
    shutil.copy(ledger / "log.sqlite", tmp_path / "log.sqlite")
    report = audited(tmp_path)
    assert report.verdict == "verified"
    assert (
        not (tmp_path / "log.sqlite-wal").exists()
        or (tmp_path / "log.sqlite-wal").stat().st_size == 0
    )


def test_read_models_that_say_something_else_are_found(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(copy / "views.sqlite")) as db:
        db.execute("UPDATE statement SET status = 'rejected' WHERE status = 'approved'")
        db.commit()
    assert main(["audit", "--data", str(copy)]) == 1
    assert "first finding: read models" in capsys.readouterr().out


@pytest.mark.parametrize("table", ["user", "user_role", "signing_key", "passkey", "decision"])
def test_a_row_of_read_models_that_is_gone_is_found(copy: Path, table: str) -> None:
    with closing(sqlite3.connect(copy / "views.sqlite")) as db:
        db.execute(f"DELETE FROM {table}")  # noqa: S608  # names from above
        db.commit()
    assert main(["audit", "--quiet", "--data", str(copy)]) == 1
