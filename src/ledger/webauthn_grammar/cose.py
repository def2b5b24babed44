"""COSE keys of passkeys (RFC 9053): three algorithms, each with one kind of key.

Rejects every other combination of members, and weak keys: a point off its curve or outside the
prime-order subgroup, or an RSA modulus that is easy to factor.
"""

from functools import lru_cache
from typing import NoReturn

import msgspec

from ledger.encoding import b64u_decode, b64u_encode
from ledger.errors import MalformedError
from ledger.jose.ed25519 import is_prime_order, is_strict_signature
from ledger.webauthn_grammar import cbor, rsa_modulus

EDDSA, ES256, RS256 = -8, -7, -257
COORDINATE_BYTES = 32
MIN_RSA_BITS, MAX_RSA_BITS = 2_048, 4_096
RSA_EXPONENT = b"\x01\x00\x01"

_KTY, _ALG = 1, 3
# By algorithm: key type, curve (None for RSA), labels of the byte strings.
_KINDS: dict[int, tuple[int, int | None, tuple[int, ...]]] = {
    EDDSA: (1, 6, (-2,)),
    ES256: (2, 1, (-2, -3)),
    RS256: (3, None, (-1, -2)),
}
_CRV = -1

_P256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
_P256_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


class CoseKey(msgspec.Struct, frozen=True):
    """A passkey's public key, checked for weakness; `jwk` is the same key as a JWK."""

    algorithm: int
    jwk: dict[str, str]


@lru_cache(maxsize=1_024)
def parse_cose_key(raw: bytes) -> CoseKey:
    """Return the key; raise MalformedError `cbor_malformed` or `cose_key_malformed`.

    Checking a key takes about a millisecond, so the most recent results are cached.
    """
    members = cbor.parse(raw)
    if not isinstance(members, dict):
        _refuse("not a map")
    algorithm = members.get(_ALG)
    if type(algorithm) is not int or algorithm not in _KINDS:
        _refuse("an algorithm that is not supported")
    kty, crv, labels = _KINDS[algorithm]
    named = {_KTY, _ALG, *labels} | (set() if crv is None else {_CRV})
    if members.keys() != named:
        _refuse("members are missing or unexpected")
    _require(members[_KTY], kty, "the key type does not match the algorithm")
    if crv is not None:
        _require(members[_CRV], crv, "the curve does not match the algorithm")
    first, *rest = (_bytes(members[label]) for label in labels)
    if algorithm == RS256:
        return CoseKey(algorithm, _rsa(first, *rest))
    return CoseKey(algorithm, _okp(first) if algorithm == EDDSA else _p256(first, *rest))


def require_signature(signature: bytes, key: CoseKey) -> None:
    """Raise MalformedError `signature_malformed` if the format does not fit the key's algorithm.

    Nothing is verified. Ed25519: R and S in strict form. ES256: DER (WebAuthn L3 section 6.5.5).
    RS256: exactly as long as the modulus.
    """
    if key.algorithm == EDDSA:
        fits = is_strict_signature(signature)
    elif key.algorithm == ES256:
        fits = _is_ecdsa_der(signature)
    else:
        fits = len(signature) == len(b64u_decode(key.jwk["n"]))
    if not fits:
        raise MalformedError(
            "signature_malformed", "signature: the format does not fit the algorithm"
        )


def _is_ecdsa_der(signature: bytes) -> bool:
    """Tell whether this is strict DER of a SEQUENCE of two INTEGERs in [1, 2^256)."""
    if signature[:1] != b"\x30" or signature[1:2] != bytes([len(signature) - 2 & 0xFF]):
        return False
    rest = signature[2:]
    for _ in range(2):
        length = rest[1] if len(rest) > 1 else 0
        number, rest, tag = rest[2 : 2 + length], rest[2 + length :], rest[:1]
        if tag != b"\x02" or not 0 < len(number) == length <= COORDINATE_BYTES + 1:
            return False
        value = int.from_bytes(number, "big", signed=True)
        if not 0 < value < 2**256 or value.bit_length() // 8 + 1 != length:
            return False
    return not rest


def _require(value: cbor.Cbor, expected: int, reason: str) -> None:
    if type(value) is not int or value != expected:  # in Python True == 1
        _refuse(reason)


def _bytes(value: cbor.Cbor) -> bytes:
    return value if isinstance(value, bytes) else _refuse("a member is not a byte string")


def _okp(x: bytes) -> dict[str, str]:
    if len(x) != COORDINATE_BYTES:
        _refuse("a coordinate that is not 32 bytes")
    if not is_prime_order(x):
        _refuse("x is not a canonical Ed25519 point of prime order")
    return {"kty": "OKP", "crv": "Ed25519", "x": b64u_encode(x)}


def _p256(x: bytes, y: bytes) -> dict[str, str]:
    if len(x) != COORDINATE_BYTES or len(y) != COORDINATE_BYTES:
        _refuse("a coordinate that is not 32 bytes")
    a, b = int.from_bytes(x, "big"), int.from_bytes(y, "big")
    if a >= _P256 or b >= _P256 or (b * b - a * a * a + 3 * a - _P256_B) % _P256:
        _refuse("x and y are not a point of P-256")
    return {"kty": "EC", "crv": "P-256", "x": b64u_encode(x), "y": b64u_encode(y)}


def _rsa(n: bytes, e: bytes) -> dict[str, str]:
    if e != RSA_EXPONENT:
        _refuse("an RSA exponent other than 65537")
    if not MIN_RSA_BITS // 8 <= len(n) <= MAX_RSA_BITS // 8 or n[0] == 0:
        _refuse("an RSA modulus of another length than 2,048 to 4,096 bits")
    modulus = int.from_bytes(n, "big")
    if modulus.bit_length() < MIN_RSA_BITS:
        _refuse("an RSA modulus of another length than 2,048 to 4,096 bits")
    if rsa_modulus.is_weak(modulus):
        _refuse("the RSA modulus is easy to factor")
    return {"kty": "RSA", "n": b64u_encode(n), "e": b64u_encode(e)}


def _refuse(reason: str) -> NoReturn:
    raise MalformedError("cose_key_malformed", f"COSE key: {reason}")
