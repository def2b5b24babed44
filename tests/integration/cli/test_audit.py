"""`ledger audit`: what it says, what it ends with, on how many processes, and how it goes on."""

import json
import shutil
import sqlite3
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ledger.__main__ import main
from ledger.audit import shares
from ledger.audit.findings import Finding, first
from ledger.audit.logfile import Rows
from ledger.audit.shares import PeopleAuditor, Share, audit_share
from ledger.audit.workers import WorkerPool, WorkerTask
from ledger.domain.entry import leaf_hash
from ledger.errors import LedgerError, MalformedError, UnavailableError
from ledger.store.sqlite.store import SqliteLog
from ledger.verify.auditor import AuditError, Auditor
from tests.support.audited import audited, drop_triggers, eventful, finding_of
from tests.support.forgery import resealed
from tests.support.ledgers import rows as stored_rows
from tests.support.refusals import refused

SIZE = 301


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return eventful(tmp_path_factory.mktemp("command") / "data")


@pytest.fixture
def copy(ledger: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ledger, tmp_path / "copy"))


def edit(directory: Path, script: str) -> None:
    with closing(sqlite3.connect(directory / "log.sqlite")) as db:
        drop_triggers(db)
        db.executescript(script)


# --- what it says and ends with ------------------------------------------------------------------


def test_a_sound_ledger_is_verified(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "--data", str(copy)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("VERIFIED")
    assert f"events            {SIZE}" in told
    assert f"The read models, at position {SIZE}, say what the log says." in told


def test_an_edited_ledger_is_invalid_and_the_place_is_said(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(copy, "UPDATE ev SET leaf = zeroblob(32) WHERE pos = 200")
    assert main(["audit", "--data", str(copy)]) == 1
    told = capsys.readouterr().out
    assert told.startswith("INVALID")
    assert "first wrong: event at position 200: leaf_mismatch" in told
    assert '"v":1}' in told


def test_without_a_checkpoint_nothing_can_be_verified(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(copy, "DELETE FROM checkpoint; DELETE FROM cosignature; DELETE FROM stamp")
    (copy / "log-state.sqlite").unlink()
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
    edit(copy, "UPDATE claim SET pos = 3 WHERE name LIKE 'kid/%' AND pos = 4")
    assert main(["audit", "--json", "--data", str(copy)]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "invalid"
    assert told["finding"] | {"detail": "", "expected": "", "entry": ""} == {
        "part": "claim",
        "position": 4,
        "code": "claim_mismatch",
        "detail": "",
        "expected": "",
        "entry": "",
    }


def test_the_page_needs_no_other_address(copy: Path, tmp_path: Path) -> None:
    page = tmp_path / "audit.html"
    hostile = "UPDATE claim SET name = 'kid/<script>alert(1)</script>' WHERE name LIKE 'kid/%'"
    edit(copy, f"{hostile} AND pos = 4")
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
    assert "first wrong: read models" in capsys.readouterr().out


@pytest.mark.parametrize("table", ["user", "user_role", "signing_key", "passkey", "decision"])
def test_a_row_of_read_models_that_is_gone_is_found(copy: Path, table: str) -> None:
    with closing(sqlite3.connect(copy / "views.sqlite")) as db:
        db.execute(f"DELETE FROM {table}")  # noqa: S608  # names from above
        db.commit()
    assert main(["audit", "--quiet", "--data", str(copy)]) == 1


# --- on several processes ------------------------------------------------------------------------


def sequential(directory: Path) -> tuple[int, str] | None:
    """Return what the auditor of the whole log, one event after the other, refuses."""
    auditor = Auditor()
    try:
        for row in stored_rows(directory / "log.sqlite"):
            auditor.add(*row)
        auditor.finish()
    except AuditError as error:
        cause = error.__cause__
        position = error.evidence["position"]
        assert isinstance(position, int)
        return position, cause.code if isinstance(cause, LedgerError) else error.code
    return None


def in_parts(directory: Path, number: int) -> Finding | None:
    """Return what as many parts find as if each were a process of its own."""
    rows = Rows(directory / "log.sqlite")
    people = PeopleAuditor(rows)
    found = [people.run(SIZE)]
    for part in range(number):
        share = Share(part, number, SIZE, 0)
        found.append(audit_share(rows, people.history, share, lambda _: None).finding)
    rows.close()
    return first([each for each in found if each is not None])


@pytest.mark.parametrize(
    "position", [1, 3, 9, 20, 33, 44, 60, 75, 90, 121, 150, 177, 199, 243, 300]
)
@pytest.mark.parametrize("change", ["seq", "at", "body", "state"])
def test_parts_find_what_the_auditor_of_the_whole_finds(
    copy: Path, position: int, change: str
) -> None:
    with closing(sqlite3.connect(copy / "log.sqlite")) as db:
        drop_triggers(db)
        (state,) = db.execute("SELECT state FROM ev WHERE pos = ?", (position,)).fetchone()
        forged = {
            "seq": lambda: resealed(state, version=77),
            "at": lambda: resealed(state, at="2025-01-01T00:00:00.000Z"),
            "body": lambda: state[:-2] + bytes([state[-2] ^ 1]) + state[-1:],
            "state": lambda: state[: len(state) // 2],
        }[change]()  # type: ignore[no-untyped-call]  # one of those above
        values = (forged, leaf_hash(forged), position)
        db.execute("UPDATE ev SET state = ?, leaf = ? WHERE pos = ?", values)
        db.commit()
    expected = sequential(copy)
    for number in (1, 3):
        found = in_parts(copy, number)
        assert (found is None) == (expected is None)
        if found is not None and expected is not None:
            # That a registration is whole is for the scan of all leaves to say.
            code = found.code if expected[1] != "registration_torn" else expected[1]
            assert (found.position, code) == expected


def test_two_processes_say_what_one_says(copy: Path) -> None:
    one, two = audited(copy, jobs=1), audited(copy, jobs=2)
    assert (one.verdict, one.root, one.counts, two.jobs) == ("verified", two.root, two.counts, 2)
    edit(copy, "UPDATE ev SET leaf = zeroblob(32) WHERE pos IN (280, 270, 290)")
    assert finding_of(copy, jobs=2) == finding_of(copy, jobs=1)
    assert finding_of(copy, jobs=2).position == 270


def test_a_process_that_dies_is_no_verdict(copy: Path) -> None:
    charter = PeopleAuditor(Rows(copy / "log.sqlite"))
    charter.run(SIZE)
    assert charter.charter is not None
    tasks = [
        WorkerTask(
            str(copy / "log.sqlite"),
            Share(part, 2, SIZE, 0),
            tuple(charter.history),
            charter.charter,
        )
        for part in range(2)
    ]
    with WorkerPool(lambda _: None) as crew:
        crew.start(tasks)
        for process in crew._processes:
            process.kill()
        with refused(UnavailableError, "audit_interrupted"):
            crew.join()


def test_a_damaged_page_is_a_verdict_on_any_number_of_processes(copy: Path) -> None:
    raw = bytearray((copy / "log.sqlite").read_bytes())
    raw[300_000:310_000] = b"\xff" * 10_000
    (copy / "log.sqlite").write_bytes(raw)
    for jobs in (1, 2):
        assert audited(copy, jobs=jobs).verdict == "invalid"


def test_an_interrupted_audit_leaves_no_process_and_ends_with_2(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    crews: list[WorkerPool] = []

    def interrupt(crew: WorkerPool) -> None:
        crews.append(crew)
        raise KeyboardInterrupt

    monkeypatch.setattr(WorkerPool, "join", interrupt)
    assert main(["audit", "--jobs", "2", "--data", str(copy)]) == 2
    assert "interrupted" in capsys.readouterr().err
    assert [process.poll() is None for process in crews[0]._processes] == [False, False]


def test_few_statements_in_memory_are_enough(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = audited(copy)
    monkeypatch.setattr(shares, "MOST_STATEMENTS", 2)
    assert audited(copy).counts == whole.counts


# --- going on ------------------------------------------------------------------------------------


def test_a_later_run_goes_on_where_an_earlier_one_ended(copy: Path, tmp_path: Path) -> None:
    file = tmp_path / "audit.state"
    assert audited(copy, resume=file).trusted == 0
    again = audited(copy, resume=file)
    assert (again.verdict, again.trusted) == ("verified", SIZE)
    assert "is believed" in "".join(again.notes)


def test_what_was_edited_since_is_found_by_a_run_that_goes_on(copy: Path, tmp_path: Path) -> None:
    file = tmp_path / "audit.state"
    audited(copy, resume=file)
    edit(copy, "UPDATE ev SET state = x'00' WHERE pos = 250")
    assert finding_of(copy, resume=file).position == 250
    edit(copy, "UPDATE ev SET leaf = zeroblob(32) WHERE pos = 120")
    found = audited(copy, resume=file)
    assert (found.trusted, found.finding and found.finding.position) == (0, 120)


@pytest.mark.parametrize(
    "change", [{"root": "00"}, {"size": 200}, {"tool": "0.0.1"}, {"ledger": "another"}]
)
def test_what_an_earlier_run_says_of_something_else_is_not_believed(
    copy: Path, tmp_path: Path, change: dict[str, object]
) -> None:
    file = tmp_path / "audit.state"
    audited(copy, resume=file)
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    assert audited(copy, resume=file).trusted == 0


def test_a_file_that_cannot_be_written_is_refused_at_once(copy: Path) -> None:
    with refused(MalformedError, "resume_invalid"):
        audited(copy, resume=copy / "nowhere" / "audit.state")


@pytest.mark.parametrize("garbage", [b"", b"{}", b"\xff", b"[" * 9_999])
def test_a_file_that_no_audit_wrote_is_refused(copy: Path, tmp_path: Path, garbage: bytes) -> None:
    file = tmp_path / "audit.state"
    file.write_bytes(garbage)
    with refused(MalformedError, "resume_invalid"):
        audited(copy, resume=file)
    assert main(["audit", "--data", str(copy), "--resume", str(file)]) == 2
