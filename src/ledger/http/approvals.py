"""Several approvals in one request: each is decided as if it were sent alone."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, SkipValidation
from msgspec import Meta

from ledger.commands.statements import StatementCommands
from ledger.commands.writer import Answer
from ledger.domain.approval import parse_approval, stated_statement
from ledger.errors import TooManyError
from ledger.http.admission import address_of
from ledger.http.answers import DecisionAnswer
from ledger.http.context import BY_SESSION, MEMBERS, FromRecord, FromStatements, SignedIn
from ledger.http.exchange import Exchange, exchange_of, note_answer
from ledger.http.problems import Problem, answer_to, answers
from ledger.http.quotas import REFUSED_STATUSES, Asker, Group, Quotas
from ledger.http.requests import MAX_STATEMENT_BYTES, AnyRequest, Strict
from ledger.http.routes import Routes
from ledger.http.security_record import SecurityRecord

MOST = 100  # approvals in one request
FromQuotas = NamedDependency[SkipValidation[Quotas]]


# Without the pattern of a compact JWS: one that is none has a result like every other.
Approval = Annotated[str, Meta(max_length=MAX_STATEMENT_BYTES)]


class SignStatements(Strict, frozen=True):
    """Approvals as compact JWSs; each names its statement in its payload."""

    approvals: Annotated[list[Approval], Meta(min_length=1, max_length=MOST)]


class ApprovalResult(msgspec.Struct, omit_defaults=True):
    """The result of one approval: the status that it would have had alone, and its answer."""

    status: int
    receipt: DecisionAnswer | None = None
    problem: Problem | None = None


class ApprovalResults(msgspec.Struct):
    """The results, in the order of the request."""

    results: list[ApprovalResult]


class _Result(msgspec.Struct, omit_defaults=True):
    """An ApprovalResult as it is sent: the bytes that the command or the refusal made."""

    status: int
    receipt: msgspec.Raw | None = None
    problem: msgspec.Raw | None = None


RESULTS = {
    200: ResponseSpec(ApprovalResults, description="A result for each", generate_examples=False)
} | answers(401, 413, 415, 429, 503)


@post(
    "/api/approvals", status_code=200, responses=RESULTS, request_max_body_size=MAX_STATEMENT_BYTES
)
async def approve(
    data: JSONBody[SignStatements],
    request: AnyRequest,
    commands: FromStatements,
    quotas: FromQuotas,
    record: FromRecord,
    user: SignedIn,
) -> Response[bytes]:
    """Approve several statements; each approval has a result of its own."""
    asker = Asker(address_of(request.scope.get("client")), user)
    exchange = exchange_of(request.scope)
    taken = taken_each(quotas, asker, data.approvals)
    found = await asyncio.gather(
        *(_one(commands, jws, refused) for jws, refused in zip(data.approvals, taken, strict=True))
    )
    results = []
    for each in found:
        if isinstance(each, Answer):
            note_answer(request.scope, each)
            results.append(_Result(201, receipt=msgspec.Raw(each.body)))
        else:
            results.append(_refusal(each, exchange, asker, quotas, record))
    content = msgspec.json.encode({"results": results})
    return Response(content, media_type="application/json")


def taken_each(quotas: Quotas, asker: Asker, approvals: Sequence[str]) -> list[TooManyError | None]:
    """Take approvals out of their quotas; return for each the refusal if one is empty.

    The front door has taken the first one, with the request, but not its size.
    """
    return [_taken(quotas, asker, len(jws), is_first=at == 0) for at, jws in enumerate(approvals)]


def _taken(quotas: Quotas, asker: Asker, size: int, *, is_first: bool) -> TooManyError | None:
    try:
        if not is_first:
            quotas.take(Group.DECIDE, asker)
        quotas.take_large(asker, size)
    except TooManyError as error:
        return error
    return None


async def _one(
    commands: StatementCommands, jws: str, refused: TooManyError | None
) -> Answer | Exception:
    """Return the answer to one approval, or why there is none."""
    if refused is not None:
        return refused
    try:
        statement_id = stated_statement(parse_approval(jws))
        return await commands.sign(statement_id, jws, None)
    except Exception as error:  # noqa: BLE001  # `answer_to` tells refusals from bugs
        return error


def _refusal(
    error: Exception, exchange: Exchange, asker: Asker, quotas: Quotas, record: SecurityRecord
) -> _Result:
    """Count and record a refusal as if its approval had been sent alone, and return its result."""
    alone = msgspec.structs.replace(exchange, route="/api/approvals")
    status, body, _ = answer_to(error, alone)
    alone.status = status
    if status in REFUSED_STATUSES:
        quotas.count_refusal(asker)
    record.answered(alone)
    return _Result(status, problem=msgspec.Raw(body))


router = Routes(
    "/",
    route_handlers=[approve],
    dependencies=MEMBERS,
    security=BY_SESSION,
    tags=["statements"],
)
