"""`ledger audit` that goes on where an earlier run ended: what it believes of that run."""

import json
from pathlib import Path

import pytest

from ledger.__main__ import main
from ledger.errors import MalformedError
from tests.support.audited import SIZE, audited, edit, finding_of
from tests.support.refusals import refused


def test_a_later_run_goes_on_where_an_earlier_one_ended(copy: Path, tmp_path: Path) -> None:
    file = tmp_path / "audit.state"
    assert audited(copy, resume=file).trusted == 0
    again = audited(copy, resume=file)
    assert (again.verdict, again.trusted) == ("verified", SIZE)
    assert "trusts its file" in "".join(again.notes)


def test_what_was_edited_since_is_found_by_a_run_that_goes_on(copy: Path, tmp_path: Path) -> None:
    file = tmp_path / "audit.state"
    audited(copy, resume=file)
    edit(copy, "UPDATE ev SET entry = x'00' WHERE pos = 250")
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
