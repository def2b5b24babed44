"""Algorithms: which key verifies which `alg`, and how. This module reads no headers.

The table has no `none`. It has HMAC, but no default includes it. A key's type and curve determine
its algorithms; a header can only choose among those.
"""

import hashlib
import hmac
from collections.abc import Callable
from functools import partial

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from ledger.jose.ed448 import verify as verify_ed448
from ledger.jose.ed25519 import verify as verify_ed25519

__all__ = ["InvalidSignature", "UnsupportedAlgorithm"]

# Takes (signature, data); raises InvalidSignature unless the signature is valid.
Verify = Callable[[bytes, bytes], None]
SignFunction = Callable[[bytes], bytes]

PublicMldsa = mldsa.MLDSA44PublicKey | mldsa.MLDSA65PublicKey | mldsa.MLDSA87PublicKey
PrivateMldsa = mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey | mldsa.MLDSA87PrivateKey
PublicEd = ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
PrivateEd = ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
PublicKey = PublicEd | ec.EllipticCurvePublicKey | rsa.RSAPublicKey | PublicMldsa
PrivateKey = PrivateEd | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | PrivateMldsa

# Two names of one algorithm: EdDSA (RFC 8037) and the name of the curve (RFC 9864).
EDDSA = ("EdDSA", "Ed25519")
ED448 = ("EdDSA", "Ed448")
RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
HMAC = ("HS256", "HS384", "HS512")
EC: dict[str, tuple[str, type[ec.EllipticCurve], type[hashes.HashAlgorithm], int]] = {
    "P-256": ("ES256", ec.SECP256R1, hashes.SHA256, 32),
    "P-384": ("ES384", ec.SECP384R1, hashes.SHA384, 48),
    "P-521": ("ES512", ec.SECP521R1, hashes.SHA512, 66),
    "secp256k1": ("ES256K", ec.SECP256K1, hashes.SHA256, 32),  # RFC 8812
}
MLDSA: dict[str, tuple[type[PublicMldsa], type[PrivateMldsa]]] = {
    "ML-DSA-44": (mldsa.MLDSA44PublicKey, mldsa.MLDSA44PrivateKey),
    "ML-DSA-65": (mldsa.MLDSA65PublicKey, mldsa.MLDSA65PrivateKey),
    "ML-DSA-87": (mldsa.MLDSA87PublicKey, mldsa.MLDSA87PrivateKey),
}
PUBLIC_KEY_ALGORITHMS = frozenset([*EDDSA, *ED448, *RSA, *(row[0] for row in EC.values()), *MLDSA])
ALL_ALGORITHMS = PUBLIC_KEY_ALGORITHMS | set(HMAC)

_SHA: dict[str, type[hashes.HashAlgorithm]] = {
    "256": hashes.SHA256,
    "384": hashes.SHA384,
    "512": hashes.SHA512,
}


def verifiers(key: PublicKey) -> dict[str, Verify]:
    """Return the verifying function of each algorithm that the key can use."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        return dict.fromkeys(EDDSA, partial(verify_ed25519, key.public_bytes_raw()))
    if isinstance(key, ed448.Ed448PublicKey):
        return dict.fromkeys(ED448, partial(verify_ed448, key))
    if isinstance(key, ec.EllipticCurvePublicKey):
        alg, _, sha, size = EC[curve_name(key.curve)]
        return {alg: _ecdsa_verifier(key, sha(), size)}
    if isinstance(key, rsa.RSAPublicKey):
        return {alg: _rsa_verifier(key, alg) for alg in RSA}
    return {mldsa_name(key): key.verify}


def signers(key: PrivateKey) -> dict[str, SignFunction]:
    """Return the signing function of each algorithm that the key can use."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return dict.fromkeys(EDDSA, key.sign)
    if isinstance(key, ed448.Ed448PrivateKey):
        return dict.fromkeys(ED448, key.sign)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        alg, _, sha, size = EC[curve_name(key.curve)]
        return {alg: _ecdsa_signer(key, sha(), size)}
    if isinstance(key, rsa.RSAPrivateKey):
        return {alg: _rsa_signer(key, alg) for alg in RSA}
    return {mldsa_name(key.public_key()): key.sign}


def curve_name(curve: ec.EllipticCurve) -> str:
    """Return the JWK name of a curve; raise ValueError if no JOSE algorithm uses it."""
    for name, (_, kind, _, _) in EC.items():
        if isinstance(curve, kind):
            return name
    raise ValueError(f"no JOSE algorithm signs with {curve.name}")


def mldsa_name(key: PublicMldsa) -> str:
    """Return the only algorithm of this key; raise ValueError for another type of key."""
    for name, (public, _) in MLDSA.items():
        if isinstance(key, public):
            return name
    raise ValueError("not an ML-DSA key")


def hmac_functions(secret: bytes, alg: str) -> tuple[Verify, SignFunction]:
    """Return the functions with which `alg` (HS256, HS384, HS512) verifies and signs."""
    name = f"sha{alg[2:]}"

    def sign(data: bytes) -> bytes:
        return hmac.digest(secret, data, name)

    def verify(signature: bytes, data: bytes) -> None:
        if not hmac.compare_digest(signature, hmac.digest(secret, data, name)):
            raise InvalidSignature

    return verify, sign


def hmac_bytes(alg: str) -> int:
    """Return the minimum length of a secret for `alg`: its hash's (RFC 7518 section 3.2)."""
    return hashlib.new(f"sha{alg[2:]}").digest_size


def fixed_form(signature: bytes, alg: str) -> bytes | None:
    """Return r ‖ s of an ECDSA signature in DER; None for another algorithm or other bytes."""
    size = next((row[3] for row in EC.values() if row[0] == alg), 0)
    try:
        r, s = decode_dss_signature(signature)
        return r.to_bytes(size, "big") + s.to_bytes(size, "big") if size else None
    except (ValueError, OverflowError):
        return None


def _ecdsa_verifier(key: ec.EllipticCurvePublicKey, sha: hashes.HashAlgorithm, size: int) -> Verify:
    """JOSE's ECDSA signature is r ‖ s with fixed length (RFC 7518 section 3.4), not DER."""
    scheme = ec.ECDSA(sha)

    def verify(signature: bytes, data: bytes) -> None:
        if len(signature) != 2 * size:
            raise InvalidSignature
        r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
        key.verify(encode_dss_signature(r, s), data, scheme)

    return verify


def _ecdsa_signer(
    key: ec.EllipticCurvePrivateKey, sha: hashes.HashAlgorithm, size: int
) -> SignFunction:
    scheme = ec.ECDSA(sha)

    def sign(data: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(data, scheme))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    return sign


def _rsa_padding(alg: str) -> tuple[padding.AsymmetricPadding, hashes.HashAlgorithm]:
    """A PSS salt must be exactly as long as the hash (RFC 7518 section 3.5)."""
    sha = _SHA[alg[2:]]()
    if alg.startswith("RS"):
        return padding.PKCS1v15(), sha
    return padding.PSS(mgf=padding.MGF1(sha), salt_length=sha.digest_size), sha


def _rsa_verifier(key: rsa.RSAPublicKey, alg: str) -> Verify:
    scheme, sha = _rsa_padding(alg)

    def verify(signature: bytes, data: bytes) -> None:
        key.verify(signature, data, scheme, sha)

    return verify


def _rsa_signer(key: rsa.RSAPrivateKey, alg: str) -> SignFunction:
    scheme, sha = _rsa_padding(alg)

    def sign(data: bytes) -> bytes:
        return key.sign(data, scheme, sha)

    return sign
