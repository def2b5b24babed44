"""`ledger audit` on several processes: it finds what one process finds."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ledger.__main__ import main
from ledger.audit import part_auditor
from ledger.audit.findings import Finding, first
from ledger.audit.shares import PeopleAuditor, Share, audit_share
from ledger.audit.workers import WorkerPool, WorkerTask
from ledger.domain.entry import cut, join
from ledger.errors import LedgerError, UnavailableError
from ledger.store.engines import audited_log
from ledger.verify.auditor import AuditError
from tests.support.audited import SIZE, audited, edit, finding_of
from tests.support.forgery import resealed
from tests.support.ledgers import audit
from tests.support.ledgers import rows as stored_rows
from tests.support.refusals import refused
from tests.support.states import replace_state, state_at, without_triggers


def sequential(directory: Path) -> tuple[int, str] | None:
    """Return what the auditor of the whole log, one event after the other, refuses."""
    try:
        audit(stored_rows(directory / "log.sqlite"))
    except AuditError as error:
        cause = error.__cause__
        position = error.evidence["position"]
        assert isinstance(position, int)
        return position, cause.code if isinstance(cause, LedgerError) else error.code
    return None


def in_parts(directory: Path, number: int) -> Finding | None:
    """Return what as many parts find as if each were a process of its own."""
    rows = audited_log(str(directory / "log.sqlite")).open()
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
    with closing(sqlite3.connect(copy / "log.sqlite")) as db, without_triggers(db):
        state = state_at(db, position)
        forged = {
            "seq": lambda: resealed(state, version=77),
            "at": lambda: resealed(state, at="2025-01-01T00:00:00.000Z"),
            "body": lambda: state[:-2] + bytes([state[-2] ^ 1]) + state[-1:],
            "state": lambda: join(cut(state)[0], cut(state)[1][: len(state) // 4]),
        }[change]()
        replace_state(db, position, forged)
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
    log = audited_log(str(copy / "log.sqlite"))
    with closing(log.open()) as rows:
        charter = PeopleAuditor(rows)
        charter.run(SIZE)
    assert charter.charter is not None
    tasks = [
        WorkerTask(
            log.address,
            Share(part, 2, SIZE, 0),
            tuple(charter.history),
            charter.charter,
        )
        for part in range(2)
    ]
    with WorkerPool(log, lambda _: None) as crew:
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
    monkeypatch.setattr(part_auditor, "MOST_STATEMENTS", 2)
    assert audited(copy).counts == whole.counts
