"""The challenges that passkeys sign: SHA-256 over what each one is for (RFC 8785 form).

Client and server compute the same 32 bytes; no challenge is sent. The purpose is inside the hash,
so an assertion over one challenge fits no other.
"""

import hashlib

from ledger.encoding import jcs, sha256_hex


def confirm(*, jws: str, ledger: str, user: str) -> bytes:
    """Return the challenge that confirms one signed decision or act; it has no nonce.

    The JWS is the nonce: it names its time, and the ledger takes it once.
    """
    return _challenge("confirm", ledger=ledger, sha256=sha256_hex(jws.encode()), user=user)


def _challenge(purpose: str, **members: str | None) -> bytes:
    return hashlib.sha256(jcs({"purpose": purpose, **members})).digest()
