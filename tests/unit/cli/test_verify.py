"""`ledger verify` around the verifier: what it reads, and what it prints."""

import io
import os
import sys
from pathlib import Path
from typing import get_args

import pytest

from ledger.cli import verify, verify_report
from ledger.cli.progress_line import ProgressLine
from ledger.cli.verify import exit_code, read_directory
from ledger.domain.vocabulary import Status
from ledger.errors import LedgerError
from ledger.verify.report import (
    Check,
    CheckName,
    CheckOutcome,
    Verdict,
    VerificationReport,
    VerifiedPerson,
    VerifiedStatement,
    verdict,
)

CHECKS = tuple(Check(name, "passed", "Good.") for name in get_args(CheckName)[:9])


def with_outcome(name: CheckName, outcome: CheckOutcome) -> tuple[Check, ...]:
    return tuple(
        Check(each.name, outcome if each.name == name else "passed", "So.") for each in CHECKS
    )


def report(checks: tuple[Check, ...], *statuses: Status) -> VerificationReport:
    alice = VerifiedPerson("alice", "Alice")
    shown = tuple(
        VerifiedStatement(
            "id", "Title", status, None, False, "00", alice, "2026", "Approved once …", (), ()
        )
        for status in statuses
    )
    return VerificationReport(
        verdict(checks), "statement", "ledger.example/1", 7, "", "2026", checks, shown, (), ("No.",)
    )


@pytest.mark.parametrize(
    ("name", "outcome", "expected", "code"),
    [
        ("ledger", "passed", "verified", 0),
        ("ledger", "unverifiable", "consistent", 3),
        ("ledger", "failed", "invalid", 1),
        ("entries", "failed", "invalid", 1),
        ("entries", "unverifiable", "unverifiable", 3),
        ("content", "skipped", "unverifiable", 3),
    ],
)
def test_the_checks_make_the_verdict_and_the_verdict_the_exit_code(
    name: CheckName, outcome: CheckOutcome, expected: str, code: int
) -> None:
    found = report(with_outcome(name, outcome), "approved")
    assert (found.verdict, exit_code(found)) == (expected, code)


def test_a_further_check_that_was_asked_for_counts() -> None:
    outcomes: dict[CheckOutcome, Verdict] = {
        "passed": "verified",
        "unverifiable": "unverifiable",
        "failed": "invalid",
    }
    for outcome, expected in outcomes.items():
        more = Check("witnesses", outcome, "So.")
        assert verdict((*CHECKS, more)) == expected


@pytest.mark.parametrize("status", ["pending", "rejected", "withdrawn", "expired"])
def test_a_verified_statement_that_is_not_approved_has_an_exit_code_of_its_own(
    status: Status,
) -> None:
    assert exit_code(report(CHECKS, "approved", status)) == 4
    assert exit_code(report(with_outcome("ledger", "unverifiable"), status)) == 3


@pytest.mark.parametrize(("encoding", "marks"), [("utf-8", "✓✗–"), ("ascii", "+x-")])
def test_marks_are_those_that_the_terminal_knows(
    encoding: str, marks: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", out)
    checks = (
        *with_outcome("keys", "failed")[:-1],
        Check("ledger", "skipped", "“So”.", "code_of_it", 7),
    )
    verify_report.print_report(report(checks))
    out.seek(0)
    lines = out.read().splitlines()
    assert [line[3] for line in lines[2:11]] == [*marks[0] * 4, marks[1], *marks[0] * 3, marks[2]]
    assert lines[10].endswith("(code_of_it, position 7)")
    assert "Invalid: keys." in lines


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal_for_long_work_and_goes_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    progress = ProgressLine()
    progress("decisions", 5, 10)
    assert terminal.getvalue() == ""
    for done in range(2001):
        progress("decisions", done, 2000)
    progress.end()
    told = terminal.getvalue().split("\r\x1b[K")
    assert (len(told), told[1], told[51], told[-1]) == (
        103,
        "decisions: 0 % of 2,000",
        "decisions: 50 % of 2,000",
        "",
    )


def test_progress_is_not_shown_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    progress = ProgressLine()
    progress("decisions", 1000, 2000)
    progress.end()
    assert file.getvalue() == ""


# --- directories -------------------------------------------------------------------------------


def test_a_directory_is_read_as_names_and_bytes(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/c").write_bytes(b"1")
    (tmp_path / "d").write_bytes(b"2")
    (tmp_path / "empty").mkdir()
    assert read_directory(tmp_path) == {"a/b/c": b"1", "d": b"2"}


@pytest.mark.parametrize("kind", ["link", "link to a directory", "pipe"])
def test_what_is_no_regular_file_is_not_read(tmp_path: Path, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(tmp_path / "x")
    else:
        (tmp_path / "x").symlink_to("/etc" if "directory" in kind else "/etc/passwd")
    with pytest.raises(LedgerError) as caught:
        read_directory(tmp_path)
    assert caught.value.code == "bundle_malformed"


def test_a_directory_of_too_much_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        (tmp_path / name).write_bytes(bytes(10))
    for limit, value in (("MAX_FILES", 2), ("MAX_BUNDLE_BYTES", 29)):
        with monkeypatch.context() as patch:
            patch.setattr(verify, limit, value)
            with pytest.raises(LedgerError) as caught:
                read_directory(tmp_path)
            assert caught.value.code == "bundle_too_large"
