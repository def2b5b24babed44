"""Claims that are added while signing: times, durations, and what cannot be one."""

from typing import Any

import pytest

from ledger.jose import (
    Hints,
    Sign,
    sign_multi,
    verify_multi,
)
from tests.support.envelope_signers import ALICE, KEYS, refused


def claims(payload: Any, **hints: Any) -> dict[str, Any]:
    jws = sign_multi(payload, [ALICE], claims=Hints(**({"now": 1000} | hints)))
    decoded: dict[str, Any] = verify_multi(jws, KEYS, now=None).json()
    return decoded


def test_claims_are_added_once_for_all_signers() -> None:
    assert claims({"sub": "u1"}, expires_in="1h", not_before_in=0, jti="j") == {
        "sub": "u1", "iat": 1000, "exp": 4600, "nbf": 1000, "jti": "j",
    }  # fmt: skip


def test_claims_that_are_there_stay() -> None:
    there = {"iat": 0, "exp": 5, "nbf": 1, "jti": "mine"}
    assert claims(there, expires_in=1, not_before_in=1, jti="other") == there
    assert claims({"iat": 0}, expires_in=10) == {"iat": 0, "exp": 10}


def test_absolute_times_are_whole_seconds() -> None:
    assert claims({}, expires_at=2000, not_before_at=0) == {"iat": 1000, "exp": 2000, "nbf": 0}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(1, 1), ("90", 90), ("90s", 90), ("1second", 1), ("2seconds", 2), ("1m", 60), ("1minute", 60),
     ("2minutes", 120), ("1h", 3600), ("1hour", 3600), ("2hours", 7200), ("1D", 86400),
     ("1day", 86400), ("2days", 172800), ("1W", 604800), ("1week", 604800), ("2weeks", 1209600),
     ("1M", 2592000), ("1month", 2592000), ("2months", 5184000), ("1Y", 31536000),
     ("1year", 31536000), ("2years", 63072000)],
)  # fmt: skip
def test_durations(text: Any, seconds: int) -> None:
    assert claims({}, expires_in=text)["exp"] == 1000 + seconds


def test_times_go_as_far_as_a_double_counts_seconds() -> None:
    last = 2**53
    assert claims({"iat": 0}, expires_in=last)["exp"] == last
    assert claims({}, expires_at=last)["exp"] == last
    assert claims({}, expires_at=-last)["exp"] == -last


@pytest.mark.parametrize(
    "duration",
    [0, -1, True, 1.5, "", "0", "h", "1 h", "1H", "1d", "-1h", "+1h", "1.5h", "\u0661h", "\uff11h",
     "1h\n", "1hh", "9" * 13, 2**54, [1], None.__class__],
)  # fmt: skip
def test_a_bad_duration_is_a_typed_error(duration: Any) -> None:
    assert refused({}, [ALICE], claims=Hints(now=1, expires_in=duration)) == "jwt_claim_invalid"


@pytest.mark.parametrize(
    ("payload", "hints"),
    [
        ([7], {"expires_in": 1}),
        (b"{}", {"expires_in": 1}),
        ("x", {}),
        ({}, {"expires_in": 1, "expires_at": 5}),
        ({}, {"not_before_in": 1, "not_before_at": 5}),
        ({}, {"expires_at": 1.5}),
        ({}, {"expires_at": True}),
        ({}, {"expires_at": 2**53 + 1}),
        ({}, {"jti": ""}),
        ({}, {"jti": 1}),
        ({"iat": "x"}, {"expires_in": 1}),
        ({"iat": True}, {"expires_in": 1}),
        ({"exp": "soon"}, {}),
        ({"nbf": None}, {}),
        ({"exp": True}, {}),
        ({"exp": 5, "nbf": 5}, {}),
        ({}, {"expires_in": 5, "not_before_in": 5}),
        ({"iss": 1}, {}),
        ({"sub": ["a"]}, {}),
        ({"jti": 1}, {}),
        ({"aud": 1}, {}),
        ({"aud": ["a", 1]}, {}),
    ],
)
def test_a_claim_that_cannot_be_is_a_typed_error(payload: Any, hints: dict[str, Any]) -> None:
    assert refused(payload, [ALICE], claims=Hints(**({"now": 1} | hints))) == "jwt_claim_invalid"


def test_claims_and_an_unencoded_payload_do_not_go_together() -> None:
    signer = Sign(ALICE, protected={"b64": False})
    assert refused({}, [signer], claims=Hints(now=1)) == "jwt_claim_invalid"
