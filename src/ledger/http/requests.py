"""Request bodies, decoded strictly: unknown and duplicate members are refused."""

from typing import Annotated, Any, TypeVar

import msgspec
from litestar import Request

from ledger.commands.ceremonies import NewPasskey
from ledger.domain.passkey import AssertionEvidence, RegistrationEvidence
from ledger.domain.signing_keys import KeySubmission
from ledger.encoding import parse_json
from ledger.errors import ForbiddenError, MalformedError, UnsupportedMediaTypeError

MAX_SMALL_BYTES = 64 * 1024
MAX_STATEMENT_BYTES = 4 * 1024 * 1024
AnyRequest = Request[Any, Any, Any]
T = TypeVar("T")

_decode = msgspec.json.Decoder().decode


class StrictRequest(AnyRequest):
    """A request whose JSON is I-JSON, whoever asks for it."""

    async def body(self) -> bytes:
        """Return the body; raise MalformedError `json_invalid` where there is none."""
        raw = await super().body()
        if not raw:
            raise MalformedError("json_invalid", "the request has no body")
        return raw

    async def json(self) -> Any:
        """Return the body's value; raise MalformedError for anything but strict JSON."""
        return strict_json(await self.body())


def strict_json(raw: bytes) -> Any:
    """Return JSON as Python values, refusing what `parse_json` refuses.

    Most bodies are one flat object of strings without escapes: there `":` occurs once a member,
    so comparing counts finds duplicates without a second parse.
    """
    try:
        value = _decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return parse_json(raw)  # for its error, or for what only it accepts
    if isinstance(value, dict) and b"\\" not in raw and raw.count(b":") == len(value):
        return value
    return parse_json(raw)


def require_json_from_us(request: AnyRequest, origin: str) -> None:
    """Refuse what a foreign page could make a browser send.

    Raises UnsupportedMediaTypeError `json_required`, ForbiddenError `cross_origin`.
    """
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    headers = request.headers  # a property that looks for them each time
    content_type = headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaTypeError("json_required", "send application/json")
    sender = headers.get("origin")
    site = headers.get("sec-fetch-site", "same-origin")
    if sender not in (None, origin) or site not in ("same-origin", "none"):
        raise ForbiddenError("cross_origin", "the request comes from another site")


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A request body."""


class BeginRegistration(Strict, frozen=True):
    """Who wants to register; `invitation` is an invitation's token."""

    name: str
    role: str | None = None
    invitation: Annotated[str, msgspec.Meta(max_length=256)] | None = None


class AttestationResponse(Strict, frozen=True):
    """The response of a registration (AuthenticatorAttestationResponseJSON, allow-listed)."""

    client_data_json: str = msgspec.field(name="clientDataJSON")
    attestation_object: str
    transports: tuple[str, ...] = ()


class Registration(Strict, frozen=True):
    """RegistrationResponseJSON without extension results, which can hold secrets."""

    id: str
    raw_id: str
    type: str
    response: AttestationResponse
    authenticator_attachment: str | None = None

    def passkey(self) -> NewPasskey:
        """Return the evidence; raise MalformedError `credential_invalid`."""
        _require_credential(self.id, self.raw_id, self.type)
        if len(self.response.transports) > 8 or any(len(t) > 32 for t in self.response.transports):
            raise MalformedError("credential_invalid", "too many transports")
        evidence = RegistrationEvidence(
            client_data_json=self.response.client_data_json,
            attestation_object=self.response.attestation_object,
        )
        return NewPasskey(self.id, evidence, self.response.transports)


class AssertionResponse(Strict, frozen=True):
    """The response of an assertion (AuthenticatorAssertionResponseJSON, allow-listed)."""

    client_data_json: str = msgspec.field(name="clientDataJSON")
    authenticator_data: str
    signature: str
    user_handle: str | None = None


class Assertion(Strict, frozen=True):
    """AuthenticationResponseJSON without extension results, which can hold secrets."""

    id: str
    raw_id: str
    type: str
    response: AssertionResponse
    authenticator_attachment: str | None = None

    def evidence(self) -> AssertionEvidence:
        """Return the evidence; raise MalformedError `credential_invalid`."""
        _require_credential(self.id, self.raw_id, self.type)
        return AssertionEvidence(
            credential_id=self.id,
            client_data_json=self.response.client_data_json,
            authenticator_data=self.response.authenticator_data,
            signature=self.response.signature,
        )


def _require_credential(id_: str, raw_id: str, type_: str) -> None:
    if id_ != raw_id or type_ != "public-key":
        raise MalformedError("credential_invalid", "not a public-key credential")


class NewKey(Strict, frozen=True):
    """A signing key and its proofs."""

    jwk: dict[str, Any]
    assertion: Assertion
    possession: str
    expires_at: str | None = None

    def submission(self) -> KeySubmission:
        """Return the evidence; raise MalformedError `credential_invalid`."""
        evidence = self.assertion.evidence()
        return KeySubmission(self.jwk, evidence, self.possession, self.expires_at)


class CompleteRegistration(Strict, frozen=True):
    """A registration's responses."""

    ceremony: str
    registration: Registration
    key: NewKey


class CompleteSignIn(Strict, frozen=True):
    """A sign-in's response."""

    ceremony: str
    assertion: Assertion


class CompleteKey(Strict, frozen=True):
    """A further key's proofs."""

    ceremony: str
    key: NewKey


class CompletePasskey(Strict, frozen=True):
    """A further passkey's response, and the act that adds it."""

    ceremony: str
    registration: Registration
    act: str


class SignedAct(Strict, frozen=True):
    """An act by itself."""

    act: str


class Empty(Strict, frozen=True):
    """No members."""


class DraftStatement(Strict, frozen=True):
    """A document's exact bytes as a string, and the draft act."""

    document: str
    act: str


class SignStatement(Strict, frozen=True):
    """An approval, with a passkey assertion where the policy asks for one."""

    jwt: str
    assertion: Assertion | None = None


class RejectStatement(Strict, frozen=True):
    """A rejection, with a passkey assertion where the policy asks for one."""

    act: str
    assertion: Assertion | None = None
