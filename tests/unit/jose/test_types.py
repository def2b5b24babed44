"""What a type checker says of the public types; `make lint` fails if an ignore here is unused."""

from typing import Any, assert_type

import pytest

from ledger.jose import (
    AsyncLookup,
    Claims,
    Failure,
    Lookup,
    Outcome,
    Signer,
    Verification,
    Verified,
    VerifiedOutcome,
    generate,
    merge,
    sign_multi,
    verify_multi,
    verify_multi_all,
)
from tests.support.envelopes import ALICE, BOB, JWS


def told(outcome: Outcome) -> str:
    """Tell what a narrowed outcome has."""
    if outcome.verified:
        assert_type(outcome.signer, str)
        assert_type(outcome.alg, str)
        assert_type(outcome.error, None)
        return outcome.signer
    assert_type(outcome.error, Failure)
    assert_type(outcome.signer, None)
    return outcome.error.code


def test_an_outcome_narrows_on_verified() -> None:
    found = verify_multi_all(JWS, BOB.public, now=None)
    assert [told(outcome) for outcome in found.outcomes] == [
        "jws_alg_not_allowed",
        BOB.public.thumbprint,
    ]
    assert_type(found, Verification)
    assert_type(found.verified, tuple[VerifiedOutcome, ...])
    assert [outcome.signer for outcome in found.verified] == [BOB.public.thumbprint]


def test_an_outcome_that_is_not_narrowed_may_have_failed() -> None:
    (outcome, _) = verify_multi_all(JWS, BOB.public, now=None).outcomes
    with pytest.raises(AttributeError):
        outcome.signer.upper()  # type: ignore[union-attr]  # it may be None


def test_the_first_verified_entry_is_a_verified_outcome() -> None:
    found = verify_multi(JWS, ALICE.public, now=None)
    assert_type(found, Verified)
    assert_type(found.outcome.signer, str)
    assert found.outcome.error is None


def test_now_cannot_be_forgotten_or_of_another_type() -> None:
    with pytest.raises(TypeError):
        verify_multi(JWS, ALICE.public)  # type: ignore[call-arg]  # no now
    with pytest.raises(TypeError):
        verify_multi(JWS, ALICE.public, now="1")  # type: ignore[arg-type]  # text
    assert merge(JWS, JWS) == JWS


def test_an_option_has_a_type_and_a_known_name() -> None:
    with pytest.raises(TypeError):
        verify_multi(JWS, ALICE.public, now=None, issuer="a")  # type: ignore[call-arg]  # unknown
    with pytest.raises(TypeError):
        Claims(tolerance_s="5")  # type: ignore[arg-type]  # text
    with pytest.raises(ValueError, match="profile"):
        verify_multi(JWS, ALICE.public, now=None, profile="lax")  # type: ignore[arg-type]  # unknown


def test_lookups_and_signers_are_types() -> None:
    lookup: Lookup = lambda header: ALICE.public  # noqa: E731  # its type is what is tested
    awaited: AsyncLookup = lookup
    signer: Signer = generate("EdDSA")
    jws: dict[str, Any] = sign_multi(b"x", [signer])
    assert awaited({}) is ALICE.public
    assert not verify_multi_all(jws, lookup, now=None).verified
