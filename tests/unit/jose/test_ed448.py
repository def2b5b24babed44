"""Ed448: which keys and signatures have the strict form, and where the curve is accepted."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed448

from ledger.encoding import b64u_encode
from ledger.errors import MalformedError
from ledger.jose import generate, import_private, parse_key, sign, verify, verify_multi_all
from ledger.jose.algorithms import InvalidSignature
from ledger.jose.ed448 import L, P, is_strong_encoding
from ledger.jose.ed448 import verify as verify_ed448
from tests.support.refusals import refused

PRIVATE = ed448.Ed448PrivateKey.from_private_bytes(bytes(range(57)))
PUBLIC = PRIVATE.public_key()
SIGNATURE = PRIVATE.sign(b"message")
SIGNER = import_private(PRIVATE)


def encode(y: int, last: int = 0) -> bytes:
    return y.to_bytes(56, "little") + bytes([last])


def with_scalar(scalar: int) -> bytes:
    return SIGNATURE[:57] + scalar.to_bytes(57, "little")


def jwk(x: bytes) -> dict[str, Any]:
    return {"kty": "OKP", "crv": "Ed448", "x": b64u_encode(x)}


def test_an_ed448_key_verifies_under_both_names_of_its_algorithm() -> None:
    for alg in ("EdDSA", "Ed448"):
        jws = sign(b"x", import_private(SIGNER, alg=alg))
        assert verify(jws, SIGNER.public, algorithms=[alg], now=None).outcome.alg == alg
    assert set(parse_key(SIGNER.to_public_jwk() | {"alg": "Ed448"}).verifiers) == {
        "EdDSA",
        "Ed448",
    }


def test_a_name_of_the_other_curve_does_not_fit() -> None:
    public = SIGNER.public.to_jwk()
    with refused(MalformedError, "jwk_invalid"):
        parse_key(public | {"alg": "Ed25519"})
    with refused(MalformedError, "jws_alg_not_allowed"):
        import_private(PRIVATE, alg="Ed25519")
    with refused(MalformedError, "jws_alg_not_allowed"):
        import_private(generate("EdDSA"), alg="Ed448")
    with refused(MalformedError, "jwk_invalid"):
        parse_key(public | {"crv": "Ed25519"})
    with refused(MalformedError, "jwk_invalid"):
        parse_key(public | {"crv": "X448"})


def test_the_ledger_profile_accepts_ed25519_only() -> None:
    jws = sign(b"x", SIGNER)
    for algorithms in (["EdDSA"], ["EdDSA", "Ed448"]):
        (outcome,) = verify_multi_all(
            jws, SIGNER.public, profile="ledger", algorithms=algorithms, now=None
        ).outcomes
        assert outcome.error is not None
        assert outcome.error.code == "jws_alg_not_allowed"


@pytest.mark.parametrize("y", [0, 1, P - 1, P, P + 1, 2**448 - 1])
@pytest.mark.parametrize("last", [0x00, 0x80])
def test_small_orders_and_second_encodings_are_no_keys(y: int, last: int) -> None:
    assert not is_strong_encoding(encode(y, last))
    with refused(MalformedError, "jwk_invalid"):
        parse_key(jwk(encode(y, last)))
    with pytest.raises(InvalidSignature):
        verify_ed448(PUBLIC, encode(y, last) + SIGNATURE[57:], b"message")


@pytest.mark.parametrize("last", [0x01, 0x40, 0x7F, 0x81, 0xFF])
def test_the_last_octet_has_one_bit_of_a_key(last: int) -> None:
    x = PUBLIC.public_bytes_raw()
    assert is_strong_encoding(x)
    with refused(MalformedError, "jwk_invalid"):
        parse_key(jwk(x[:-1] + bytes([last])))


@pytest.mark.parametrize("length", [0, 32, 56, 58])
def test_a_key_has_57_bytes(length: int) -> None:
    with refused(MalformedError, "jwk_invalid"):
        parse_key(jwk((PUBLIC.public_bytes_raw() * 2)[:length]))


def test_a_point_off_the_curve_is_no_key() -> None:
    for y in (2, 6, 10):
        assert is_strong_encoding(encode(y))
        with refused(MalformedError, "jwk_invalid"):
            parse_key(jwk(encode(y)))


def test_a_signature_has_one_form() -> None:
    verify_ed448(PUBLIC, SIGNATURE, b"message")
    scalar = int.from_bytes(SIGNATURE[57:], "little")
    assert with_scalar(scalar) == SIGNATURE
    for changed in (
        b"",
        SIGNATURE[:-1],
        SIGNATURE + b"\0",
        SIGNATURE[:57],
        with_scalar(scalar + L),
        with_scalar(scalar + 2 * L),
        with_scalar(L),
        SIGNATURE[:-1] + b"\x80",
        bytes([SIGNATURE[0] ^ 1]) + SIGNATURE[1:],
    ):
        with pytest.raises(InvalidSignature):
            verify_ed448(PUBLIC, changed, b"message")
    with pytest.raises(InvalidSignature):
        verify_ed448(PUBLIC, SIGNATURE, b"another message")
