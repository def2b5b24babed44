"""What a verifier asks of claims: presence, types, who, for whom, and when."""

import json
import math
from typing import Any

import pytest

from ledger.errors import MalformedError
from ledger.jose import (
    Claims,
    NotVerifiedError,
    generate,
    sign,
    sign_multi,
    verify,
    verify_multi_all,
)

KEY = generate("EdDSA")


def code(payload: Any, *, now: float = 1000, **asked: Any) -> str | None:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    options: dict[str, Any] = {"claims": Claims(**asked)} if asked else {}
    try:
        verify(sign(text, KEY), KEY.public, now=now, **options)
    except NotVerifiedError as error:
        return error.code
    return None


@pytest.mark.parametrize(
    ("payload", "asked", "expected"),
    [
        ({}, {"issuer": "a"}, "jwt_claim_missing"),
        ({"iss": "a"}, {"issuer": "a"}, None),
        ({"iss": "A"}, {"issuer": "a"}, "jwt_claim_invalid"),
        ({"iss": "b"}, {"issuer": ["a", "b"]}, None),
        ({"iss": ["a"]}, {"issuer": "a"}, "jwt_claim_invalid"),
        ({"iss": None}, {"issuer": "a"}, "jwt_claim_invalid"),
        ({"iss": "alice"}, {"issuer": "alice"}, None),
        ({"iss": "a"}, {"issuer": "alice"}, "jwt_claim_invalid"),
        ({"nbf": "x"}, {}, "jwt_claim_invalid"),
        ({"nbf": True}, {}, "jwt_claim_invalid"),
        ({"exp": 1000 - 86_399}, {"tolerance_s": 86_400}, None),
        ({"sub": "a"}, {"subject": "a"}, None),
        ({"sub": "b"}, {"subject": "a"}, "jwt_claim_invalid"),
        ({}, {"subject": "a"}, "jwt_claim_missing"),
        ({"aud": "a"}, {"audience": "a"}, None),
        ({"aud": ["x", "a"]}, {"audience": "a"}, None),
        ({"aud": ["x", "b"]}, {"audience": ("a", "b")}, None),
        ({"aud": ["x"]}, {"audience": "a"}, "jwt_claim_invalid"),
        ({"aud": []}, {"audience": "a"}, "jwt_claim_invalid"),
        ({"aud": [["a"]]}, {"audience": "a"}, "jwt_claim_invalid"),
        ({"aud": {"a": 1}}, {"audience": "a"}, "jwt_claim_invalid"),
        ({}, {"audience": "a"}, "jwt_claim_missing"),
        ({"x": None}, {"required": ["x"]}, None),
        ({"x": 1}, {"required": ("x", "y")}, "jwt_claim_missing"),
        ({}, {"max_age": 10}, "jwt_claim_missing"),
        ({"iat": 990}, {"max_age": 10}, None),
        ({"iat": 989}, {"max_age": 10}, "jwt_expired"),
        ({"iat": 989}, {"max_age": 10, "tolerance_s": 1}, None),
        ({"iat": 1000}, {"max_age": "1m"}, None),
        ({"iat": 1001}, {"max_age": 10}, "jwt_claim_invalid"),
        ({"iat": 1001}, {"max_age": 10, "tolerance_s": 1}, None),
        ({"exp": 999}, {"tolerance_s": 1}, "jwt_expired"),
        ({"exp": 1000}, {"tolerance_s": 1}, None),
        ({"nbf": 1001}, {"tolerance_s": 1}, None),
        ({"nbf": 1002}, {"tolerance_s": 1}, "jwt_nbf"),
        ({"iss": "b", "exp": 1}, {"issuer": "a"}, "jwt_claim_invalid"),
        ({"exp": 1, "nbf": 2000}, {}, "jwt_nbf"),
        ({"exp": "x"}, {"required": ["y"]}, "jwt_claim_missing"),
        ("[]", {"issuer": "a"}, "jwt_claim_invalid"),
        ("1", {"required": ["x"]}, "jwt_claim_invalid"),
    ],
)
def test_what_is_asked_is_checked(
    payload: Any, asked: dict[str, Any], expected: str | None
) -> None:
    assert code(payload, **asked) == expected


def test_now_may_have_fractions() -> None:
    assert code({"exp": 1000}, now=999.5) is None
    assert code({"exp": 1000}, now=1000.5) == "jwt_expired"


def test_a_payload_for_an_audience_is_refused_where_none_is_expected() -> None:
    for audience in ("a", ["a"], [], None, 7):
        assert code({"aud": audience}) == "jwt_claim_invalid"
        assert code({"aud": audience}, issuer="i") == "jwt_claim_missing"
    assert verify(sign({"aud": "a"}, KEY), KEY.public, now=None).json() == {"aud": "a"}


def test_claims_that_were_checked_are_returned_and_are_not_parsed_again() -> None:
    found = verify(sign({"exp": 5}, KEY), KEY.public, now=1)
    assert found.claims == {"exp": 5}
    assert found.json() is found.claims
    both = verify_multi_all(sign_multi({"exp": 5}, [KEY]), KEY.public, now=1)
    assert both.json() is both.claims
    unchecked = verify(sign({"exp": 5}, KEY), KEY.public, now=None)
    assert unchecked.claims is None
    assert unchecked.json() == {"exp": 5}


def test_with_now_none_no_claim_is_looked_at() -> None:
    assert verify(sign({"exp": 1}, KEY), KEY.public, now=None).json() == {"exp": 1}
    assert verify(sign(b"\xff", KEY), KEY.public, now=None).payload == b"\xff"


def test_the_claims_of_a_shared_payload_fail_every_entry() -> None:
    other = generate("EdDSA")
    found = verify_multi_all(
        sign_multi({"exp": 1}, [KEY, other]), [KEY.public, other.public], now=2
    )
    assert [o.error and o.error.code for o in found.outcomes] == ["jwt_expired"] * 2
    assert found.payload is None


@pytest.mark.parametrize(
    "asked",
    [
        {"issuer": ""},
        {"issuer": []},
        {"issuer": ["a", ""]},
        {"audience": ""},
        {"subject": ""},
        {"required": [""]},
        {"tolerance_s": -1},
        {"tolerance_s": 86_401},
    ],
)
def test_an_expectation_that_would_check_nothing_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"empty|seconds"):
        Claims(**asked)


@pytest.mark.parametrize(
    "asked",
    [
        {"issuer": 1},
        {"issuer": [1]},
        {"issuer": [None]},
        {"issuer": {"a": 1}},
        {"issuer": b"a"},
        {"audience": 1.5},
        {"audience": ("a", None)},
        {"subject": 1},
        {"subject": ["a"]},
        {"required": "exp"},
        {"required": [1]},
        {"required": 5},
        {"required": None},
        {"tolerance_s": True},
        {"tolerance_s": "5"},
        {"tolerance_s": 1.5},
        {"tolerance_s": math.nan},
        {"tolerance_s": None},
    ],
)
def test_an_expectation_of_the_wrong_type_is_a_type_error_that_says_what_is_wanted(
    asked: dict[str, Any],
) -> None:
    with pytest.raises(TypeError, match="must be"):
        Claims(**asked)


@pytest.mark.parametrize("max_age", [0, "", "1x", -1, True, 1.5])
def test_a_bad_max_age_is_a_typed_error(max_age: Any) -> None:
    with pytest.raises(MalformedError) as refused:
        Claims(max_age=max_age)
    assert refused.value.code == "jwt_claim_invalid"
