"""Other people's libraries: what we sign they verify, and what they sign we verify."""

import json
import warnings
from functools import lru_cache
from typing import Any

import jwcrypto.jwk
import jwcrypto.jws
import jwt
import pytest
from joserfc import jws as joserfc_jws
from joserfc.jwk import KeySet as JoserfcKeySet
from joserfc.jwk import import_key as joserfc_key

from ledger.encoding import b64u_encode
from ledger.jose import (
    Sign,
    Signer,
    append_signature,
    generate,
    import_private,
    merge,
    sign,
    sign_multi,
    verify,
    verify_multi_all,
)
from ledger.jose.algorithms import ALL_ALGORITHMS, HMAC, MLDSA

EVERY = sorted(ALL_ALGORITHMS)
PAYLOAD = b'{"amount":1000}'
JOSERFC = [alg for alg in EVERY if alg not in MLDSA]
PYJWT = [alg for alg in JOSERFC if alg not in ("Ed25519", "Ed448")]


@lru_cache
def signer(alg: str) -> Signer:
    if alg in HMAC:
        return import_private(
            {"kty": "oct", "k": b64u_encode(bytes(range(64))), "kid": alg}, alg=alg
        )
    made = generate(alg, rsa_bits=2048)
    return import_private(made.to_jwk() | {"kid": alg})


def public(alg: str) -> dict[str, str]:
    one = signer(alg)
    return one.to_jwk() if alg in HMAC else one.to_public_jwk()


def any_name(jwk: dict[str, str]) -> dict[str, str]:
    """Some libraries know a key's alg by one of its names only, or do not want it at all."""
    return {name: value for name, value in jwk.items() if name != "alg" or jwk["kty"] == "AKP"}


# --- joserfc -------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _quiet() -> Any:
    with warnings.catch_warnings():  # that EdDSA is deprecated, that a key is long
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("alg", JOSERFC)
def test_joserfc_compact(alg: str) -> None:
    key = joserfc_key(any_name(public(alg)))  # type: ignore[arg-type]
    theirs = joserfc_jws.deserialize_compact(sign(PAYLOAD, signer(alg)), key, [alg])
    assert theirs.payload == PAYLOAD
    private = joserfc_key(any_name(signer(alg).to_jwk()))  # type: ignore[arg-type]
    text = joserfc_jws.serialize_compact({"alg": alg, "kid": alg}, PAYLOAD, private, [alg])
    assert verify(text, public(alg), algorithms=[alg], now=None).payload == PAYLOAD


def test_joserfc_general_with_every_algorithm() -> None:
    ours = sign_multi(PAYLOAD, [Sign(signer(alg), header={"cty": "json"}) for alg in JOSERFC])
    keys = JoserfcKeySet([joserfc_key(any_name(public(alg))) for alg in JOSERFC])  # type: ignore[arg-type]
    theirs = joserfc_jws.deserialize_json(ours, keys, JOSERFC)  # type: ignore[call-overload]
    assert theirs.payload == PAYLOAD
    private = JoserfcKeySet([joserfc_key(any_name(signer(alg).to_jwk())) for alg in JOSERFC])  # type: ignore[arg-type]
    members = [
        {"protected": {"alg": alg, "kid": alg}, "header": {"cty": "json"}} for alg in JOSERFC
    ]
    made = joserfc_jws.serialize_json(members, PAYLOAD, private, JOSERFC)  # type: ignore[arg-type]
    found = verify_multi_all(json.dumps(made), jwks(JOSERFC), algorithms=JOSERFC, now=None)
    assert [outcome.alg for outcome in found.verified] == JOSERFC


def jwks(algs: list[str]) -> dict[str, Any]:
    return {"keys": [any_name(public(alg)) for alg in algs]}


# --- jwcrypto ------------------------------------------------------------------------------------


@pytest.mark.parametrize("alg", EVERY)
def test_jwcrypto_compact(alg: str) -> None:
    theirs = jwcrypto.jws.JWS()
    theirs.allowed_algs = EVERY
    theirs.deserialize(sign(PAYLOAD, signer(alg)), jwcrypto.jwk.JWK(**any_name(public(alg))))
    assert theirs.payload == PAYLOAD
    made = jwcrypto.jws.JWS(PAYLOAD)
    made.allowed_algs = EVERY
    made.add_signature(
        jwcrypto.jwk.JWK(**any_name(signer(alg).to_jwk())),
        protected=json.dumps({"alg": alg, "kid": alg}),
    )
    text = made.serialize(compact=True)
    assert verify(text, public(alg), algorithms=[alg], now=None).payload == PAYLOAD


def test_jwcrypto_general_with_every_algorithm() -> None:
    ours = json.dumps(sign_multi(PAYLOAD, [Sign(signer(a), header={"x": a}) for a in EVERY]))
    for alg in EVERY:
        theirs = jwcrypto.jws.JWS()
        theirs.allowed_algs = EVERY
        theirs.deserialize(ours)
        theirs.verify(jwcrypto.jwk.JWK(**any_name(public(alg))), alg)
        assert theirs.payload == PAYLOAD
    made = jwcrypto.jws.JWS(PAYLOAD)
    made.allowed_algs = EVERY
    for alg in EVERY:
        key = jwcrypto.jwk.JWK(**any_name(signer(alg).to_jwk()))
        made.add_signature(
            key, protected=json.dumps({"alg": alg, "kid": alg}), header=json.dumps({"x": 1})
        )
    found = verify_multi_all(made.serialize(), jwks(EVERY), algorithms=EVERY, now=None)
    assert [outcome.alg for outcome in found.verified] == EVERY


def test_jwcrypto_reads_what_was_appended_and_merged() -> None:
    one = append_signature(sign_multi(PAYLOAD, [signer("EdDSA")]), signer("ES256"))
    both = merge(one, sign_multi(PAYLOAD, [signer("PS256")]))
    for alg in ("EdDSA", "ES256", "PS256"):
        theirs = jwcrypto.jws.JWS()
        theirs.deserialize(json.dumps(both))
        theirs.verify(jwcrypto.jwk.JWK(**any_name(public(alg))), alg)


@pytest.mark.parametrize("alg", ["EdDSA", "ES256", "HS256"])
def test_jwcrypto_unencoded_payload(alg: str) -> None:
    jws = sign_multi("$.02", [Sign(signer(alg), protected={"b64": False})])
    theirs = jwcrypto.jws.JWS()
    theirs.deserialize(json.dumps(jws), jwcrypto.jwk.JWK(**any_name(public(alg))))
    assert theirs.payload in ("$.02", b"$.02")
    made = jwcrypto.jws.JWS("$.02")
    protected = {"alg": alg, "b64": False, "crit": ["b64"]}
    made.add_signature(
        jwcrypto.jwk.JWK(**any_name(signer(alg).to_jwk())), protected=json.dumps(protected)
    )
    found = verify_multi_all(made.serialize(), public(alg), algorithms=[alg], now=None)
    assert found.payload == b"$.02"


@pytest.mark.parametrize("alg", EVERY)
def test_jwcrypto_names_a_key_as_we_do(alg: str) -> None:
    assert jwcrypto.jwk.JWK(**any_name(public(alg))).thumbprint() == signer(alg).public.thumbprint


# --- PyJWT ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("alg", PYJWT)
def test_pyjwt(alg: str) -> None:
    key = jwt.PyJWK(public(alg), algorithm=alg)
    assert jwt.PyJWS().decode(sign(PAYLOAD, signer(alg)), key, [alg]) == PAYLOAD
    private = jwt.PyJWK(signer(alg).to_jwk(), algorithm=alg)
    text = jwt.PyJWS().encode(PAYLOAD, private, alg, {"kid": alg})
    assert verify(text, public(alg), algorithms=[alg], now=None).payload == PAYLOAD


def test_pyjwt_reads_our_jwt_and_refuses_an_old_one() -> None:
    text = sign({"iss": "a", "exp": 4_000_000_000}, signer("EdDSA"))
    key = jwt.PyJWK(public("EdDSA"), algorithm="EdDSA")
    assert jwt.decode(text, key, ["EdDSA"], issuer="a")["iss"] == "a"
    with pytest.raises(jwt.ExpiredSignatureError):
        jwt.decode(sign({"exp": 1}, signer("EdDSA")), key, ["EdDSA"])
