"""What a type checker says of the public types; `make lint` fails if an ignore here is unused."""

import asyncio
from typing import Any, assert_type

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from ledger.errors import MalformedError, UnavailableError
from ledger.jose import (
    AsyncLookup,
    Claims,
    Failure,
    Key,
    KeySet,
    Lookup,
    NotVerifiedError,
    Outcome,
    Sign,
    Signer,
    UnverifiedEntry,
    Verification,
    Verified,
    VerifiedOutcome,
    external_signer,
    generate,
    key_set,
    merge,
    peek,
    sign,
    sign_multi,
    verify_multi,
    verify_multi_all,
    verify_multi_async,
)
from tests.support.envelopes import ALICE, BOB, JWS

PRIVATE = ed25519.Ed25519PrivateKey.generate()


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


def test_what_is_no_key_is_no_key_for_a_type_checker() -> None:
    pem = "-----BEGIN PUBLIC KEY-----"
    for call in (verify_multi, verify_multi_all):
        with pytest.raises(MalformedError):
            call(JWS, pem, now=None)  # type: ignore[arg-type]  # a text is no key
        with pytest.raises(MalformedError):
            call(JWS, None, now=None)  # type: ignore[arg-type]  # no key
        with pytest.raises(MalformedError):
            call(JWS, [[ALICE.public]], now=None)  # type: ignore[list-item]  # a list of lists
        with pytest.raises(MalformedError):
            call(JWS, PRIVATE, now=None)  # type: ignore[arg-type]  # a private key
        with pytest.raises(MalformedError):
            call(JWS, ALICE, now=None)  # type: ignore[arg-type]  # a signer has the private key
    keys: KeySet = key_set([ALICE.public, ALICE.to_public_jwk(), PRIVATE.public_key(), bytes(32)])
    assert_type(keys.keys, tuple[Key, ...])


def test_what_is_no_signer_is_no_signer_for_a_type_checker() -> None:
    with pytest.raises(MalformedError):
        sign(b"x", ALICE.public)  # type: ignore[arg-type]  # a public key
    with pytest.raises(MalformedError):
        sign(b"x", PRIVATE.public_key())  # type: ignore[arg-type]  # a public key
    with pytest.raises(MalformedError):
        sign_multi(b"x", [Sign("secret")])  # type: ignore[arg-type]  # a text
    with pytest.raises(MalformedError):
        sign(["x"], ALICE)  # type: ignore[arg-type]  # a list is no payload
    with pytest.raises(TypeError):
        sign(b"x", ALICE, detach=True)  # type: ignore[call-arg]  # an unknown option
    with pytest.raises(UnavailableError):
        sign(b"x", external_signer(ALICE.public, lambda data: "text"))  # type: ignore[arg-type, return-value]  # no bytes


def test_a_lookup_that_is_awaited_is_no_lookup_of_a_synchronous_call() -> None:
    async def lookup(header: dict[str, Any]) -> Key:
        return ALICE.public

    with pytest.raises(TypeError):
        verify_multi(JWS, lookup, now=None)  # type: ignore[arg-type]  # a coroutine
    coroutine = verify_multi_async(JWS, lookup, now=None)
    assert_type(asyncio.run(coroutine), Verified)
    number = verify_multi_all(JWS, lambda header: 7, now=None)  # type: ignore[arg-type, return-value]  # no key
    assert not number.verified


def test_an_error_carries_the_outcomes_that_led_to_it() -> None:
    with pytest.raises(NotVerifiedError) as refused:
        verify_multi(JWS, generate("EdDSA").public, now=None)
    assert_type(refused.value.outcomes, tuple[Outcome, ...])
    assert_type(peek(JWS)[0], UnverifiedEntry)
    with pytest.raises(AttributeError):
        _ = peek(JWS)[0].verified  # type: ignore[attr-defined]  # nothing of it is verified


def test_lookups_and_signers_are_types() -> None:
    lookup: Lookup = lambda header: ALICE.public  # noqa: E731  # its type is what is tested
    awaited: AsyncLookup = lookup
    signer: Signer = generate("EdDSA")
    jws: dict[str, Any] = sign_multi(b"x", [signer])
    assert awaited({}) is ALICE.public
    assert not verify_multi_all(jws, lookup, now=None).verified
