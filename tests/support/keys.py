"""Signing keys of every algorithm, derived from a number, so each run has the same keys.

They can sign any header and payload, which honest clients never do.
"""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from ledger.encoding import b64u_encode
from ledger.jose import AkpJwk, EcJwk, OkpJwk, PublicJwk, thumbprint

ECDSA = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)  # deterministic


class TestKey:
    """A private key, its public JWK and its kid."""

    __test__ = False  # not a class of tests

    def __init__(self, jwk: PublicJwk, alg: str, sign: Callable[[bytes], bytes]) -> None:
        self.jwk = jwk
        self.alg = alg
        self.kid = thumbprint(jwk)
        self.sign_raw = sign

    def jws(self, payload: bytes, *, without: str = "", **header: Any) -> str:
        """Return a compact JWS; `header` adds to or replaces alg, typ and kid."""
        full = {"alg": self.alg, "typ": "JWT", "kid": self.kid} | header
        return self.sealed(
            json.dumps({k: v for k, v in full.items() if k != without}).encode(), payload
        )

    def sealed(self, header: bytes, payload: bytes) -> str:
        """Return a compact JWS with exactly these header bytes."""
        signing_input = f"{b64u_encode(header)}.{b64u_encode(payload)}"
        return f"{signing_input}.{b64u_encode(self.sign_raw(signing_input.encode()))}"


@cache
def ed25519_key(number: int) -> TestKey:
    private = ed25519.Ed25519PrivateKey.from_private_bytes(number.to_bytes(32, "big"))
    jwk = OkpJwk(crv="Ed25519", x=b64u_encode(private.public_key().public_bytes_raw()))
    return TestKey(jwk, "EdDSA", private.sign)


@cache
def es256_key(number: int) -> TestKey:
    private = ec.derive_private_key(number, ec.SECP256R1())
    point = private.public_key().public_numbers()

    def sign(data: bytes) -> bytes:
        r, s = decode_dss_signature(private.sign(data, ECDSA))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    x, y = (b64u_encode(each.to_bytes(32, "big")) for each in (point.x, point.y))
    return TestKey(EcJwk(crv="P-256", x=x, y=y), "ES256", sign)


@cache
def ml_dsa_key(number: int) -> TestKey:
    private = mldsa.MLDSA65PrivateKey.from_seed_bytes(number.to_bytes(32, "big"))
    jwk = AkpJwk(alg="ML-DSA-65", pub=b64u_encode(private.public_key().public_bytes_raw()))
    return TestKey(jwk, "ML-DSA-65", private.sign)


def jwk_members(jwk: PublicJwk) -> dict[str, Any]:
    """Return a public JWK as a client sends it."""
    members: dict[str, Any] = msgspec.to_builtins(jwk)
    return members
