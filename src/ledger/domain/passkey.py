"""WebAuthn ceremonies: verify registrations and assertions. The only importer of `webauthn`.

`ledger.webauthn_grammar` parses every response before `webauthn` sees it. User verification is
always required. The relying party and origin come from the caller's configuration; a response
cannot change them. For hostile input the library also raises exceptions other than its own; this
module turns all of them into RefusedError.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import msgspec
import webauthn
from webauthn.helpers.cose import COSEAlgorithmIdentifier

from ledger.encoding import b64u_decode, b64u_encode
from ledger.errors import MalformedError, RefusedError
from ledger.jose import parse_key
from ledger.webauthn_grammar.authenticator_data import (
    BACKED_UP,
    parse_assertion_data,
    parse_attestation_object,
    require_credential_id,
)
from ledger.webauthn_grammar.client_data import require_client_data
from ledger.webauthn_grammar.cose import EDDSA, ES256, RS256, parse_cose_key, require_signature

COSE_ALGORITHMS = (EDDSA, ES256, RS256)
TIMEOUT_MS = 300_000  # a ceremony is good as long


class RegistrationEvidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A WebAuthn registration response as received, every member base64url."""

    client_data_json: str = msgspec.field(name="clientDataJSON")
    attestation_object: str


class AssertionEvidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A WebAuthn assertion as received, every member base64url."""

    credential_id: str
    client_data_json: str = msgspec.field(name="clientDataJSON")
    authenticator_data: str
    signature: str


class RelyingParty(msgspec.Struct, frozen=True):
    """The relying party id and web origin that every ceremony must match."""

    rp_id: str
    origin: str


class VerifiedPasskey(msgspec.Struct, frozen=True):
    """A new passkey whose registration response was verified."""

    credential_id: str
    public_key: str
    algorithm: int
    sign_count: int
    aaguid: str
    backed_up: bool


def verify_registration(
    evidence: RegistrationEvidence, credential_id: str, *, challenge: bytes, party: RelyingParty
) -> VerifiedPasskey:
    """Verify a registration response (WebAuthn L3 section 7.1) and return its passkey.

    The grammar parses every byte first. Then `webauthn` verifies the attestation statement and
    checks the ceremony again. Raises RefusedError `passkey_registration_refused`.
    """
    response = {
        "clientDataJSON": evidence.client_data_json,
        "attestationObject": evidence.attestation_object,
    }
    client_data, raw = (b64u_decode(text) for text in response.values())
    with _refused_as("passkey_registration_refused"):
        require_client_data(
            client_data,
            expected_type="webauthn.create",
            expected_challenge=challenge,
            expected_origin=party.origin,
        )
        attestation = parse_attestation_object(raw)
        parse_key(attestation.credential.key.jwk)  # `cryptography` must accept the key too
    data, new = attestation.data, attestation.credential
    if b64u_encode(new.credential_id) != credential_id:
        raise RefusedError("passkey_registration_refused", "the response names another passkey")
    _guard(
        "passkey_registration_refused",
        lambda: webauthn.verify_registration_response(
            credential=_credential(credential_id, response),
            expected_challenge=challenge,
            expected_rp_id=party.rp_id,
            expected_origin=party.origin,
            require_user_verification=True,
            supported_pub_key_algs=[COSEAlgorithmIdentifier(alg) for alg in COSE_ALGORITHMS],
        ),
    )
    return VerifiedPasskey(
        credential_id=credential_id,
        public_key=b64u_encode(new.raw_key),
        algorithm=new.key.algorithm,
        sign_count=data.sign_count,
        aaguid=str(UUID(bytes=new.aaguid)),
        backed_up=bool(data.flags & BACKED_UP),
    )


def verify_assertion(
    evidence: AssertionEvidence,
    *,
    challenge: bytes,
    public_key: str,
    party: RelyingParty,
) -> int:
    """Verify an assertion (WebAuthn L3 section 7.2) and return the passkey's new sign count.

    Step 22 is absent: a count that falls is a signal, and no proof, of a copied passkey; the caller
    records it. Raises RefusedError `passkey_assertion_refused`.
    """
    response = {
        "clientDataJSON": evidence.client_data_json,
        "authenticatorData": evidence.authenticator_data,
        "signature": evidence.signature,
    }
    client_data, data, signature = (b64u_decode(text) for text in response.values())
    raw_key, credential_id = b64u_decode(public_key), b64u_decode(evidence.credential_id)
    with _refused_as("passkey_assertion_refused"):
        require_client_data(
            client_data,
            expected_type="webauthn.get",
            expected_challenge=challenge,
            expected_origin=party.origin,
        )
        new_sign_count = parse_assertion_data(data).sign_count
        require_credential_id(credential_id)
        require_signature(signature, parse_cose_key(raw_key))
    _guard(
        "passkey_assertion_refused",
        lambda: webauthn.verify_authentication_response(
            credential=_credential(evidence.credential_id, response),
            expected_challenge=challenge,
            expected_rp_id=party.rp_id,
            expected_origin=party.origin,
            credential_public_key=raw_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        ),
    )
    return new_sign_count


def sign_count(evidence: AssertionEvidence) -> int:
    """Return the sign count in an assertion (WebAuthn L3 section 6.1) without verifying it.

    Raises RefusedError `passkey_assertion_refused` for malformed authenticator data.
    """
    with _refused_as("passkey_assertion_refused"):
        return parse_assertion_data(b64u_decode(evidence.authenticator_data)).sign_count


def _credential(credential_id: str, response: dict[str, str]) -> dict[str, Any]:
    return {
        "id": credential_id,
        "rawId": credential_id,
        "type": "public-key",
        "response": response,
    }


@contextmanager
def _refused_as(code: str) -> Iterator[None]:
    """Re-raise the grammar's MalformedError as RefusedError with this code and its detail."""
    try:
        yield
    except MalformedError as error:
        raise RefusedError(code, error.detail) from error


def _guard(code: str, verify: Callable[[], object]) -> None:
    try:
        verify()
    except Exception as error:
        # Broad on purpose: for hostile attestation statements the library and its certificate
        # parsers raise a dozen unrelated types. Each of them means that the response is invalid.
        raise RefusedError(code, "the passkey's response is invalid") from error


class Descriptor(msgspec.Struct, frozen=True):
    """A passkey as options name it: its id, and how its registration said that it is reached."""

    id: str
    transports: tuple[str, ...] = ()


# Which kind of authenticator a browser asks for first (WebAuthn L3 section 5.8.7).
_HINTS = {
    "internal": "client-device",
    "hybrid": "hybrid",
    "usb": "security-key",
    "nfc": "security-key",
    "ble": "security-key",
    "smart-card": "security-key",
}


def creation_options(
    *,
    party: RelyingParty,
    party_name: str,
    user: bytes,
    user_name: str,
    exclude: tuple[Descriptor, ...] = (),
) -> dict[str, Any]:
    """Return PublicKeyCredentialCreationOptionsJSON without a challenge: the client computes it.

    `user` is the user handle's bytes.
    """
    return {
        "rp": {"id": party.rp_id, "name": party_name},
        "user": {"id": b64u_encode(user), "name": user_name, "displayName": user_name},
        "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in COSE_ALGORITHMS],
        "timeout": TIMEOUT_MS,
        "excludeCredentials": _descriptors(exclude),
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
        "extensions": {"credProps": True},
    }


def request_options(*, party: RelyingParty, allow: tuple[Descriptor, ...] = ()) -> dict[str, Any]:
    """Return PublicKeyCredentialRequestOptionsJSON without a challenge: the client computes it."""
    hints = [_HINTS[way] for each in allow for way in each.transports if way in _HINTS]
    return {
        "rpId": party.rp_id,
        "timeout": TIMEOUT_MS,
        "userVerification": "required",
        "allowCredentials": _descriptors(allow),
        "hints": list(dict.fromkeys(hints)),
    }


def _descriptors(passkeys: tuple[Descriptor, ...]) -> list[dict[str, Any]]:
    return [
        {"type": "public-key", "id": each.id, "transports": each.transports} for each in passkeys
    ]
