"""What the auditor says of changes; the offline verifier decides the same cases."""

import json
from typing import Any
from uuid import UUID

import msgspec
import pytest

from ledger.domain import events
from ledger.domain.events import Event, encode
from ledger.errors import LedgerError
from ledger.verify.auditor import AuditError, Auditor
from tests.vectors.changes.make import PATH

FOUND: dict[str, Any] = json.loads(PATH.read_text("utf-8"))
CASES: list[dict[str, Any]] = FOUND["cases"]


def state(shown: dict[str, Any]) -> bytes:
    body = msgspec.convert(shown["body"], events.BODIES[shown["type"]])
    event = Event(UUID(shown["stream"]), shown["version"], shown["at"], body)
    return encode(event, salt=bytes(32))


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_the_auditor_decides_each_case(case: dict[str, Any]) -> None:
    check_case(FOUND["story"], case)


def check_case(story: list[dict[str, Any]], case: dict[str, Any]) -> None:
    """Check that an auditor decides the last event of a case as the case says."""
    streams = case.get("streams")
    auditor = Auditor(complete=streams is None)
    told: list[dict[str, Any]] = [
        shown
        for shown in [*story, *case["events"]]
        if streams is None or shown["stream"] in streams
    ]
    *first, last = told
    for shown in first:
        auditor.add(shown["position"], state(shown))
    if case["code"] is None:
        auditor.add(last["position"], state(last))
        auditor.finish()
        return
    with pytest.raises(AuditError) as caught:
        auditor.add(last["position"], state(last))
    cause = caught.value.__cause__
    assert isinstance(cause, LedgerError)
    assert cause.code == case["code"]
    assert auditor.position == last["position"] - 1


def test_there_is_a_case_of_every_refusal_of_a_change() -> None:
    assert {case["code"] for case in CASES} >= {
        "change_invalid",
        "change_no_effect",
        "change_outdated",
        "change_torn",
        "compromise_date_refused",
        "compromise_known",
        "compromise_unrelated",
        "cose_mismatch",
        "cose_required",
        "creator_not_gone",
        "effect_unexpected",
        "effects_missing",
        "governance_changed",
        "governance_invalid",
        "governance_only",
        "governance_unmeetable",
        "invitation_expired",
        "invitation_known",
        "people_incomplete",
        "role_governs",
        "role_known",
        "role_looks_alike",
        "role_unknown",
        "statement_approved",
        "statement_expired",
        "statement_unknown",
        "title_mismatch",
        "type_unknown",
        "user_unknown",
    }
