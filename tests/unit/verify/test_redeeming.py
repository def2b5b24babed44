"""What the auditor says of invitations in use; the offline verifier decides the same cases."""

import json
from typing import Any

import pytest

from ledger.domain.redeeming import key_of_secret
from ledger.errors import MalformedError
from tests.support.refusals import refused
from tests.unit.verify.test_changes import check_case
from tests.vectors.redeeming.make import PATH

FOUND: dict[str, Any] = json.loads(PATH.read_text("utf-8"))


@pytest.mark.parametrize("case", FOUND["cases"], ids=lambda case: str(case["name"]))
def test_the_auditor_decides_each_use_of_an_invitation(case: dict[str, Any]) -> None:
    check_case(FOUND["story"], case)


@pytest.mark.parametrize("case", FOUND["keys"], ids=lambda case: str(case["kid"]))
def test_a_secret_leads_to_its_key(case: dict[str, Any]) -> None:
    key = key_of_secret(case["secret"], ledger=case["ledger"])
    assert (key.jwk.x, key.kid) == (case["x"], case["kid"])


def test_one_secret_is_another_key_on_another_ledger() -> None:
    here, there = FOUND["keys"][:2]
    assert here["secret"] == there["secret"]
    assert here["kid"] != there["kid"]


@pytest.mark.parametrize(
    "secret",
    ["", "A", "AAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAB", "AAAAAAAAAAAAAAAAAAAAAA==", "é"],
)
def test_a_text_that_is_no_secret_is_refused(secret: str) -> None:
    with refused(MalformedError, "secret_invalid"):
        key_of_secret(secret, ledger="example.com/ledger")
