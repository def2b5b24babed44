"""Request bodies, decoded strictly: unknown and duplicate members are refused."""

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Request
from litestar.types import HTTPReceiveMessage
from msgspec import Meta

from ledger.domain.document import MAX_DOCUMENT_BYTES
from ledger.domain.names import MAX_NAME_CHARS
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.signing_keys import KeySubmission
from ledger.domain.vocabulary import KeyHome
from ledger.encoding import decode, parse_json
from ledger.errors import ForbiddenError, MalformedError, UnsupportedMediaTypeError
from ledger.http.bodies import Read
from ledger.http.passkey_responses import MAX_SMALL_BYTES, Assertion, Registration

MAX_STATEMENT_BYTES = 4 * 1024 * 1024
AnyRequest = Request[Any, Any, Any]


def replay(body: bytes, receive: Read) -> Read:
    """Return a `receive` that hands out the body once, then what the connection says."""
    messages: list[HTTPReceiveMessage] = [
        {"type": "http.request", "body": body, "more_body": False}
    ]

    async def replayed() -> HTTPReceiveMessage:
        return messages.pop() if messages else await receive()

    return replayed


class StrictRequest(AnyRequest):
    """A request whose body must be I-JSON of the type that its route takes."""

    async def body(self) -> bytes:
        """Return the body; raise MalformedError `json_invalid` if it is empty."""
        raw = await super().body()
        if not raw:
            raise MalformedError("json_invalid", "the request has no body")
        return raw

    async def json(self) -> Any:
        """Return the body as the route's type; a large one is decoded off the event loop.

        Raises MalformedError as `decode_body` does.
        """
        raw = await self.body()
        taken = self.route_handler.parsed_data_field
        if taken is None:
            raise AssertionError("only routes that take data ask for it")
        if len(raw) > MAX_SMALL_BYTES:
            return await asyncio.to_thread(decode_large_body, raw, taken.annotation)
        return decode_body(raw, taken.annotation)


def decode_body(raw: bytes, type_: Any) -> Any:
    """Return a small body as a value of a request type.

    The type is decoded directly, so a wrong first byte is refused at once. Raises MalformedError
    `json_invalid`, `json_duplicate_member`, and `request_invalid` for JSON of another shape.
    """
    try:
        return decode(raw, type_)
    except MalformedError as error:
        if isinstance(error.__cause__, msgspec.ValidationError):
            raise MalformedError("request_invalid", error.detail) from error
        raise


_LONG_BYTES = 1_024
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items = msgspec.json.Decoder(list[msgspec.Raw])


def decode_large_body(raw: bytes, type_: Any) -> Any:
    """Return a body of any size as a value of a request type.

    The search for duplicate members leaves out long strings, which the type has decoded already.
    Raises MalformedError as `decode_body` does, and `json_too_complex` if the rest is still large:
    then it is whitespace or duplicate members.
    """
    try:
        value = msgspec.json.decode(raw, type=type_)
        members = _members.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return decode_body(raw, type_)  # refuses it, at the same cost
    short = raw
    for member in map(bytes, members.values()):
        texts = map(bytes, _items.decode(member)) if member.startswith(b"[") else (member,)
        for text in texts:
            if len(text) > _LONG_BYTES and text.startswith(b'"'):
                short = short.replace(text, b'""', 1)
    if len(short) > MAX_SMALL_BYTES:
        limit = f"besides its long strings a body has at most {MAX_SMALL_BYTES} bytes"
        raise MalformedError("json_too_complex", limit)
    parse_json(short, exact_numbers=False)
    return value


def require_json_from_us(request: AnyRequest, origin: str) -> None:
    """Refuse a request that a page of another site could make a browser send.

    Raises UnsupportedMediaTypeError `json_required`, ForbiddenError `cross_origin`.
    """
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    headers = request.headers  # the property looks them up at each use
    content_type = headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaTypeError("json_required", "send application/json")
    sender = headers.get("origin")
    site = headers.get("sec-fetch-site", "same-origin")
    if sender not in (None, origin) or site not in ("same-origin", "none"):
        raise ForbiddenError("cross_origin", "the request comes from another site")


# --- what routes take ----------------------------------------------------------------------------


def full_pattern(pattern: str) -> str:
    """Return the pattern of a text that has this form from its first to its last character.

    Python's `$` also matches before a newline at the end; a JSON Schema's does not.
    """
    return rf"^(?:{pattern})$(?!\n)"


# A position or a time (RFC 3339); the OpenAPI document also says which days and hours there are.
PLACE = (
    r"0|[1-9][0-9]{0,14}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
    r"(?:Z|[+-][0-9]{2}:[0-5][0-9])"
)
# `extra_json_schema` states what commands check later, with their own error codes.
MAX_ACT_CHARS = 48 * 1024
DOCUMENT = {"maxLength": MAX_DOCUMENT_BYTES}  # a longer one is 413 `document_too_large`
UUID_TEXT = {"pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"}
TIME = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9][.][0-9]{3}Z$"
COMPACT = {"pattern": r"^[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+$"}
Jwt = Annotated[str, Meta(max_length=MAX_STATEMENT_BYTES, extra_json_schema=COMPACT)]
ActText = Annotated[str, Meta(max_length=MAX_ACT_CHARS, extra_json_schema=COMPACT)]
OpaqueId = Annotated[str, Meta(max_length=MAX_SMALL_BYTES)]  # from the first answer
DocumentText = Annotated[
    str, Meta(min_length=2, max_length=MAX_STATEMENT_BYTES, extra_json_schema=DOCUMENT)
]
TimeText = Annotated[str, Meta(max_length=24, extra_json_schema={"pattern": TIME})]
JwkMember = Annotated[str, Meta(max_length=8_192)] | bool | tuple[str, ...] | None
Jwk = Annotated[dict[Annotated[str, Meta(max_length=32)], JwkMember], Meta(max_length=16)]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A request body."""


class BeginRegistration(Strict, frozen=True):
    """Who wants to register; `invitation` is the kid of an invitation's key."""

    name: Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": MAX_NAME_CHARS})]
    role: Annotated[str, Meta(max_length=64)] | None = None
    invitation: Annotated[str, Meta(max_length=256)] | None = None


class NewKey(Strict, frozen=True):
    """A signing key and its proofs."""

    jwk: Jwk
    assertion: Assertion
    possession: ActText
    home: KeyHome
    expires_at: TimeText | None = None

    def submission(self) -> KeySubmission:
        """Return the evidence; raise MalformedError `credential_invalid`."""
        evidence = self.assertion.evidence()
        return KeySubmission(self.jwk, evidence, self.possession, self.home, self.expires_at)


class CompleteRegistration(Strict, frozen=True):
    """A registration's responses; `redeem` is a JWS by the invitation's key, if there is one."""

    ceremony: OpaqueId
    registration: Registration
    key: NewKey
    redeem: ActText | None = None


class CompleteSignIn(Strict, frozen=True):
    """A sign-in's response."""

    ceremony: OpaqueId
    assertion: Assertion


class CompleteKey(Strict, frozen=True):
    """A further key's proofs."""

    ceremony: OpaqueId
    key: NewKey


class CompletePasskey(Strict, frozen=True):
    """A further passkey's responses, and the act that adds it with an older one's confirmation."""

    ceremony: OpaqueId
    registration: Registration
    assertion: Assertion
    act: ActText
    confirmation: Assertion


class SignedAct(Strict, frozen=True):
    """An act by itself."""

    act: ActText


class Empty(Strict, frozen=True):
    """No members."""


class DraftStatement(Strict, frozen=True):
    """A document's exact bytes as a string, and the draft act."""

    document: DocumentText
    act: ActText


class SignStatement(Strict, frozen=True):
    """An approval, with a passkey assertion where the policy asks for one."""

    jwt: Jwt
    assertion: Assertion | None = None


class ActWithAssertion(Strict, frozen=True):
    """An act, with a passkey assertion over it where the rules ask for one."""

    act: ActText
    assertion: Assertion | None = None

    def evidence(self) -> AssertionEvidence | None:
        """Return the assertion as the ledger stores it, None without one."""
        return None if self.assertion is None else self.assertion.evidence()
