"""Answers of commands, and their descriptions for OpenAPI."""

from typing import Any

import msgspec
from litestar import Response
from litestar.openapi.datastructures import ResponseSpec

from ledger.http.problems import answers
from ledger.writer import Answer


class Recorded(msgspec.Struct, rename="camel"):
    """Where the last event of a command stands."""

    position: int
    leaf_index: int


class Drafted(Recorded):
    """A recorded draft."""

    statement_id: str
    sha256: str
    status: str
    warnings: list[str]


class Decided(Recorded):
    """A recorded decision, and the status after it."""

    statement_id: str
    status: str
    approvals: int


class NewUser(msgspec.Struct, rename="camel"):
    """A person as registered."""

    id: str
    name: str
    roles: list[str]
    credential_ids: list[str]
    kids: list[str]


class Registered(Recorded):
    """A recorded registration."""

    user: NewUser
    kid: str


class KeyRecorded(Recorded):
    """A recorded event of a signing key."""

    kid: str


class PasskeyRecorded(Recorded):
    """A recorded event of a passkey."""

    credential_id: str


class RoleRecorded(Recorded):
    """A recorded role."""

    user: str


class InvitationRecorded(Recorded):
    """A recorded invitation."""

    invitation_id: str


class RegistrationBegun(msgspec.Struct, rename="camel"):
    """What a browser needs to make a passkey and have it attest a signing key."""

    ceremony: str
    user: str
    ledger: str
    nonce: str
    public_key: dict[str, Any]


class PasskeyBegun(msgspec.Struct, rename="camel"):
    """What a browser needs for one passkey ceremony."""

    ceremony: str
    public_key: dict[str, Any]


def created(answer: Answer) -> Response[bytes]:
    """Return a durable command's answer."""
    return Response(answer.body, status_code=201, media_type="application/json")


def recorded(kind: type[msgspec.Struct], *problems: int) -> dict[int, ResponseSpec]:
    """Describe a command's answers, for OpenAPI."""
    success = ResponseSpec(kind, description="Recorded", generate_examples=False)
    return {201: success} | answers(403, 404, 409, 413, 415, 422, 503, *problems)


def done(kind: Any, *problems: int, status: int = 200) -> dict[int, ResponseSpec]:
    """Describe the answers of a request that records nothing, for OpenAPI."""
    success = ResponseSpec(kind, description="Done", generate_examples=False)
    return {status: success} | answers(403, 409, 413, 415, 422, 503, *problems)
