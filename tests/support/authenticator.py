"""A software passkey: the only fake in the tests. Its keys never leave tests/."""

import hashlib
import json
import os
import struct
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.encoding import b64u_decode, b64u_encode

USER_PRESENT, USER_VERIFIED, ATTESTED_DATA = 0x01, 0x04, 0x40


@dataclass
class Passkey:
    """One discoverable ES256 credential with a counting authenticator."""

    rp_id: str = "localhost"
    origin: str = "http://localhost:8000"
    counts: bool = True
    user_verified: bool = True
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    sign_count: int = 0

    @property
    def id(self) -> str:
        return b64u_encode(self.credential_id)

    @property
    def cose(self) -> bytes:
        numbers = self.private.public_key().public_numbers()
        point = {-2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        return cbor2.dumps({1: 2, 3: -7, -1: 1} | point)

    @property
    def cose_sha256(self) -> str:
        return hashlib.sha256(self.cose).hexdigest()

    def create(self, challenge: bytes, **overrides: Any) -> dict[str, Any]:
        """Return RegistrationResponseJSON over raw challenge bytes."""
        attested = (
            bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + self.cose
        )
        data = self._authenticator_data(ATTESTED_DATA) + attested
        attestation = {"fmt": "none", "attStmt": {}, "authData": data}
        return {
            "id": self.id,
            "rawId": self.id,
            "type": "public-key",
            "response": {
                "clientDataJSON": self._client_data(
                    "webauthn.create", b64u_encode(challenge), overrides
                ),
                "attestationObject": b64u_encode(cbor2.dumps(attestation)),
                "transports": ["internal"],
            },
        }

    def get(self, challenge: bytes, **overrides: Any) -> dict[str, Any]:
        """Return AuthenticationResponseJSON over raw challenge bytes."""
        data = self._authenticator_data(0)
        client_data = self._client_data("webauthn.get", b64u_encode(challenge), overrides)
        client_raw = b64u_decode(client_data)
        signed = data + hashlib.sha256(client_raw).digest()
        signature = self.private.sign(signed, ec.ECDSA(hashes.SHA256()))
        return {
            "id": self.id,
            "rawId": self.id,
            "type": "public-key",
            "response": {
                "clientDataJSON": client_data,
                "authenticatorData": b64u_encode(data),
                "signature": b64u_encode(signature),
            },
        }

    def _authenticator_data(self, more: int) -> bytes:
        self.sign_count += self.counts
        flags = USER_PRESENT | (USER_VERIFIED if self.user_verified else 0) | more
        rp_hash = hashlib.sha256(self.rp_id.encode()).digest()
        return rp_hash + bytes([flags]) + struct.pack(">I", self.sign_count)

    def _client_data(self, kind: str, challenge: str, overrides: dict[str, Any]) -> str:
        members = {
            "type": kind,
            "challenge": challenge,
            "origin": self.origin,
            "crossOrigin": False,
        } | overrides
        return b64u_encode(json.dumps(members).encode())
