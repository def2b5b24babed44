"""`ledger ask`: what auditors ask, answered from the log alone."""

import csv
import io
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from ledger.__main__ import main
from ledger.audit import figures_svg
from ledger.audit.answers import AnswerTable, to_text
from ledger.domain.events import StatementSigned
from ledger.store.engines import address_of, open_operations
from ledger.store.ports.operations import Access
from tests.support.chronicle import Chronicle, statement_id
from tests.support.every_event import every_type
from tests.support.kept_log import keep
from tests.support.states import without_triggers

BOB = "00000000-0000-0000-0000-000000000002"
Asks = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def asks(story: Path, capsys: pytest.CaptureFixture[str]) -> Asks:
    def run(*question: str, data: Path = story) -> list[dict[str, Any]]:
        capsys.readouterr()
        assert main(["ask", *question, "--json", "--data", str(data)]) == 0
        found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
        return found

    return run


def rows(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    (answer,) = answers
    found: list[dict[str, Any]] = answer["rows"]
    return found


def test_who_approved_when_with_which_key_and_what_they_saw(asks: Asks) -> None:
    (answer,) = asks("approvals", statement_id(1))
    signed = [
        (number, event.at, event.body)
        for number, event in enumerate(every_type(end=True).events, start=1)
        if str(event.stream) == statement_id(1) and isinstance(event.body, StatementSigned)
    ]
    told = [(each["position"], each["time"], each["key"], each["form"]) for each in answer["rows"]]
    assert told == [(n, at, f"kid:{body.kid}", body.form) for n, at, body in signed]
    assert [each["person"] for each in answer["rows"]] == ["Bob", "Alice Ångström", "Carol"]
    assert len({each["saw"] for each in answer["rows"]}) == 1
    assert answer["title"] == "Decisions on “Series A – 'preferred'”"
    assert '"threshold":2' in answer["notes"][1]


def test_a_rejection_has_its_reason_and_its_passkey(asks: Asks) -> None:
    (rejected,) = rows(asks("approvals", statement_id(2)))
    assert rejected["decision"] == "statement rejected"
    assert rejected["reason"] == "The amount is too low."
    assert rejected["passkey"].startswith("passkey:")


def test_an_approval_that_was_taken_back_says_so(asks: Asks) -> None:
    approved, taken_back = rows(asks("approvals", statement_id(4)))
    assert (approved["remark"], taken_back["decision"]) == ("taken back", "approval retracted")


def test_everything_that_a_person_did_is_found_by_id_and_by_name(asks: Asks) -> None:
    by_name, by_id = rows(asks("acts", "Bob")), rows(asks("acts", BOB))
    assert by_name == by_id
    assert {"user-registered.v1", "statement-signed.v1", "statement-used.v1"} <= {
        each["type"] for each in by_name
    }
    assert all(each["summary"].startswith("“Bob” ") for each in by_name)


def test_a_period_has_all_that_happened_in_it(asks: Asks) -> None:
    found = rows(asks("events", "--from", "10", "--to", "14"))
    assert [each["position"] for each in found] == [10, 11, 12, 13, 14]
    assert all(each["summary"] and each["time"].endswith("Z") for each in found)


def test_a_change_of_the_administration_names_who_approved_it(asks: Asks) -> None:
    found = rows(asks("administration"))
    granted = next(each for each in found if each["type"] == "role-granted.v1")
    assert granted["by"] == "“Dave”"
    admitted = next(each for each in found if each["type"] == "passkey-admitted.v1")
    assert admitted["by"] == "“Dave”, “Carol”"
    assert {"type-defined.v1", "governance-set.v1", "person-suspended.v1", "role-ended.v1"} <= {
        each["type"] for each in found
    }
    assert not any(each["type"].startswith("statement-") for each in found)


def test_decisions_in_question_name_the_key_and_the_statement(asks: Asks, tmp_path: Path) -> None:
    told = Chronicle()
    told.found()
    alice, bob = told.signer(1, "creator"), told.signer(2, "investor")
    told.register(alice, "Alice")
    told.register(bob, "Bob")
    since, raw = str(told.time), told.draft(alice, 1)
    told.sign(bob, bob.shared(raw), raw)
    told.revoke(bob, bob.key.kid, compromisedSince=since)
    keep(told, tmp_path / "log.sqlite")
    (found,) = rows(asks("in-question", data=tmp_path))
    assert (found["person"], found["key"]) == ("Bob", f"kid:{bob.key.kid}")
    assert (found["statement"], found["status then"]) == (statement_id(1), "pending")
    (decision,) = rows(asks("approvals", statement_id(1), data=tmp_path))
    assert (decision["remark"], decision["position"]) == ("in question", found["position"])


def test_approvals_by_people_who_have_left_are_found(asks: Asks) -> None:
    found = rows(asks("leavers"))
    assert {"Alice Ångström"} <= {each["person"] for each in found}
    assert {each["standing"] for each in found} <= {"suspended", "deactivated"}
    assert all(len(each["saw"]) == 64 for each in found)


def test_exports_are_read_from_the_access_record_and_change_nothing(
    asks: Asks, story: Path, tmp_path: Path
) -> None:
    data = Path(shutil.copytree(story, tmp_path / "data"))
    assert rows(asks("exports", data=data)) == []
    assert not (data / "state.sqlite").exists()
    with closing(open_operations(address_of(data), data, born_ms=0)) as state:
        state.note_access(Access(1_795_230_245_678, BOB, "evidence-full", statement_id(1)))
        state.note_access(Access(1_795_230_246_678, BOB, "list"))
        state.note_access(Access(1_795_230_247_678, BOB, "access-report", BOB))
    reported, listed, exported = rows(asks("exports", data=data))
    assert (exported["person"], exported["what"]) == ("Bob", "evidence-full")
    assert exported["name"] == "Series A – “preferred”"
    assert (listed["what"], listed["about"], listed["name"]) == ("list", "", "")
    assert (reported["about"], reported["name"]) == (BOB, "Bob")


def test_figures_count_every_statement_once(asks: Asks, story: Path, tmp_path: Path) -> None:
    picture = tmp_path / "months.svg"
    months, types, people, times = asks("figures", "--svg", str(picture))
    drafted = [
        each for each in every_type(end=True).events if each.body.TAG == "statement-drafted.v1"
    ]
    assert sum(each["drafted"] for each in types["rows"]) == len(drafted)
    changes = sum(e["drafted"] for e in types["rows"] if e["type"] == "ledger/change 1")
    assert sum(each["drafted"] for each in months["rows"]) == len(drafted) - changes
    for each in [*months["rows"], *types["rows"]]:
        statuses = ("approved", "rejected", "withdrawn", "expired", "superseded", "pending")
        assert sum(each[status] for status in statuses) == each["drafted"]
    bob = next(each for each in people["rows"] if each["id"] == BOB)
    assert bob["statement signed"] >= 1
    assert {each["status"] for each in times["rows"]} <= {"approved", "rejected"}
    root = ET.parse(picture).getroot()  # noqa: S314  # we wrote it
    shown = "".join(root.itertext())
    assert all(str(each["month"]) in shown for each in months["rows"])


def test_a_picture_says_each_number_in_words_and_runs_nothing() -> None:
    row = ("<script>", 3, 2, 1, 0, 0, 0, 0)
    picture = figures_svg.by_month(AnswerTable("Statements & months", ("month",), (row,)))
    assert "<script>" not in picture
    assert "approved: 2" in picture
    assert "rejected: 1" in picture


def test_answers_are_csv_that_excel_opens(
    story: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["ask", "acts", "Bob", "--csv", "--data", str(story)]) == 0
    raw = capfdbinary.readouterr().out
    assert raw.startswith(b"\xef\xbb\xbf")
    table = [*csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline=""))]
    assert {row["type"] for row in table} >= {"user-registered.v1"}


def test_answers_as_text_have_a_line_for_each_row(
    story: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", "leavers", "--data", str(story)]) == 0
    told = capsys.readouterr().out.splitlines()
    count = int(told[0].rpartition(": ")[2])
    assert told[0].startswith("Approvals by people who have left")
    assert len(told) == 3 + 1 + count


@pytest.mark.parametrize(
    ("question", "code"),
    [
        (["approvals", "none"], "id_invalid"),
        (["approvals", "00000000-0000-4000-8000-00000000ffff"], "statement_unknown"),
        (["approvals", BOB], "statement_unknown"),
        (["acts", "Mallory"], "user_unknown"),
        (["events", "--from", "9", "--to", "5"], "period_invalid"),
    ],
)
def test_what_cannot_be_answered_is_refused(
    story: Path, capsys: pytest.CaptureFixture[str], question: list[str], code: str
) -> None:
    assert main(["ask", *question, "--data", str(story)]) == 2
    assert capsys.readouterr().err.startswith(f"ledger: {code}")


@pytest.mark.parametrize("question", [["events"], ["figures"], ["acts", "Bob"], ["leavers"]])
def test_a_damaged_log_answers_nothing(
    story: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], question: list[str]
) -> None:
    data = shutil.copytree(story, tmp_path / "data")
    with closing(sqlite3.connect(data / "log.sqlite")) as db, without_triggers(db):
        db.executescript("UPDATE body SET data = zeroblob(40)")
    assert main(["ask", *question, "--data", str(data)]) == 1
    assert "body_mismatch" in capsys.readouterr().err


def test_one_long_reason_does_not_widen_the_other_rows() -> None:
    long = "because " * 250
    answer = AnswerTable("Rejections", ("reason", "by"), (("short", "Ada"), (long, "Ben")))
    *_, head, short, wide = to_text(answer).splitlines()
    assert max(len(head), len(short)) < 150
    assert wide == f"{long}  Ben"
