"""Answers and events of OCSF about late acts: they say so, and when people signed them."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from ledger.audit import ocsf, questions
from ledger.audit.answers import AnswerTable
from ledger.audit.source import AuditedLog
from ledger.audit.trail import Line, Trail
from ledger.domain.events import CompromiseSet, StandingSet, encode
from ledger.store.engines import audited_log
from tests.support.chronicle import statement_id
from tests.support.kept_log import keep
from tests.vectors.losses.aftermath import Aftermath
from tests.vectors.losses.late import whole
from tests.vectors.losses.late_steps import ada_erases, final


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AuditedLog]:
    """Yield a log with a late approval of Ada, who has left since, and whose key was stolen."""
    told = Aftermath()
    whole(final, acts=ada_erases)(told)
    change, since = statement_id(9), told.events[0].at
    told.add(told.ada.user, CompromiseSet(change, f"kid:{told.ada.key.kid}", since, ()))
    told.add(told.ada.user, StandingSet(change, "deactivated"))
    unseen = enumerate(told.events[len(told.states) :], start=len(told.states) + 1)
    told.states += [encode(e, salt=hashlib.sha256(b"salt %d" % n).digest()) for n, e in unseen]
    path = tmp_path_factory.mktemp("late") / "log.sqlite"
    keep(told, path)
    with closing(audited_log(str(path)).open()) as rows:
        yield rows


def late(log: AuditedLog) -> Line:
    (found,) = (
        line
        for line in Trail(log).lines()
        if line.late_signed_at and line.type == "statement-signed.v1"
    )
    return found


@pytest.mark.parametrize("ask", [questions.questioned, questions.leavers])
def test_an_answer_says_that_a_decision_was_recorded_late(
    log: AuditedLog, ask: Callable[[AuditedLog], AnswerTable]
) -> None:
    signed = late(log)
    answer = ask(log)
    remarks = {row[0]: row[answer.columns.index("remark")] for row in answer.rows}
    said = f"recorded late, after a restore; signed {signed.late_signed_at}"
    assert remarks[signed.position] == said
    assert [each for each in remarks.values() if each] == [said]


def test_an_event_of_ocsf_says_that_an_act_was_recorded_late(log: AuditedLog) -> None:
    signed = late(log)
    assert ocsf.event(signed)["unmapped"]["lateSignedAt"] == signed.late_signed_at
