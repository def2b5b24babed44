"""What the auditor says of types; the offline verifier decides the same cases."""

import json
from typing import Any

import msgspec
import pytest

from ledger.domain import events
from ledger.domain.events import TypeRetired
from ledger.verify.bundle import verify
from tests.support.chronicle import statement_id
from tests.support.dossier import bundle_of
from tests.support.every_event import every_type
from tests.unit.verify.test_changes import check_case
from tests.vectors.types.make import PATH

FOUND: dict[str, Any] = json.loads(PATH.read_text("utf-8"))
CASES: list[dict[str, Any]] = FOUND["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_the_auditor_decides_each_case(case: dict[str, Any]) -> None:
    check_case(FOUND["story"], case)


def test_there_is_a_case_of_every_refusal_of_a_type() -> None:
    assert {case["code"] for case in CASES} >= {
        "drafter_only",
        "schema_invalid",
        "schema_unmet",
        "type_invalid",
        "type_known",
        "type_looks_alike",
        "type_outdated",
        "type_policy_mismatch",
        "type_required",
        "type_retired",
        "type_unknown",
        "type_version",
    }


def test_a_bundle_that_retires_a_type_which_it_never_defined_is_refused_by_each_check() -> None:
    told = every_type(end=True)
    states = list(told.states)
    at = next(n for n, each in enumerate(told.events) if isinstance(each.body, TypeRetired))
    other = msgspec.structs.replace(told.events[at].body, name="unknown")
    states[at] = events.encode(msgspec.structs.replace(told.events[at], body=other), salt=bytes(32))
    report = verify(bundle_of(states, "full", statement_id(1)), now_ms=1_800_000_000_000)
    found = {each.name: (each.outcome, each.code) for each in report.checks}
    assert report.verdict == "invalid"
    assert found["policy"] == ("failed", "decision_mismatch")
    assert found["checkpoint"] == ("failed", "event_misplaced")
