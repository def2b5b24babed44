"""Passkeys and log keys that are the same in every run, with deterministic signatures."""

import hashlib
from dataclasses import dataclass
from typing import cast

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa

from ledger.tlog.vkeys import NoteSigner
from tests.support.authenticator import Passkey
from tests.support.keys import ECDSA
from tests.support.signers import LEDGER


@dataclass
class _Deterministic:
    """A P-256 key with deterministic signatures (RFC 6979)."""

    private: ec.EllipticCurvePrivateKey

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self.private.public_key()

    def sign(self, data: bytes, _: ec.ECDSA) -> bytes:
        return self.private.sign(data, ECDSA)


def fixed_passkey(number: int) -> Passkey:
    private = _Deterministic(ec.derive_private_key(number, ec.SECP256R1()))
    credential_id = hashlib.sha256(b"credential %d" % number).digest()
    return Passkey(credential_id=credential_id, private=cast(ec.EllipticCurvePrivateKey, private))


def fixed_log_signers(number: int, origin: str = LEDGER) -> tuple[NoteSigner, NoteSigner]:
    """Return a log's two private keys."""
    seed = hashlib.sha256(b"log key %d" % number).digest()
    return (
        NoteSigner(origin, ed25519.Ed25519PrivateKey.from_private_bytes(seed)),
        NoteSigner(origin, mldsa.MLDSA44PrivateKey.from_seed_bytes(seed)),
    )


def fixed_log_keys(number: int, origin: str = LEDGER) -> tuple[str, str]:
    """Return the vkeys of a log's two keys."""
    first, second = fixed_log_signers(number, origin)
    return first.key.vkey, second.key.vkey
