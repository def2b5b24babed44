"""What the auditor says of recoveries by the operator; the offline verifier decides the same."""

import json
from typing import Any

import pytest

from tests.unit.verify.test_changes import check_case
from tests.vectors.operator_recovery.make import PATH

FOUND: dict[str, Any] = json.loads(PATH.read_text("utf-8"))


def test_there_is_a_case_of_every_refusal_of_a_recovery() -> None:
    assert {case["code"] for case in FOUND["cases"]} >= {
        "governance_can_act",
        "governance_names_people",
        "invitation_cancelled",
        "invitation_expired",
        "invitation_known",
        "invitation_waiting",
        "invitations_mismatch",
        "lost_not_counting",
        "recovery_ended",
        "recovery_unknown",
        "recovery_waiting",
    }


@pytest.mark.parametrize("case", FOUND["cases"], ids=lambda case: str(case["name"]))
def test_the_auditor_decides_each_recovery(case: dict[str, Any]) -> None:
    check_case(FOUND["story"], case)
