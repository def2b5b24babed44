"""What a verifier asks of claims: presence, types, who, for whom, and when."""

import json
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


def test_without_now_no_claim_is_looked_at() -> None:
    assert verify(sign({"exp": 1}, KEY), KEY.public).json() == {"exp": 1}
    assert verify(sign(b"\xff", KEY), KEY.public).payload == b"\xff"


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
        {"issuer": [1]},
        {"audience": ""},
        {"subject": ""},
        {"required": "exp"},
        {"required": [1]},
        {"tolerance_s": -1},
        {"tolerance_s": True},
        {"tolerance_s": 86_401},
    ],
)
def test_an_expectation_that_would_check_nothing_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"empty|list|seconds"):
        Claims(**asked)


@pytest.mark.parametrize("max_age", [0, "", "1x", -1, True, 1.5])
def test_a_bad_max_age_is_a_typed_error(max_age: Any) -> None:
    with pytest.raises(MalformedError) as refused:
        Claims(max_age=max_age)
    assert refused.value.code == "jwt_claim_invalid"
