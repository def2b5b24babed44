"""Ed25519 keys that this process does not hold: an HSM or an agent keeps them and signs with them.

What such a signer returns is verified with its public key before anybody uses it. A device that
fails, or that signs with another key, thus leaves no false signature in the log.
"""

from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

from ledger.errors import ConflictError, UnavailableError
from ledger.jose.ed25519 import verify


class ExternalKey(Protocol):
    """An Ed25519 private key outside this process."""

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return an unverified signature; raise UnavailableError `signer_unavailable`."""
        ...


def sign_with(key: ExternalKey, message: bytes) -> bytes:
    """Return a verified signature of 64 bytes.

    Raises UnavailableError: `signature_unsound` if what came back does not verify, and what
    `key.sign` raises.
    """
    signature = key.sign(message)
    try:
        verify(key.public, signature, message)
    except InvalidSignature as error:
        raise UnavailableError(
            "signature_unsound", "the HSM or agent returned a signature that does not verify"
        ) from error
    return signature


def pem_of(private: ed25519.Ed25519PrivateKey | mldsa.MLDSA44PrivateKey | ExternalKey) -> bytes:
    """Return unencrypted PKCS #8 PEM; raise ConflictError `key_not_exportable`."""
    if not isinstance(private, ed25519.Ed25519PrivateKey | mldsa.MLDSA44PrivateKey):
        raise ConflictError("key_not_exportable", "an HSM or an agent keeps this key to itself")
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
