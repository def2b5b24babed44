"""Forged bundles: the verifier and the audit refuse each, and name why."""

import json
from typing import Any

import pytest

from tests.support.forgery import refusal
from tests.vectors.forged.cases import forged
from tests.vectors.forged.make import PATH, found

EXPECTED: list[dict[str, Any]] = json.loads(PATH.read_text("utf-8"))
CODES = {
    "a draft of an outdated type": "type_outdated",
    "content that the schema of its type refuses": "schema_unmet",
    "a new version by a stranger": "creator_only",
    "a version of one that ended without replacing": "version_ended",
    "a new version by a stranger, of a type whose drafters may": "drafter_only",
    "a new version by a drafter, of a type whose creators may": "creator_only",
    "a statement that is used once too often": "used_up",
    "the same in a redacted bundle": "used_up",
    "the same in a bundle of the statement": "used_up",
    "a decision by somebody who may not read the statement, full": "statement_unknown",
    "a decision by somebody who may not read the statement, redacted": "statement_unknown",
    "a decision by somebody who may not read the statement, statement": "statement_unknown",
    "a new version by somebody who may not read the statement, full": "statement_unknown",
    "a new version by somebody who may not read the statement, redacted": "statement_unknown",
    "a new version by somebody who may not read the statement, statement": "statement_unknown",
    "an approval with a key that nobody reaffirmed, full": "reaffirmation_required",
    "an approval with a key that nobody reaffirmed, redacted": "reaffirmation_required",
    "an approval with a key that nobody reaffirmed, statement": "reaffirmation_required",
    "an approval of a statement that a loss ended, full": "statement_expired",
    "an approval of a statement that a loss ended, redacted": "statement_expired",
    "an approval of a statement that a loss ended, statement": "statement_expired",
    "a use that a loss voided, full": "uses_void",
    "a use that a loss voided, redacted": "uses_void",
    "a use that a loss voided, statement": "uses_void",
    "a retraction left out of a bundle": "events_left_out",
    "a use left out of a bundle": "events_left_out",
    "heads by a key that was replaced": "jws_kid_mismatch",
}


def test_each_forgery_is_refused_for_the_rule_that_it_breaks() -> None:
    assert {each["name"]: each["code"] for each in EXPECTED} == CODES
    assert {each["verdict"] for each in EXPECTED} == {"invalid"}


@pytest.mark.parametrize("case", EXPECTED, ids=lambda case: str(case["name"]))
def test_the_verifier_finds_what_is_expected(case: dict[str, Any]) -> None:
    assert found(case["name"]) == case


@pytest.mark.parametrize("case", EXPECTED, ids=lambda case: str(case["name"]))
def test_the_audit_refuses_a_log_that_an_operator_forged(case: dict[str, Any]) -> None:
    each = forged(case["name"])
    refused = refusal(each.states)
    # Where a file is left out, or another key signs the heads, the log itself is right.
    is_right = each.left_out or each.heads
    assert (refused and refused[1]) == (None if is_right else case["code"])
