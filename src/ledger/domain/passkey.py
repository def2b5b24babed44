"""WebAuthn ceremonies: what a passkey has to show. The only importer of `webauthn`.

User verification is always required. Relying party and origin come from the caller, who has them
from configuration; nothing in a response can move them. The library leaks other exceptions than
its own for hostile input, so every one of them stops here.
"""

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
import webauthn
from webauthn.helpers import decode_credential_public_key, parse_client_data_json
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.decode_credential_public_key import DecodedRSAPublicKey

from ledger.encoding import b64u_decode, b64u_encode, jcs
from ledger.errors import RefusedError

COSE_ALGORITHMS = (-8, -7, -257)
MIN_RSA_BYTES = 256
TIMEOUT_MS = 60_000
T = TypeVar("T")


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
    """The relying party id and web origin that every ceremony is bound to."""

    rp_id: str
    origin: str


class VerifiedPasskey(msgspec.Struct, frozen=True):
    """A new passkey whose registration response verified."""

    credential_id: str
    public_key: str
    algorithm: int
    sign_count: int
    aaguid: str
    backed_up: bool


def attestation_challenge(
    *, kid: str, ledger: str, nonce: str, user: str, expires_at: str | None = None
) -> bytes:
    """Return the 32 bytes that a passkey and a new signing key both sign."""
    statement = {"kid": kid, "ledger": ledger, "nonce": nonce, "user": user}
    ends = {} if expires_at is None else {"expiresAt": expires_at}
    return hashlib.sha256(jcs(statement | ends | {"purpose": "attest-signing-key"})).digest()


def confirmation_challenge(*, jws: str, ledger: str, document_sha256: str) -> bytes:
    """Return the 32 bytes that a passkey signs to confirm one decision (assurance `passkey`)."""
    statement = {"jws": hashlib.sha256(jws.encode()).hexdigest(), "sha256": document_sha256}
    return hashlib.sha256(
        jcs(statement | {"ledger": ledger, "purpose": "confirm-decision"})
    ).digest()


def verify_registration(
    evidence: RegistrationEvidence, credential_id: str, *, challenge: bytes, party: RelyingParty
) -> VerifiedPasskey:
    """Verify a registration response (WebAuthn L3 section 7.1) and return its passkey.

    Raises RefusedError `passkey_registration_refused`.
    """
    _refuse_cross_origin(evidence.client_data_json, "passkey_registration_refused")
    credential = _credential(
        credential_id,
        {
            "clientDataJSON": evidence.client_data_json,
            "attestationObject": evidence.attestation_object,
        },
    )
    verified = _guard(
        "passkey_registration_refused",
        lambda: webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.rp_id,
            expected_origin=party.origin,
            require_user_verification=True,
            supported_pub_key_algs=[COSEAlgorithmIdentifier(alg) for alg in COSE_ALGORITHMS],
        ),
    )
    if b64u_encode(verified.credential_id) != credential_id:
        raise RefusedError("passkey_registration_refused", "the response names another passkey")
    return VerifiedPasskey(
        credential_id=credential_id,
        public_key=b64u_encode(verified.credential_public_key),
        algorithm=_algorithm(verified.credential_public_key),
        sign_count=verified.sign_count,
        aaguid=verified.aaguid,
        backed_up=verified.credential_backed_up,
    )


def verify_assertion(
    evidence: AssertionEvidence,
    *,
    challenge: bytes,
    public_key: str,
    sign_count: int,
    party: RelyingParty,
) -> int:
    """Verify an assertion (WebAuthn L3 section 7.2) and return the passkey's new sign count.

    `sign_count` is the last one known: a count that does not grow is refused (step 22), unless
    the passkey does not count at all. Raises RefusedError `passkey_assertion_refused`.
    """
    _refuse_cross_origin(evidence.client_data_json, "passkey_assertion_refused")
    credential = _credential(
        evidence.credential_id,
        {
            "clientDataJSON": evidence.client_data_json,
            "authenticatorData": evidence.authenticator_data,
            "signature": evidence.signature,
        },
    )
    verified = _guard(
        "passkey_assertion_refused",
        lambda: webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.rp_id,
            expected_origin=party.origin,
            credential_public_key=b64u_decode(public_key),
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        ),
    )
    return verified.new_sign_count


def sign_count(evidence: AssertionEvidence) -> int:
    """Return the count that an assertion claims (WebAuthn L3 section 6.1); nothing is verified.

    Raises RefusedError `passkey_assertion_refused` for data too short to hold one.
    """
    data = b64u_decode(evidence.authenticator_data)
    if len(data) < 37:
        raise RefusedError("passkey_assertion_refused", "the authenticator data is too short")
    return int.from_bytes(data[33:37], "big")


def _credential(credential_id: str, response: dict[str, str]) -> dict[str, Any]:
    for text in (credential_id, *response.values()):
        b64u_decode(text)  # the library would discard junk characters
    return {
        "id": credential_id,
        "rawId": credential_id,
        "type": "public-key",
        "response": response,
    }


def _guard(code: str, verify: Callable[[], T]) -> T:
    try:
        return verify()
    except Exception as error:
        # Broad on purpose: CBOR, ASN.1 and key parsers below raise a dozen unrelated types for
        # hostile input, and a refusal is the right answer to each.
        raise RefusedError(code, "the passkey's response does not verify") from error


def _refuse_cross_origin(client_data_json: str, code: str) -> None:
    """Refuse a ceremony from inside a frame of another origin (section 7.2 step 13)."""
    raw = b64u_decode(client_data_json)
    client_data = _guard(code, lambda: parse_client_data_json(raw))
    if client_data.cross_origin:
        raise RefusedError(code, "the ceremony ran inside another site's frame")


def _algorithm(public_key: bytes) -> int:
    """Return the COSE algorithm (RFC 9053); refuse RSA keys under 2,048 bits."""
    decoded = _guard(
        "passkey_registration_refused", lambda: decode_credential_public_key(public_key)
    )
    if isinstance(decoded, DecodedRSAPublicKey) and len(decoded.n.lstrip(b"\0")) < MIN_RSA_BYTES:
        raise RefusedError("passkey_registration_refused", "an RSA key under 2,048 bits")
    return int(decoded.alg)


def creation_options(
    *,
    party: RelyingParty,
    party_name: str,
    user: bytes,
    user_name: str,
    challenge: str,
    exclude: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Return PublicKeyCredentialCreationOptionsJSON; `user` is the user handle's bytes."""
    return {
        "rp": {"id": party.rp_id, "name": party_name},
        "user": {"id": b64u_encode(user), "name": user_name, "displayName": user_name},
        "challenge": challenge,
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


def request_options(
    *, party: RelyingParty, challenge: str | None = None, allow: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return PublicKeyCredentialRequestOptionsJSON; the browser may compute the challenge."""
    options: dict[str, Any] = {
        "rpId": party.rp_id,
        "timeout": TIMEOUT_MS,
        "userVerification": "required",
        "allowCredentials": _descriptors(allow),
    }
    return options if challenge is None else options | {"challenge": challenge}


def _descriptors(credential_ids: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"type": "public-key", "id": each} for each in credential_ids]
