"""What the auditor says of types; the offline verifier decides the same cases."""

import json
from typing import Any

import pytest

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
