"""Verification keys: a JWK (RFC 7517), a key object or an HMAC secret as one immutable `Key`.

Rejects private keys, weak keys (RSA under 2,048 bits, small-order Edwards points, short secrets)
and non-canonical encodings, because a second encoding would give a key a second thumbprint.
"""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, rsa

from ledger.encoding import b64u_decode, b64u_encode, jcs
from ledger.errors import MalformedError
from ledger.jose import algorithms
from ledger.jose import ed448 as strict_ed448
from ledger.jose.algorithms import (
    EC,
    ED448,
    EDDSA,
    HMAC,
    MLDSA,
    PublicKey,
    UnsupportedAlgorithm,
    Verify,
)
from ledger.jose.ed25519 import is_strong_point
from ledger.jose.rsa_strength import MAX_RSA_BITS, refuse_weak_rsa
from ledger.jose.shared_secret import MAX_SECRET_BYTES, refuse_disguised

PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
# The members that a thumbprint covers, by key type (RFC 7638 section 3.2; for AKP the JOSE
# specification of ML-DSA).
REQUIRED: dict[str, tuple[str, ...]] = {
    "OKP": ("crv", "x"),
    "EC": ("crv", "x", "y"),
    "RSA": ("e", "n"),
    "AKP": ("alg", "pub"),
    "oct": ("k",),
}


class Key(msgspec.Struct, frozen=True, eq=False):
    """A usable verification key: one function for each of its algorithms, and its thumbprint.

    `verifiers` has exactly the algorithms that the key's type, its curve and its own `alg` allow.
    The thumbprint of a secret lets others test guesses at it, so it is compared and never shown.
    """

    kty: str
    thumbprint: str
    verifiers: Mapping[str, Verify]
    members: tuple[tuple[str, str], ...]
    kid: str | None = None
    alg: str | None = None

    def __repr__(self) -> str:
        """Show the thumbprint of a public key, and nothing of a secret."""
        shown = "a secret" if self.kty == "oct" else self.thumbprint
        return f"Key({self.kty}, {shown}, kid={self.kid!r}, alg={self.alg!r})"

    def to_jwk(self) -> dict[str, str]:
        """Return the public JWK; raise MalformedError `private_key_refused` for a secret."""
        if self.kty == "oct":
            raise MalformedError("private_key_refused", "a secret has no public JWK")
        named = {"kid": self.kid, "alg": self.alg}
        return {"kty": self.kty, **dict(self.members)} | {
            name: value for name, value in named.items() if value is not None
        }


class Material(msgspec.Struct, frozen=True, eq=False):
    """What a key's required members determine; cached by their values."""

    thumbprint: str
    verifiers: Mapping[str, Verify]


def parse_key(jwk: Mapping[str, Any]) -> Key:
    """Return the verification key of a JWK.

    Raises MalformedError: `private_key_refused` for any private member of a key pair;
    `jwk_invalid` for an unknown type, a weak or invalid key, or a key not meant to verify.
    """
    kty = jwk.get("kty")
    if not isinstance(kty, str) or kty not in REQUIRED:
        raise _invalid("the key type cannot verify signatures")
    if kty != "oct" and not PRIVATE_MEMBERS.isdisjoint(jwk):
        raise MalformedError("private_key_refused", "private keys never leave their owner")
    _refuse_other_use(jwk)
    kid, alg = jwk.get("kid"), jwk.get("alg")
    if not isinstance(kid, str | None) or not isinstance(alg, str | None):
        raise _invalid("kid and alg must be strings")
    members = tuple((name, _text(jwk, name)) for name in REQUIRED[kty])
    if kty == "oct":
        return secret_key(b64u(members[0][1]), alg=alg, kid=kid)
    material = import_members(kty, members)
    return Key(kty, material.thumbprint, for_algorithm(material.verifiers, alg), members, kid, alg)


def for_algorithm(verifiers: Mapping[str, Verify], alg: str | None) -> Mapping[str, Verify]:
    """Keep only the key's own `alg`; EdDSA and the curve's name are two names of one algorithm.

    Raises MalformedError `jwk_invalid` if the type of key does not have this alg.
    """
    if alg is None:
        return verifiers
    if alg not in verifiers:
        raise _invalid("the key's alg does not fit its type")
    return verifiers if alg in EDDSA + ED448 else {alg: verifiers[alg]}


def _refuse_other_use(jwk: Mapping[str, Any]) -> None:
    """Reject a key whose `use` or `key_ops` excludes verifying (RFC 7517 sections 4.2, 4.3)."""
    if jwk.get("use", "sig") != "sig":
        raise _invalid("the key's use is not sig")
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        raise _invalid("the key's key_ops do not include verify")


def _text(jwk: Mapping[str, Any], name: str) -> str:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise _invalid(f"{name} is missing or not a string")
    return value


def b64u(text: str) -> bytes:
    """Return a member's bytes; raise MalformedError `jwk_invalid`."""
    try:
        return b64u_decode(text)
    except MalformedError as error:
        raise _invalid("a member is not canonical base64url") from error


@lru_cache(maxsize=8_192)
def import_members(kty: str, members: tuple[tuple[str, str], ...]) -> Material:
    """Return the imported key of the members `REQUIRED[kty]`; raise MalformedError `jwk_invalid`.

    Importing costs as much as many verifications, so the result is cached by the members' values.
    A JWK that is changed after its first use is therefore another key.
    """
    public = _import(kty, dict(members))
    return Material(thumbprint_of(kty, members), algorithms.verifiers(public))


def thumbprint_of(kty: str, members: tuple[tuple[str, str], ...]) -> str:
    """Return the RFC 7638 SHA-256 thumbprint, 43 characters of base64url."""
    return b64u_encode(hashlib.sha256(jcs({"kty": kty, **dict(members)})).digest())


def _import(kty: str, members: Mapping[str, str]) -> PublicKey:
    try:
        if kty == "OKP":
            return _import_okp(members)
        if kty == "EC":
            return _import_ec(members)
        if kty == "RSA":
            numbers = rsa.RSAPublicNumbers(_uint(members["e"]), _uint(members["n"]))
            refuse_weak_rsa(numbers)
            return numbers.public_key()
        if members["alg"] not in MLDSA:
            raise _invalid("the alg is not an ML-DSA algorithm")
        return MLDSA[members["alg"]][0].from_public_bytes(b64u(members["pub"]))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _invalid("the public key is not usable") from error


def _import_okp(members: Mapping[str, str]) -> PublicKey:
    raw = b64u(members["x"])
    if members["crv"] == "Ed25519":
        return ed25519.Ed25519PublicKey.from_public_bytes(strong_point(raw))
    if members["crv"] != "Ed448":
        raise _invalid("the OKP curves here are Ed25519 and Ed448")
    if not strict_ed448.is_strong_point(raw):
        raise _invalid("the Ed448 key is weak or malformed")
    return ed448.Ed448PublicKey.from_public_bytes(raw)


def _import_ec(members: Mapping[str, str]) -> PublicKey:
    if members["crv"] not in EC:
        raise _invalid(f"the EC curves here are {', '.join(EC)}")
    _, curve, _, size = EC[members["crv"]]
    x, y = b64u(members["x"]), b64u(members["y"])
    if len(x) != size or len(y) != size:
        raise _invalid("a coordinate has the wrong length")
    return ec.EllipticCurvePublicKey.from_encoded_point(curve(), b"\x04" + x + y)


def _uint(text: str) -> int:
    """Decode a Base64urlUInt (RFC 7518 section 2): big-endian, no leading zero octet."""
    raw = b64u(text)
    if not raw or raw[0] == 0 or len(raw) > MAX_RSA_BITS // 8:
        raise _invalid("a number is empty, too long or has a leading zero")
    return int.from_bytes(raw, "big")


def strong_point(raw: bytes) -> bytes:
    """Return an Ed25519 public key unchanged; raise MalformedError `jwk_invalid` if it is weak."""
    if not is_strong_point(raw):
        raise MalformedError("jwk_invalid", "the Ed25519 key is weak or malformed")
    return raw


def secret_key(secret: bytes, *, alg: str | None = None, kid: str | None = None) -> Key:
    """Return an HMAC key for its `alg`, or for every HMAC that the secret is long enough for.

    No default allows HMAC: a verifier must name it in `algorithms`. Secrets are never cached.
    Raises MalformedError `jwk_invalid` for another algorithm, for a secret shorter than its hash,
    and as `refuse_disguised`.
    """
    names = HMAC if alg is None else (alg,)
    if not set(names) <= set(HMAC):
        raise _invalid("a secret's alg must be HS256, HS384 or HS512")
    fitting = [name for name in names if len(secret) >= algorithms.hmac_bytes(name)]
    if not fitting or len(secret) > MAX_SECRET_BYTES:
        raise _invalid("a secret must be at least as long as its hash, and at most 4,096 bytes")
    refuse_disguised(secret)
    members = (("k", b64u_encode(secret)),)
    verify = {name: algorithms.hmac_functions(secret, name)[0] for name in fitting}
    return Key("oct", thumbprint_of("oct", members), verify, (), kid, alg)


def members_of(public: object) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the key type and the required JWK members of a `cryptography` public key.

    Raises MalformedError: `private_key_refused` for a private key, else `jwk_invalid`.
    """
    if hasattr(public, "private_bytes"):
        raise MalformedError("private_key_refused", "private keys never leave their owner")
    if isinstance(public, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        curve = "Ed25519" if isinstance(public, ed25519.Ed25519PublicKey) else "Ed448"
        return "OKP", (("crv", curve), ("x", b64u_encode(public.public_bytes_raw())))
    if isinstance(public, ec.EllipticCurvePublicKey):
        try:
            curve = algorithms.curve_name(public.curve)
        except ValueError as error:
            raise _invalid(f"the EC curves here are {', '.join(EC)}") from error
        size, numbers = EC[curve][3], public.public_numbers()
        x, y = (b64u_encode(n.to_bytes(size, "big")) for n in (numbers.x, numbers.y))
        return "EC", (("crv", curve), ("x", x), ("y", y))
    if isinstance(public, rsa.RSAPublicKey):
        rsa_numbers = public.public_numbers()
        return "RSA", (("e", uint(rsa_numbers.e)), ("n", uint(rsa_numbers.n)))
    if isinstance(public, mldsa.MLDSA44PublicKey | mldsa.MLDSA65PublicKey | mldsa.MLDSA87PublicKey):
        alg = algorithms.mldsa_name(public)
        return "AKP", (("alg", alg), ("pub", b64u_encode(public.public_bytes_raw())))
    raise _invalid("this type of key is not supported")


def uint(number: int) -> str:
    """Encode a Base64urlUInt (RFC 7518 section 2)."""
    return b64u_encode(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def import_public(public: object, *, alg: str | None = None, kid: str | None = None) -> Key:
    """Return the verification key of a `cryptography` public key, only for `alg` if given.

    Raises MalformedError as `members_of`, and `jwk_invalid` for an alg that does not fit.
    """
    kty, members = members_of(public)
    material = import_members(kty, members)
    if kty == "AKP" and alg is None:
        alg = members[0][1]
    verifiers = for_algorithm(material.verifiers, alg)
    return Key(kty, material.thumbprint, verifiers, members, kid, alg)


def _invalid(detail: str) -> MalformedError:
    return MalformedError("jwk_invalid", detail)
