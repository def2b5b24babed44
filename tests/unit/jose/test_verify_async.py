"""Lookups that are awaited: the same outcomes, one entry after the other."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from ledger.errors import MalformedError, NotFoundError
from ledger.jose import (
    Failure,
    NotVerifiedError,
    Sign,
    generate,
    peek,
    sign,
    sign_multi,
    verify_multi,
    verify_multi_all,
    verify_multi_all_async,
    verify_multi_async,
)
from tests.support.envelopes import ALICE, BOB, JWS, PAYLOAD, codes

STORE = {key.kid: key.to_public_jwk() for key in (ALICE, BOB)}


async def stored(header: Mapping[str, Any]) -> Any:
    await asyncio.sleep(0)
    return STORE.get(header["kid"])


def test_an_awaited_lookup_gives_the_outcomes_of_the_same_keys() -> None:
    expected = verify_multi_all(JWS, lambda header: STORE.get(header["kid"]), now=None)
    assert asyncio.run(verify_multi_all_async(JWS, stored, now=None)) == expected
    assert codes(expected) == [None, None]
    first = asyncio.run(verify_multi_async(JWS, stored, now=None))
    assert (first.payload, first.outcome.index) == (PAYLOAD, 0)


def test_a_lookup_that_need_not_be_awaited_works_too() -> None:
    found = asyncio.run(verify_multi_all_async(JWS, lambda header: STORE[header["kid"]], now=None))
    assert codes(found) == [None, None]


def test_claims_and_options_are_those_of_the_synchronous_call() -> None:
    jwt = sign({"exp": 5}, ALICE)
    assert asyncio.run(verify_multi_async(jwt, stored, now=1)).claims == {"exp": 5}
    with pytest.raises(NotVerifiedError) as refused:
        asyncio.run(verify_multi_async(jwt, stored, now=9))
    assert refused.value.code == "jwt_expired"
    with pytest.raises(TypeError, match="now is needed"):
        asyncio.run(verify_multi_all_async(jwt, stored))  # type: ignore[call-arg]  # the promise


def test_an_error_of_an_awaited_lookup_fails_its_entry_alone() -> None:
    async def lookup(header: Mapping[str, Any]) -> Any:
        if header["alg"] == "EdDSA":
            raise NotFoundError("key_unknown", "no such key")
        return BOB.public

    found = asyncio.run(verify_multi_all_async(JWS, lookup, now=None))
    assert codes(found) == ["jwk_key_not_found", None]
    assert found.outcomes[0].error == Failure("jwk_key_not_found", "the lookup raised key_unknown")
    assert asyncio.run(verify_multi_async(JWS, lookup, now=None)).outcome.index == 1


@pytest.mark.parametrize(
    ("result", "code"), [(None, "jwk_key_not_found"), (1, "jwk_invalid"), ({}, "jwk_invalid")]
)
def test_everything_that_an_awaited_lookup_returns_is_an_outcome(result: Any, code: str) -> None:
    async def lookup(header: Mapping[str, Any]) -> Any:
        return result

    found = asyncio.run(verify_multi_all_async(JWS, lookup, now=None))
    assert codes(found) == [code, code]


def test_a_cancelled_lookup_ends_the_call() -> None:
    async def lookup(header: Mapping[str, Any]) -> Any:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(verify_multi_all_async(JWS, lookup, now=None))


def test_an_entry_that_is_refused_anyway_is_not_looked_up() -> None:
    asked: list[Any] = []

    async def lookup(header: dict[str, Any]) -> Any:
        asked.append(header.pop("kid"))
        return await stored({"kid": asked[-1]})

    jws = sign_multi(PAYLOAD, [ALICE, BOB])
    jws["signatures"].append(None)
    found = asyncio.run(verify_multi_all_async(jws, lookup, algorithms=["ES256"], now=None))
    assert asked == [BOB.kid]
    assert codes(found) == ["jws_alg_not_allowed", None, "jws_invalid"]
    assert found.outcomes[1].protected == {"alg": "ES256", "kid": BOB.kid}


def test_a_bad_envelope_raises_as_in_the_synchronous_call() -> None:
    with pytest.raises(MalformedError):
        asyncio.run(verify_multi_all_async({"payload": "", "signatures": []}, stored, now=None))


def test_peeking_shows_what_is_claimed_so_that_keys_can_be_fetched_first() -> None:
    jws = sign_multi(PAYLOAD, [Sign(ALICE, {"x": [1]}, {"y": 2}), BOB])
    jws["signatures"].append({"signature": 1})
    one, two, three = peek(jws)
    assert (one.index, one.alg, one.kid, one.error) == (0, "EdDSA", ALICE.kid, None)
    assert (one.protected or {})["x"] == [1]
    assert one.header == {"y": 2}
    assert (two.alg, two.kid) == ("ES256", BOB.kid)
    assert three.error is not None
    fetched = {"keys": [STORE[entry.kid] for entry in (one, two) if entry.kid]}
    assert verify_multi(jws, fetched, now=None).payload == PAYLOAD
    assert [entry.kid for entry in peek(sign(b"x", generate("ES384")))] != [None]
    with pytest.raises(MalformedError):
        peek("garbage")
