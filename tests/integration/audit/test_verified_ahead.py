"""What is looked up before events are decided: nothing is skipped for it."""

from contextlib import closing
from pathlib import Path

import pytest

from ledger.audit.part_auditor import PartAuditor
from ledger.audit.shares import PeopleAuditor
from ledger.audit.source import EventRow
from ledger.audit.verified_ahead import VerifiedAhead
from ledger.domain import events
from ledger.domain.events import StatementSigned
from ledger.store.engines import audited_log
from ledger.verify.auditor import AuditError
from tests.support.audited import eventful

SIZE = 120


class Read:
    """The rows about statements, the approvals in them, and everybody's keys."""

    def __init__(self, directory: Path) -> None:
        with closing(audited_log(str(directory / "log.sqlite")).open()) as rows:
            everybody = PeopleAuditor(rows)
            assert everybody.run(SIZE) is None
            self.rows = [*rows.of_statements(SIZE, 0, 1)]
        self.history = everybody.history
        self.people = [each.person for each in everybody.history if each.person is not None]
        bodies = [events.decode(row[4]).body for row in self.rows]
        self.approvals = [body.jws for body in bodies if isinstance(body, StatementSigned)]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return eventful(tmp_path_factory.mktemp("ahead"), size=SIZE)


@pytest.fixture(scope="module")
def read(directory: Path) -> Read:
    return Read(directory)


def altered(row: EventRow, old: bytes, new: bytes) -> EventRow:
    """Return a row whose body has other bytes of the same length."""
    position, stream, version, tag, state, leaf = row
    assert old in state
    return position, stream, version, tag, state.replace(old, new), leaf


def test_every_approval_of_a_sound_log_is_verified_ahead(read: Read) -> None:
    ahead = VerifiedAhead(read.people)
    ahead.verify(read.rows)
    assert len(read.approvals) >= 5
    for jws in read.approvals:
        found = ahead.get(jws)
        assert found is not None
        assert found.text == jws


def test_an_approval_with_another_signature_is_left_to_its_decision(read: Read) -> None:
    first, second = (jws.rpartition(".")[2] for jws in read.approvals[:2])
    row = next(row for row in read.rows if first.encode() in row[4])
    ahead = VerifiedAhead(read.people)
    ahead.verify([altered(row, first.encode(), second.encode())])
    forged = f"{read.approvals[0].rpartition('.')[0]}.{second}"
    assert ahead.get(forged) is None
    assert ahead.get(read.approvals[0]) is None


def test_an_approval_by_an_unknown_key_is_left_to_its_decision(read: Read) -> None:
    ahead = VerifiedAhead([])
    ahead.verify(read.rows)
    assert [jws for jws in read.approvals if ahead.get(jws) is not None] == []


def test_rows_that_are_no_events_are_left_to_their_decisions(read: Read) -> None:
    tag = StatementSigned.TAG
    garbage = [None, b"", b"\0\1x", b"\0\0" + bytes(32) + b'{"jws":"a.b.c"}', b"\xff" * 99]
    ahead = VerifiedAhead(read.people)
    ahead.verify([(1, bytes(16), 1, tag, state, bytes(32)) for state in garbage])
    assert ahead.get("a.b.c") is None


def test_what_was_verified_is_forgotten_with_the_next_rows(read: Read) -> None:
    ahead = VerifiedAhead(read.people)
    ahead.verify(read.rows)
    ahead.verify([])
    assert ahead.get(read.approvals[0]) is None


@pytest.mark.parametrize("ahead", [True, False])
def test_a_stream_begins_once_though_its_statement_has_left_memory(
    read: Read, directory: Path, ahead: bool
) -> None:
    first = read.rows[0]
    again = (read.rows[-1][0] + 1, *first[1:])
    with closing(audited_log(str(directory / "log.sqlite")).open()) as rows:
        auditor = PartAuditor(rows, {}, read.history)
        auditor.learn(first[0])
        auditor.take(first)
        auditor.statements.clear()
        if ahead:
            auditor.look_ahead([again], trusted=0)
        with pytest.raises(AuditError, match="must begin once"):
            auditor.take(again, decide=False)
