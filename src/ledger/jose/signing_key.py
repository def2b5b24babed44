"""Signing keys: the three types that a person may attest, and the ledger's own private key.

Events store these Structs. All other types of key are in `keys.py` only.
"""

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any, Literal

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from ledger.encoding import b64u_encode
from ledger.errors import MalformedError
from ledger.jose.algorithms import EDDSA, Verify
from ledger.jose.external_key import ExternalKey, pem_of, sign_with
from ledger.jose.keys import PRIVATE_MEMBERS, REQUIRED, import_members, parse_key, thumbprint_of


class OkpJwk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kty", tag="OKP"):
    """An Ed25519 public key (RFC 8037): x is 32 bytes, base64url."""

    crv: Literal["Ed25519"]
    x: str


class EcJwk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kty", tag="EC"):
    """A P-256 public key (RFC 7518 section 6.2): x and y are 32 bytes each, base64url."""

    crv: Literal["P-256"]
    x: str
    y: str


class AkpJwk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kty", tag="AKP"):
    """An ML-DSA-65 public key (JOSE ML-DSA): pub is 1,952 bytes, base64url."""

    alg: Literal["ML-DSA-65"]
    pub: str


PublicJwk = OkpJwk | EcJwk | AkpJwk

ALGORITHMS: dict[type, tuple[str, ...]] = {
    OkpJwk: EDDSA,
    EcJwk: ("ES256",),
    AkpJwk: ("ML-DSA-65",),
}


def parse_jwk(members: Mapping[str, Any]) -> PublicJwk:
    """Return the public key of a JWK, reduced to the members that the thumbprint covers.

    Raises MalformedError: `private_key_refused` for any private member; `jwk_invalid` for a type of
    key that a person may not attest, and as `parse_key`; `kid_mismatch`.
    """
    if not PRIVATE_MEMBERS.isdisjoint(members):
        raise MalformedError("private_key_refused", "private keys never leave their owner")
    key = parse_key(members)
    try:
        jwk: PublicJwk = msgspec.convert({"kty": key.kty, **dict(key.members)}, PublicJwk)
    except msgspec.ValidationError as error:
        raise MalformedError(
            "jwk_invalid", "the key is not an Ed25519, P-256 or ML-DSA-65 key"
        ) from error
    if members.get("alg", "") is None:  # null is not absent
        raise MalformedError("jwk_invalid", "the key's alg does not fit its type")
    if members.get("kid", key.thumbprint) != key.thumbprint:
        raise MalformedError("kid_mismatch", "kid must be the key's RFC 7638 thumbprint")
    return jwk


@lru_cache(maxsize=65_536)
def thumbprint(jwk: PublicJwk) -> str:
    """Return the RFC 7638 SHA-256 thumbprint, 43 characters of base64url."""
    return thumbprint_of(*_members(jwk))


@lru_cache(maxsize=65_536)
def import_key(jwk: PublicJwk) -> Verify:
    """Return the key's verifying function; raise MalformedError `jwk_invalid` for an invalid key.

    Each of the three types has one algorithm, so the caller names none.
    """
    return import_members(*_members(jwk)).verifiers[ALGORITHMS[type(jwk)][0]]


def _members(jwk: PublicJwk) -> tuple[str, tuple[tuple[str, str], ...]]:
    kty = str(jwk.__struct_config__.tag)
    return kty, tuple((name, getattr(jwk, name)) for name in REQUIRED[kty])


class SigningKey:
    """An Ed25519 private key that signs compact JWSs: the ledger's own key, and keys in tests.

    An HSM or an agent may keep it.
    """

    def __init__(self, private: ed25519.Ed25519PrivateKey | ExternalKey) -> None:
        self._private = private
        if isinstance(private, ed25519.Ed25519PrivateKey):
            public, self._sign = private.public_key().public_bytes_raw(), private.sign
        else:
            public, self._sign = private.public, partial(sign_with, private)
        self.jwk = OkpJwk(crv="Ed25519", x=b64u_encode(public))
        self.kid = thumbprint(self.jwk)

    @classmethod
    def generate(cls) -> "SigningKey":
        """Return a new random key."""
        return cls(ed25519.Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> "SigningKey":
        """Return the key of a seed of 32 bytes (RFC 8032 section 5.1.5)."""
        return cls(ed25519.Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def from_pem(cls, pem: bytes) -> "SigningKey":
        """Return the key of an unencrypted PKCS #8 PEM; raise MalformedError `key_file_invalid`."""
        try:
            private = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError) as error:
            raise MalformedError(
                "key_file_invalid", "the file is not an unencrypted PKCS #8 PEM"
            ) from error
        if not isinstance(private, ed25519.Ed25519PrivateKey):
            raise MalformedError("key_file_invalid", "the key is not an Ed25519 key")
        return cls(private)

    def to_pem(self) -> bytes:
        """Return unencrypted PKCS #8 PEM, for a file of mode 0600.

        Raises ConflictError `key_not_exportable`.
        """
        return pem_of(self._private)

    def sign_bytes(self, message: bytes) -> bytes:
        """Return the signature of these bytes, 64 bytes, for formats other than JWS.

        Raises UnavailableError as `sign_with` does, if an HSM or an agent keeps the key.
        """
        return self._sign(message)

    def sign(self, payload: bytes, *, typ: str, iat: int | None = None) -> str:
        """Return a compact JWS whose header is alg, typ, kid and, if given, iat (seconds).

        Raises UnavailableError as `sign_with` does, if an HSM or an agent keeps the key.
        """
        header = {"alg": "EdDSA", "typ": typ, "kid": self.kid}
        full = header | ({} if iat is None else {"iat": iat})
        signing_input = f"{b64u_encode(msgspec.json.encode(full))}.{b64u_encode(payload)}"
        return f"{signing_input}.{b64u_encode(self._sign(signing_input.encode()))}"
