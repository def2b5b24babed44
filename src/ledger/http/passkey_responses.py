"""A passkey's responses as browsers send them: the standard's JSON forms, decoded strictly.

All that `toJSON()` of a credential holds is taken. What the ledger does not use is dropped: first
of all extension results, which can be secrets.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ledger.domain.held_passkeys import PasskeySubmission
from ledger.domain.passkey import AssertionEvidence, RegistrationEvidence
from ledger.encoding import SafeInteger
from ledger.errors import MalformedError

MAX_SMALL_BYTES = 64 * 1024  # of a body, and so of each text in it
# Base64url without padding and without bits beyond the last byte (RFC 4648 section 3.5).
_CANONICAL = "(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])?"
Base64url = Annotated[
    str, Meta(max_length=MAX_SMALL_BYTES, extra_json_schema={"pattern": f"^{_CANONICAL}$"})
]
CredentialId = Annotated[
    str, Meta(max_length=1_366, extra_json_schema={"pattern": f"^{_CANONICAL}$", "minLength": 1})
]
Attachment = Annotated[str, Meta(max_length=32)]
# What is dropped is not parsed: 2,400 numbers of these cost 27 ms to read.
Extensions = dict[str, msgspec.Raw]
MAX_EXTENSIONS_CHARS = 8 * 1024


class AttestationResponse(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The response of a registration (AuthenticatorAttestationResponseJSON).

    `authenticator_data`, `public_key` and its algorithm repeat what the attestation object holds:
    they are dropped.
    """

    client_data_json: Base64url = msgspec.field(name="clientDataJSON")
    attestation_object: Base64url
    transports: Annotated[tuple[Annotated[str, Meta(max_length=32)], ...], Meta(max_length=8)] = ()
    authenticator_data: Base64url | None = None
    public_key: Base64url | None = None
    public_key_algorithm: SafeInteger | None = None


class Registration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """RegistrationResponseJSON; extension results can hold secrets and are dropped."""

    id: CredentialId
    raw_id: CredentialId
    type: Literal["public-key"]
    response: AttestationResponse
    authenticator_attachment: Attachment | None = None
    client_extension_results: Extensions | None = None

    def __post_init__(self) -> None:
        """Bound what is dropped; msgspec makes the error one of the request."""
        _require_few(self.client_extension_results)

    def passkey(self) -> PasskeySubmission:
        """Return the evidence; raise MalformedError `credential_invalid`."""
        _require_one_id(self.id, self.raw_id)
        evidence = RegistrationEvidence(
            client_data_json=self.response.client_data_json,
            attestation_object=self.response.attestation_object,
        )
        return PasskeySubmission(self.id, evidence, self.response.transports)


class AssertionResponse(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The response of an assertion (AuthenticatorAssertionResponseJSON)."""

    client_data_json: Base64url = msgspec.field(name="clientDataJSON")
    authenticator_data: Base64url
    signature: Base64url
    user_handle: Base64url | None = None


class Assertion(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """AuthenticationResponseJSON; extension results can hold secrets and are dropped."""

    id: CredentialId
    raw_id: CredentialId
    type: Literal["public-key"]
    response: AssertionResponse
    authenticator_attachment: Attachment | None = None
    client_extension_results: Extensions | None = None

    def __post_init__(self) -> None:
        """Bound what is dropped; msgspec makes the error one of the request."""
        _require_few(self.client_extension_results)

    def evidence(self) -> AssertionEvidence:
        """Return the evidence; raise MalformedError `credential_invalid`."""
        _require_one_id(self.id, self.raw_id)
        return AssertionEvidence(
            credential_id=self.id,
            client_data_json=self.response.client_data_json,
            authenticator_data=self.response.authenticator_data,
            signature=self.response.signature,
        )


def _require_few(extensions: Extensions | None) -> None:
    """Raise ValueError for more extension results than an authenticator has."""
    if sum(len(name) + len(bytes(value)) for name, value in (extensions or {}).items()) > (
        MAX_EXTENSIONS_CHARS
    ):
        raise ValueError(f"extension results have at most {MAX_EXTENSIONS_CHARS} bytes")


def _require_one_id(id_: str, raw_id: str) -> None:
    if id_ != raw_id:
        raise MalformedError("credential_invalid", "id and rawId differ")
