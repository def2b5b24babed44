"""Hundreds of ways in which a JWS, a header or a key is not what it claims to be, as data."""

import json
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import LedgerError, MalformedError
from ledger.jose import NotVerifiedError, verify_multi, verify_multi_all
from tests.support.each import check_each

CASES = json.loads((Path(__file__).parents[2] / "vectors/jws-negative.json").read_text())


def options_of(case: dict[str, Any]) -> Any:
    return {"now": None, **case.get("options", {})}


def outcome_of(case: dict[str, Any], jws: Any) -> Any:
    """Return the envelope's code, or the entries' codes with None for verified ones."""
    try:
        found = verify_multi_all(jws, case["keys"], **options_of(case))
    except LedgerError as error:
        return error.detail and error.code
    assert (found.payload is not None) == any(outcome.verified for outcome in found.outcomes)
    for index, outcome in enumerate(found.outcomes):
        assert outcome.index == index
        assert outcome.verified == (outcome.error is None) == (outcome.signer is not None)
        assert outcome.error is None or outcome.error.detail
    return [outcome.error and outcome.error.code for outcome in found.outcomes]


def test_every_case_has_the_outcome_that_it_names() -> None:
    def check(case: dict[str, Any]) -> None:
        assert outcome_of(case, case["jws"]) == case.get("error", case.get("outcomes"))

    check_each(CASES, check)


def test_text_and_object_of_a_case_have_the_same_outcome() -> None:
    def check(case: dict[str, Any]) -> None:
        expected = case.get("error", case.get("outcomes"))
        compact = json.dumps(case["jws"], separators=(",", ":")).encode()
        assert outcome_of(case, json.dumps(case["jws"])) == expected
        assert outcome_of(case, compact) == expected

    check_each([case for case in CASES if isinstance(case["jws"], dict)], check)


def test_the_first_good_signature_is_found_past_any_bad_one() -> None:
    check_each(CASES, first_good)


def first_good(case: dict[str, Any]) -> None:
    options = options_of(case)
    if "error" in case:
        with pytest.raises(MalformedError) as envelope:
            verify_multi(case["jws"], case["keys"], **options)
        assert envelope.value.code == case["error"]
    elif None in case["outcomes"]:
        found = verify_multi(case["jws"], case["keys"], **options)
        assert found.outcome.index == case["outcomes"].index(None)
        assert found.outcome.verified
    else:
        with pytest.raises(NotVerifiedError) as refused:
            verify_multi(case["jws"], case["keys"], **options)
        assert refused.value.code in case["outcomes"]
        assert refused.value.detail
        assert len(refused.value.outcomes) == len(case["outcomes"])
