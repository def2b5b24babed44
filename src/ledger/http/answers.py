"""Answers of commands, and their descriptions for OpenAPI."""

from typing import Any

import msgspec
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import Receive, Scope, Send

from ledger.commands.writer import Answer
from ledger.domain.vocabulary import Status, UseOutcome
from ledger.http.exchange import note_answer
from ledger.http.problems import answers

# What every route that reads for a signed-in person can answer besides what it shows.
READ = answers(401, 404, 429, 503)
NOTHING = {204: ResponseSpec(None, description="Done", generate_examples=False)}


class RecordedAnswer(msgspec.Struct, rename="camel"):
    """Where the last event of a command stands."""

    position: int
    leaf_index: int


class DraftAnswer(RecordedAnswer):
    """A recorded draft."""

    statement_id: str
    sha256: str
    status: Status
    warnings: list[str]


class DecisionAnswer(RecordedAnswer):
    """A recorded decision, and the status after it."""

    statement_id: str
    status: Status
    approvals: int


class UseAnswer(RecordedAnswer):
    """A recorded use, with its number of those that the document allows."""

    statement_id: str
    number: int
    generation: int


class OutcomeAnswer(UseAnswer):
    """The outcome of a use, and whether its number is free again."""

    outcome: UseOutcome
    frees: bool


class ChangeAnswer(DecisionAnswer):
    """A recorded change with its drafter's approval, and the status after it."""

    sha256: str


class NewUser(msgspec.Struct, rename="camel"):
    """A person as registered, without the name: the answer stays, and a name can be erased."""

    id: str
    roles: list[str]
    credential_ids: list[str]
    kids: list[str]


class Registered(RecordedAnswer):
    """A recorded registration."""

    user: NewUser
    kid: str


class KeyRecorded(RecordedAnswer):
    """A recorded event of a signing key."""

    kid: str


class PasskeyRecorded(RecordedAnswer):
    """A recorded event of a passkey."""

    credential_id: str


class PersonRecorded(RecordedAnswer):
    """A recorded event of a person."""

    user: str


class CompromiseRecorded(RecordedAnswer):
    """A recorded compromise: `kid:<kid>` or `passkey:<credential id>`."""

    compromised: str


class RegistrationBegun(msgspec.Struct, rename="camel"):
    """What a browser needs to make a passkey, or to have one attest a signing key.

    It computes each challenge from its purpose, the nonce and what the challenge names.
    """

    ceremony: str
    user: str
    ledger: str
    nonce: str
    public_key: dict[str, Any]


class SignInBegun(msgspec.Struct, rename="camel"):
    """What a browser needs to sign in; it computes the challenge from ledger and nonce."""

    ceremony: str
    ledger: str
    nonce: str
    public_key: dict[str, Any]


class Created:
    """A durable command's answer, as the framework's `ASGIApp`: it has nothing to add to it."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        note_answer(scope, self._answer)
        body = self._answer.body
        length = b"%d" % len(body)
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


def recorded(kind: type[msgspec.Struct], *problems: int) -> dict[int, ResponseSpec]:
    """Describe a command's answers, for OpenAPI."""
    success = ResponseSpec(kind, description="Recorded", generate_examples=False)
    return {201: success} | answers(403, 404, 409, 413, 415, 422, 429, 503, *problems)


def done(kind: Any, *problems: int, status: int = 200) -> dict[int, ResponseSpec]:
    """Describe the answers of a request that records nothing, for OpenAPI."""
    success = ResponseSpec(kind, description="Done", generate_examples=False)
    return {status: success} | answers(403, 409, 413, 415, 422, 429, 503, *problems)
