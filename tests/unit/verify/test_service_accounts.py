"""What the auditor says of service accounts; the offline verifier decides the same cases."""

import json
from typing import Any

import pytest

from tests.unit.verify.test_changes import check_case
from tests.vectors.service_accounts.make import PATH

FOUND: dict[str, Any] = json.loads(PATH.read_text("utf-8"))
CASES: list[dict[str, Any]] = FOUND["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_the_auditor_decides_each_case(case: dict[str, Any]) -> None:
    check_case(FOUND["story"], case)
