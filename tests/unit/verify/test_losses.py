"""What the auditor says after a loss; the offline verifier decides the same cases."""

import json
from typing import Any

import pytest

from tests.unit.verify.test_changes import check_case
from tests.vectors.losses.make import PATH

FOUND: dict[str, Any] = json.loads(PATH.read_text("utf-8"))


@pytest.mark.parametrize("case", FOUND["cases"], ids=lambda case: str(case["name"]))
def test_the_auditor_decides_each_case(case: dict[str, Any]) -> None:
    check_case(FOUND["story"], case)


def test_there_is_a_case_of_every_refusal_of_a_late_act() -> None:
    found = {case["code"] for case in FOUND["cases"] if str(case["name"]).startswith("late: ")}
    assert found >= {"late_misplaced", "late_incomplete", "late_refused", "iat_stale", "on_hold"}
