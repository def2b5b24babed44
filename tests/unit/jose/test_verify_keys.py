"""Verification: keys in every shape, and lookups that misbehave."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.encoding import b64u_decode, b64u_encode
from ledger.errors import MalformedError, NotFoundError
from ledger.jose import (
    Failure,
    Key,
    Sign,
    generate,
    import_private,
    import_public,
    key_set,
    parse_key,
    secret_key,
    sign,
    sign_multi,
    verify_multi,
    verify_multi_all,
)
from tests.support.envelopes import ALICE, BOB, JWS, PAYLOAD, SECRET, codes


@pytest.mark.parametrize(
    "key",
    [
        ALICE.to_public_jwk(),
        {"keys": [ALICE.to_public_jwk()]},
        ALICE.public,
        key_set(ALICE.to_public_jwk()),
        [ALICE.to_public_jwk()],
        (ALICE.public,),
        ALICE.private and ALICE.private.public_key(),
        lambda header: ALICE.to_public_jwk(),
        lambda header: {"keys": [ALICE.to_public_jwk()]},
        lambda header: ALICE.public,
    ],
)
def test_a_key_can_come_in_every_shape(key: Any) -> None:
    assert verify_multi_all(JWS, key, now=None).outcomes[0].verified


def test_a_key_that_cannot_be_used_is_named_only_where_the_kid_means_it() -> None:
    unusable = {"kty": "OKP", "crv": "X25519", "x": "AA", "kid": "old"}
    without_kid = sign(PAYLOAD, Sign(ALICE, protected={"kid": None}))
    assert codes(verify_multi_all(without_kid, {"keys": [unusable]}, now=None)) == ["jwk_invalid"]
    assert codes(verify_multi_all(sign(PAYLOAD, ALICE), {"keys": [unusable]}, now=None)) == [
        "jwk_key_not_found"
    ]


@pytest.mark.parametrize(
    "key",
    [
        ALICE.to_public_jwk() | {"kid": "hers"},
        ALICE.private and ALICE.private.public_key(),
        parse_key(ALICE.to_public_jwk() | {"kid": "hers"}),
    ],
)
def test_one_key_alone_verifies_under_any_kid_and_a_set_does_not(key: Any) -> None:
    named = sign_multi(PAYLOAD, [Sign(ALICE, protected={"kid": "another"})])
    assert codes(verify_multi_all(named, key, now=None)) == [None]
    assert codes(verify_multi_all(named, [key], now=None)) == ["jwk_key_not_found"]
    assert codes(verify_multi_all(named, key, profile="ledger", now=None)) == ["jwk_key_not_found"]


def test_a_secret_alone_verifies_under_any_kid() -> None:
    jwk = {"kty": "oct", "k": b64u_encode(SECRET), "kid": "shared"}
    jws = sign_multi(PAYLOAD, [import_private(jwk, alg="HS512")])
    assert json.loads(b64u_decode(jws["signatures"][0]["protected"]))["kid"] == "shared"
    assert codes(verify_multi_all(jws, SECRET, algorithms=["HS512"], now=None)) == [None]


def test_a_key_with_a_member_named_keys_is_a_key() -> None:
    assert codes(verify_multi_all(JWS, ALICE.to_public_jwk() | {"keys": []}, now=None))[0] is None
    with pytest.raises(MalformedError) as refused:
        key_set({"x": "AA"})
    assert refused.value.code == "jwk_invalid"


def test_a_set_holds_as_many_keys_as_it_says() -> None:
    jwk = ALICE.to_public_jwk()
    assert len(key_set({"keys": [jwk] * 4096}).keys) == 4096
    with pytest.raises(MalformedError) as refused:
        key_set({"keys": [jwk] * 4097})
    assert refused.value.code == "jwk_invalid"


def test_an_hmac_secret_is_bytes_and_its_algorithm_is_named() -> None:
    jws = sign_multi(PAYLOAD, [import_private(SECRET, alg="HS512")])
    assert codes(verify_multi_all(jws, SECRET, now=None)) == ["jws_alg_not_allowed"]
    assert codes(verify_multi_all(jws, SECRET, algorithms=["HS256"], now=None)) == [
        "jws_alg_not_allowed"
    ]
    assert codes(verify_multi_all(jws, SECRET, algorithms=["HS512"], now=None)) == [None]
    assert codes(verify_multi_all(jws, bytearray(SECRET), algorithms=["HS512"], now=None)) == [None]
    assert codes(verify_multi_all(jws, secret_key(SECRET), algorithms=["HS512"], now=None)) == [
        None
    ]


@pytest.mark.parametrize("key", [None, 1, "secret", 1.5, object(), {}, {"keys": 1}, b"short"])
def test_what_is_no_key_is_refused_at_once(key: Any) -> None:
    with pytest.raises(MalformedError) as refused:
        verify_multi_all(JWS, key, now=None)
    assert refused.value.code == "jwk_invalid"


@pytest.mark.parametrize("text", [b"-----BEGIN PUBLIC KEY-----\n" + bytes(99), b"ssh-ed25519 AAAA"])
def test_a_public_key_in_text_form_is_no_secret(text: bytes) -> None:
    with pytest.raises(MalformedError) as refused:
        verify_multi_all(JWS, text, algorithms=["HS256"], now=None)
    assert refused.value.code == "jwk_invalid"


def test_a_private_key_object_is_refused() -> None:
    for private in list[Any]([ALICE.private, ALICE.to_jwk()]):
        with pytest.raises(MalformedError) as refused:
            verify_multi_all(JWS, private, now=None)
        assert refused.value.code == "private_key_refused"


def test_a_curve_that_jose_does_not_know_is_refused() -> None:
    with pytest.raises(MalformedError) as refused:
        import_public(ec.generate_private_key(ec.SECP224R1()).public_key())
    assert refused.value.code == "jwk_invalid"


def test_a_lookup_sees_a_copy_of_the_protected_header_only() -> None:
    seen = []

    def lookup(header: dict[str, Any]) -> Key:
        seen.append(dict(header))
        header.clear()
        return ALICE.public

    signer = Sign(ALICE, header={"x": 1})
    found = verify_multi_all(sign_multi(PAYLOAD, [signer]), lookup, now=None)
    assert seen == [{"alg": "EdDSA", "kid": ALICE.kid}]
    assert found.outcomes[0].protected == {"alg": "EdDSA", "kid": ALICE.kid}
    assert found.outcomes[0].verified


def test_a_lookup_that_raises_fails_its_entry_alone() -> None:
    def lookup(header: Mapping[str, Any]) -> Key:
        if header["alg"] == "EdDSA":
            raise RuntimeError("database is down")
        return BOB.public

    found = verify_multi_all(JWS, lookup, now=None)
    assert codes(found) == ["jwk_key_not_found", None]
    assert found.outcomes[0].error == Failure(
        "jwk_key_not_found", "the lookup failed: RuntimeError"
    )
    assert verify_multi(JWS, lookup, now=None).outcome.index == 1


def test_a_lookup_that_refuses_says_why() -> None:
    def lookup(header: Mapping[str, Any]) -> Key:
        raise NotFoundError("key_unknown", "no such key")

    found = verify_multi_all(JWS, lookup, now=None)
    assert found.outcomes[0].error == Failure("jwk_key_not_found", "the lookup raised key_unknown")


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (None, "jwk_key_not_found"),
        ({"keys": []}, "jwk_key_not_found"),
        (1, "jwk_invalid"),
        ({"kty": "OKP"}, "jwk_invalid"),
        ({1: 2}, "jwk_invalid"),
        (ALICE.to_jwk(), "private_key_refused"),
        ("text", "jwk_invalid"),
    ],
)
def test_everything_that_a_lookup_returns_is_an_outcome(result: Any, code: str) -> None:
    found = verify_multi_all(JWS, lambda header: result, now=None)
    assert set(codes(found)) == {code}


def test_a_changed_jwk_is_another_key() -> None:
    jwk = ALICE.to_public_jwk()
    assert verify_multi_all(JWS, jwk, now=None).outcomes[0].verified
    jwk["x"] = generate("EdDSA").to_public_jwk()["x"]
    assert not verify_multi_all(JWS, jwk, now=None).outcomes[0].verified


def test_a_lookup_for_an_entry_without_protected_header_sees_an_empty_one() -> None:
    seen = []
    jws = {"payload": "", "signatures": [{"header": {"alg": "EdDSA"}, "signature": "A" * 86}]}
    found = verify_multi_all(jws, lambda header: seen.append(header), now=None)
    assert seen == [{}]
    assert codes(found) == ["jwk_key_not_found"]
    assert found.outcomes[0].error == Failure("jwk_key_not_found", "the lookup found no key")


def test_a_set_of_keys_is_its_own_set() -> None:
    keys = key_set([ALICE.to_public_jwk()])
    assert key_set(keys) is keys


def test_a_lookup_cannot_change_the_outcome_through_what_it_is_given() -> None:
    protected = {"x": {"deep": [1, {"y": 2}]}}
    jws = sign_multi(PAYLOAD, [Sign(ALICE, protected=protected, header={"z": [1]})])

    def lookup(header: dict[str, Any]) -> Key:
        header["x"]["deep"][1]["y"] = 9
        header["x"]["deep"].append("more")
        header["kid"] = "another"
        jws["signatures"][0]["header"]["z"].append(2)
        jws["signatures"][0]["header"]["role"] = "forged"
        return ALICE.public

    (outcome,) = verify_multi_all(jws, lookup, now=None).outcomes
    assert outcome.protected == {"alg": "EdDSA", "kid": ALICE.kid, **protected}
    assert (outcome.kid, outcome.header) == (ALICE.kid, {"z": [1]})


def test_a_lookup_that_has_to_be_awaited_is_a_type_error() -> None:
    async def lookup(header: dict[str, Any]) -> Key:
        return ALICE.public

    class Waiting:
        def __await__(self) -> Any:
            raise AssertionError

    for given in list[Any]([lookup, lambda header: Waiting()]):
        for call in (verify_multi, verify_multi_all):
            with pytest.raises(TypeError, match="awaitable"):
                call(JWS, given, now=None)


def test_a_key_is_found_by_its_thumbprint_too() -> None:
    jwk = ALICE.to_public_jwk()
    named = {"keys": [BOB.to_public_jwk(), jwk | {"kid": "alice"}]}
    assert codes(verify_multi_all(JWS, named, now=None)) == [None, None]
    keys = key_set(named)
    assert keys.named("alice") == keys.named(ALICE.public.thumbprint) == keys.keys[1:]
    secret = secret_key(SECRET)
    assert key_set([secret]).named(secret.thumbprint) == ()


def test_a_list_of_keys_has_no_lists_and_at_most_as_many_keys_as_a_set() -> None:
    endless: list[Any] = [ALICE.public]
    endless.append(endless)
    for given in list[Any]([endless, [[ALICE.public]], [ALICE.public] * 4097]):
        with pytest.raises(MalformedError) as refused:
            key_set(given)
        assert refused.value.code == "jwk_invalid"
    unusable = {"keys": [{"kty": "none", "kid": "a"}]}
    assert [kid for kid, _ in key_set([unusable, ALICE.public]).unusable] == ["a"]
