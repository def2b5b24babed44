"""A software passkey: the only fake in the tests. Its keys never leave tests/."""

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.demo import passkey
from ledger.encoding import b64u_encode


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
        attested = passkey.attested_data(self.credential_id, self.cose)
        said = self._said("webauthn.create", challenge, overrides)
        data = self._authenticator_data(passkey.ATTESTED_DATA) + attested
        return passkey.registration_response(self.credential_id, said, data)

    def get(self, challenge: bytes, **overrides: Any) -> dict[str, Any]:
        """Return AuthenticationResponseJSON over raw challenge bytes."""
        data = self._authenticator_data(0)
        said = self._said("webauthn.get", challenge, overrides)
        signed = data + hashlib.sha256(said).digest()
        signature = self.private.sign(signed, ec.ECDSA(hashes.SHA256()))
        return passkey.authentication_response(self.credential_id, said, data, signature)

    def _authenticator_data(self, more: int) -> bytes:
        self.sign_count += self.counts
        flags = passkey.USER_PRESENT | (passkey.USER_VERIFIED if self.user_verified else 0) | more
        return passkey.authenticator_data(self.rp_id, flags, self.sign_count)

    def _said(self, kind: str, challenge: bytes, overrides: dict[str, Any]) -> bytes:
        return json.dumps(passkey.client_data(kind, challenge, self.origin) | overrides).encode()
