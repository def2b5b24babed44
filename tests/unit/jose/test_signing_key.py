"""Public keys: which are taken, under which name."""

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import import_key as joserfc_key

from ledger.encoding import b64u_decode, b64u_encode
from ledger.errors import MalformedError
from ledger.jose import AkpJwk, EcJwk, OkpJwk, SigningKey, parse_jwk, thumbprint
from tests.support.examples import FEW
from tests.support.keys import TestKey, ed25519_key, es256_key, ml_dsa_key
from tests.support.refusals import refused
from tests.support.signers import members

ED, EC, PQ = ed25519_key(1), es256_key(1), ml_dsa_key(1)
OKP_MEMBERS, EC_MEMBERS, AKP_MEMBERS = members(ED), members(EC), members(PQ)
P = 2**255 - 19


def le(y: int, sign: int = 0) -> str:
    return b64u_encode((y | sign << 255).to_bytes(32, "little"))


@pytest.mark.parametrize(("key", "kind"), [(ED, OkpJwk), (EC, EcJwk), (PQ, AkpJwk)])
def test_a_public_key_of_each_type_is_taken(key: TestKey, kind: type) -> None:
    jwk = parse_jwk(members(key))
    assert type(jwk) is kind
    assert jwk == key.jwk


@pytest.mark.parametrize("key", [ED, EC])
def test_thumbprints_are_those_of_another_library(key: TestKey) -> None:
    assert thumbprint(key.jwk) == joserfc_key(members(key)).thumbprint()


def test_the_thumbprint_of_an_ml_dsa_key_covers_alg_kty_and_pub() -> None:
    canonical = '{"alg":"ML-DSA-65","kty":"AKP","pub":"' + AKP_MEMBERS["pub"] + '"}'
    assert PQ.kid == b64u_encode(hashlib.sha256(canonical.encode()).digest())


def test_members_beside_the_key_itself_are_left_out_of_it() -> None:
    more = {"use": "sig", "key_ops": ["verify"], "ext": True, "alg": "EdDSA", "kid": ED.kid}
    assert parse_jwk(OKP_MEMBERS | more) == ED.jwk


@pytest.mark.parametrize(
    ("jwk", "alg"),
    [
        (OKP_MEMBERS, "EdDSA"),
        (OKP_MEMBERS, "Ed25519"),
        (EC_MEMBERS, "ES256"),
        (AKP_MEMBERS, "ML-DSA-65"),
    ],
)
def test_a_key_may_name_its_algorithm(jwk: dict[str, Any], alg: str) -> None:
    parse_jwk(jwk | {"alg": alg})


@pytest.mark.parametrize(
    ("jwk", "alg"),
    [
        (OKP_MEMBERS, "ES256"),
        (OKP_MEMBERS, "none"),
        (OKP_MEMBERS, "HS256"),
        (OKP_MEMBERS, "eddsa"),
        (EC_MEMBERS, "EdDSA"),
        (EC_MEMBERS, "ES384"),
        (AKP_MEMBERS, "ML-DSA-44"),
        (AKP_MEMBERS, "EdDSA"),
        (OKP_MEMBERS, None),
    ],
)
def test_a_key_that_names_another_algorithm_is_refused(jwk: dict[str, Any], alg: Any) -> None:
    with refused(MalformedError, "jwk_invalid"):
        parse_jwk(jwk | {"alg": alg})


@pytest.mark.parametrize("name", ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"])
@pytest.mark.parametrize("value", ["AAAA", None, ""])
@pytest.mark.parametrize("jwk", [OKP_MEMBERS, EC_MEMBERS, {}], ids=["OKP", "EC", "none"])
def test_a_private_member_of_any_value_is_refused(
    jwk: dict[str, Any], name: str, value: Any
) -> None:
    with refused(MalformedError, "private_key_refused"):
        parse_jwk(jwk | {name: value})


@pytest.mark.parametrize("kid", [EC.kid, "", "alice", None, ED.kid + "=", ED.kid[:-1]])
def test_a_kid_that_is_not_the_thumbprint_is_refused(kid: Any) -> None:
    with refused(MalformedError, "kid_mismatch"):
        parse_jwk(OKP_MEMBERS | {"kid": kid})


@pytest.mark.parametrize(
    "point",
    [
        pytest.param(le(1), id="order 1"),
        pytest.param(le(1, 1), id="order 1, other sign"),
        pytest.param(le(P - 1), id="order 2"),
        pytest.param(le(P - 1, 1), id="order 2, other sign"),
        pytest.param(le(0), id="order 4"),
        pytest.param(le(0, 1), id="order 4, other sign"),
        pytest.param("JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU", id="order 8"),
        pytest.param("JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_IU", id="order 8, other sign"),
        pytest.param("xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o", id="order 8, other y"),
        pytest.param("xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA_o", id="order 8, both other"),
        pytest.param(le(P), id="0, not canonical"),
        pytest.param(le(P, 1), id="0, not canonical, other sign"),
        pytest.param(le(P + 1), id="1, not canonical"),
        pytest.param(le(P + 1, 1), id="1, not canonical, other sign"),
        pytest.param(le(P + 3), id="3, not canonical"),
        pytest.param(le(2**255 - 1), id="18, not canonical"),
        pytest.param(le(2**255 - 1, 1), id="18, not canonical, other sign"),
    ],
)
def test_weak_and_non_canonical_ed25519_points_are_refused(point: str) -> None:
    with refused(MalformedError, "jwk_invalid"):
        parse_jwk({"kty": "OKP", "crv": "Ed25519", "x": point})


@pytest.mark.parametrize("length", [0, 1, 31, 33, 64])
def test_an_ed25519_key_has_32_bytes(length: int) -> None:
    with refused(MalformedError, "jwk_invalid"):
        parse_jwk(OKP_MEMBERS | {"x": b64u_encode(bytes([2]) * length)})


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"y": EC_MEMBERS["x"]}, id="off the curve"),
        pytest.param({"x": b64u_encode(bytes(32)), "y": b64u_encode(bytes(32))}, id="origin"),
        pytest.param({"x": b64u_encode(b"\xff" * 32)}, id="beyond the field"),
        pytest.param({"x": b64u_encode(b"\0" + b64u_decode(EC_MEMBERS["x"]))}, id="33 bytes"),
        pytest.param({"x": b64u_encode(b64u_decode(EC_MEMBERS["x"])[1:])}, id="31 bytes"),
        pytest.param({"y": ""}, id="no y"),
        pytest.param({"x": "", "y": ""}, id="point at infinity"),
    ],
)
def test_what_is_no_point_of_p_256_is_refused(changes: dict[str, str]) -> None:
    with refused(MalformedError, "jwk_invalid"):
        parse_jwk(EC_MEMBERS | changes)


@pytest.mark.parametrize("length", [0, 32, 1951, 1953, 1312, 2592])
def test_an_ml_dsa_65_key_has_1952_bytes(length: int) -> None:
    with refused(MalformedError, "jwk_invalid"):
        parse_jwk(AKP_MEMBERS | {"pub": b64u_encode(bytes(length))})


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "oct"},
        {"kty": None},
        {"kty": ["OKP"]},
        OKP_MEMBERS | {"kty": "EC"},
        OKP_MEMBERS | {"kty": "okp"},
        OKP_MEMBERS | {"crv": "X25519"},
        OKP_MEMBERS | {"crv": "Ed448"},
        OKP_MEMBERS | {"x": 7},
        OKP_MEMBERS | {"x": None},
        {"kty": "OKP", "crv": "Ed25519"},
        EC_MEMBERS | {"crv": "P-384"},
        EC_MEMBERS | {"crv": "secp256k1"},
        {"kty": "EC", "crv": "P-256", "x": EC_MEMBERS["x"]},
        AKP_MEMBERS | {"alg": "ML-DSA-87"},
        {"kty": "AKP", "pub": AKP_MEMBERS["pub"]},
    ],
    ids=range(17),
)
def test_any_other_key_is_refused(jwk: dict[str, Any]) -> None:
    with refused(MalformedError, "jwk_invalid"):
        parse_jwk(jwk)


@pytest.mark.parametrize("x", ["=", "A", OKP_MEMBERS["x"] + "=", OKP_MEMBERS["x"][:-1] + "/", "é"])
def test_a_key_in_another_spelling_of_base64url_is_refused(x: str) -> None:
    with refused(MalformedError, "jwk_invalid"):
        parse_jwk(OKP_MEMBERS | {"x": x})


@FEW
@given(st.integers(0, 255))
def test_one_changed_bit_is_another_key_or_none(bit: int) -> None:
    changed = bytearray(b64u_decode(OKP_MEMBERS["x"]))
    changed[bit // 8] ^= 1 << bit % 8
    try:
        other = parse_jwk(OKP_MEMBERS | {"x": b64u_encode(bytes(changed))})
    except MalformedError:
        return
    assert thumbprint(other) != ED.kid


@FEW
@given(st.dictionaries(st.sampled_from(["kty", "crv", "x", "y", "alg", "kid"]), st.text()))
def test_garbage_is_no_key(jwk: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        parse_jwk(jwk)


# --- the ledger's own key ------------------------------------------------------------------------


def test_a_signing_key_survives_its_pem() -> None:
    key = SigningKey.generate()
    assert SigningKey.from_pem(key.to_pem()).kid == key.kid


def test_a_new_signing_key_is_a_new_one() -> None:
    assert SigningKey.generate().kid != SigningKey.generate().kid


def pem(
    key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey, password: bytes | None
) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption(),
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not a key",
        SigningKey.generate().to_pem()[:60],
        pem(ed25519.Ed25519PrivateKey.generate(), b"a password"),
        pem(ec.generate_private_key(ec.SECP256R1()), None),
    ],
    ids=["empty", "garbage", "truncated", "encrypted", "P-256"],
)
def test_what_is_not_an_unencrypted_ed25519_key_is_no_signing_key(raw: bytes) -> None:
    with refused(MalformedError, "key_file_invalid"):
        SigningKey.from_pem(raw)
