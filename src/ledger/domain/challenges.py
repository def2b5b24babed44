"""The challenges that passkeys sign: SHA-256 over what each one is for (RFC 8785 form).

The server sends a one-time nonce; client and server compute the same 32 bytes from it. The purpose
is inside the hash, so an assertion over one challenge fits no other.
"""

import hashlib
from collections.abc import Mapping

from ledger.domain.vocabulary import KeyHome
from ledger.encoding import jcs, sha256_hex


def register(*, ledger: str, nonce: str) -> bytes:
    """Return the challenge of a new passkey's registration response."""
    return _challenge("register", ledger=ledger, nonce=nonce)


def sign_in(*, ledger: str, nonce: str) -> bytes:
    """Return the challenge that opens a session."""
    return _challenge("sign-in", ledger=ledger, nonce=nonce)


def attest_signing_key(
    *, expires_at: str | None, home: KeyHome, kid: str, ledger: str, nonce: str, user: str
) -> bytes:
    """Return the challenge that a passkey and a new signing key both sign."""
    about = {"expiresAt": expires_at, "home": home, "kid": kid}
    return _challenge("attest-signing-key", **about, ledger=ledger, nonce=nonce, user=user)


def add_service_account(
    service: Mapping[str, object], *, expires_at: str, kid: str, ledger: str, nonce: str, user: str
) -> bytes:
    """Return the challenge that a passkey and the key of a new service account both sign.

    `service` has the account's `acts`, `name`, `types` and `untyped`.
    """
    about = {"expiresAt": expires_at, "kid": kid, "service": service}
    return _challenge("add-service-account", **about, ledger=ledger, nonce=nonce, user=user)


def add_passkey(*, cose_sha256: str, ledger: str, nonce: str, user: str) -> bytes:
    """Return the challenge that a person's new passkey signs; the SHA-256 is of its COSE key."""
    return _challenge("add-passkey", cose=cose_sha256, ledger=ledger, nonce=nonce, user=user)


def redeem(*, cose_sha256: str, ledger: str, nonce: str, user: str) -> bytes:
    """Return the challenge that a passkey signs which a recovery code adds."""
    return _challenge("redeem", cose=cose_sha256, ledger=ledger, nonce=nonce, user=user)


def confirm(*, jws: str, ledger: str, user: str) -> bytes:
    """Return the challenge that confirms one signed decision or act; it has no nonce.

    The JWS is the nonce: it names its time, and the ledger takes it once.
    """
    return _challenge("confirm", ledger=ledger, sha256=sha256_hex(jws.encode()), user=user)


def _challenge(purpose: str, **members: object) -> bytes:
    return hashlib.sha256(jcs({"purpose": purpose, **members})).digest()
