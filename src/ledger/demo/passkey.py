"""A passkey in software: it answers as an authenticator would, and asks nobody.

Its private key is in memory only. What it signs proves nothing about a person: it is for
demonstrations, and tests build theirs from the same functions.
"""

import hashlib
import json
import secrets
import struct
from typing import Any

from ledger.encoding import b64u_decode, b64u_encode
from ledger.jose import generate

USER_PRESENT, USER_VERIFIED, ATTESTED_DATA = 0x01, 0x04, 0x40
# COSE_Key (RFC 9053 section 7.2) of an Ed25519 key: kty OKP, alg EdDSA, crv Ed25519, and x follows.
_COSE_ED25519 = bytes.fromhex("a4 01 01 03 27 20 06 21 58 20")
# The attestation object of format `none`: its first two members, and the name of the third.
_ATTESTATION = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData"


class SoftwarePasskey:
    """One discoverable Ed25519 credential of a relying party."""

    def __init__(self, *, rp_id: str, origin: str) -> None:
        self._rp_id = rp_id
        self._origin = origin
        self._credential_id = secrets.token_bytes(32)
        self._key = generate("EdDSA")
        self._sign_count = 0
        x = b64u_decode(dict(self._key.public.members)["x"])
        self._cose = _COSE_ED25519 + x
        self.cose_sha256 = hashlib.sha256(self._cose).hexdigest()

    def create(self, challenge: bytes) -> dict[str, Any]:
        """Return RegistrationResponseJSON over a challenge."""
        attested = attested_data(self._credential_id, self._cose)
        said = json.dumps(client_data("webauthn.create", challenge, self._origin)).encode()
        return registration_response(self._credential_id, said, self._data(ATTESTED_DATA, attested))

    def get(self, challenge: bytes) -> dict[str, Any]:
        """Return AuthenticationResponseJSON over a challenge."""
        said = json.dumps(client_data("webauthn.get", challenge, self._origin)).encode()
        data = self._data(0)
        signature = self._key.sign(data + hashlib.sha256(said).digest())
        return authentication_response(self._credential_id, said, data, signature)

    def _data(self, flags: int, attested: bytes = b"") -> bytes:
        self._sign_count += 1
        flags |= USER_PRESENT | USER_VERIFIED
        return authenticator_data(self._rp_id, flags, self._sign_count) + attested


def client_data(kind: str, challenge: bytes, origin: str) -> dict[str, Any]:
    """Return the members of client data (WebAuthn section 5.8.1)."""
    said = {"type": kind, "challenge": b64u_encode(challenge), "origin": origin}
    return said | {"crossOrigin": False}


def authenticator_data(rp_id: str, flags: int, sign_count: int) -> bytes:
    """Return authenticator data (WebAuthn section 6.1) without attested credential data."""
    return hashlib.sha256(rp_id.encode()).digest() + struct.pack(">BI", flags, sign_count)


def attested_data(credential_id: bytes, cose: bytes) -> bytes:
    """Return attested credential data (WebAuthn section 6.5.1) of no particular model."""
    return bytes(16) + struct.pack(">H", len(credential_id)) + credential_id + cose


def registration_response(credential_id: bytes, said: bytes, data: bytes) -> dict[str, Any]:
    """Return RegistrationResponseJSON, with the attestation statement format `none`."""
    short = len(data) < 256  # CTAP2's CBOR has the shortest form of each length
    length = struct.pack(">BB", 0x58, len(data)) if short else struct.pack(">BH", 0x59, len(data))
    attestation = b64u_encode(_ATTESTATION + length + data)
    response = {"attestationObject": attestation, "transports": ["internal"]}
    return _response(credential_id, said, response)


def authentication_response(
    credential_id: bytes, said: bytes, data: bytes, signature: bytes
) -> dict[str, Any]:
    """Return AuthenticationResponseJSON."""
    response = {"authenticatorData": b64u_encode(data), "signature": b64u_encode(signature)}
    return _response(credential_id, said, response)


def _response(credential_id: bytes, said: bytes, more: dict[str, Any]) -> dict[str, Any]:
    name = b64u_encode(credential_id)
    response = {"clientDataJSON": b64u_encode(said)} | more
    return {"id": name, "rawId": name, "type": "public-key", "response": response}
