"""Routes of statements."""

from functools import partial
from itertools import chain
from typing import Annotated, Literal

import msgspec
from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter

from ledger import jose
from ledger.domain.document import Document
from ledger.domain.vocabulary import Status
from ledger.encoding import sha256_hex
from ledger.errors import NotFoundError
from ledger.http import policies
from ledger.http.answers import (
    READ,
    Created,
    DecisionAnswer,
    DraftAnswer,
    OutcomeAnswer,
    UseAnswer,
    recorded,
)
from ledger.http.context import (
    BY_SESSION,
    MEMBERS,
    FromAccess,
    FromPaging,
    FromReadModels,
    FromStatements,
    Moment,
    SignedIn,
)
from ledger.http.lanes import end_unsigned
from ledger.http.requests import (
    MAX_STATEMENT_BYTES,
    ActWithAssertion,
    AnyRequest,
    DraftStatement,
    SignedAct,
    SignStatement,
)
from ledger.http.routes import Routes
from projections import erasures, inbox, readers, statements
from projections.paging import Page
from projections.statements import StatementDetail, StatementSummary

JOSE_JSON = "application/jose+json"
StatusFilter = Annotated[Status | None, QueryParameter(name="status")]
Search = Annotated[
    str | None,
    QueryParameter(
        name="q",
        max_length=200,
        description="Words of the title, of the name of who created or approved it, or a digest",
    ),
]
Where = Annotated[
    Literal["contents"] | None,
    QueryParameter(name="in", description="Where to look for the words of `q` instead"),
]
By = Annotated[str | None, QueryParameter(name="creator", max_length=36)]


class JwsSignature(msgspec.Struct):
    """One signature of a General JSON JWS."""

    protected: str
    signature: str


class GeneralJws(msgspec.Struct):
    """RFC 7515 section 7.2.1."""

    payload: str
    signatures: list[JwsSignature]


SHOWN = READ | {
    200: ResponseSpec(StatementDetail, description="The statement", generate_examples=False),
    304: ResponseSpec(None, description="As `If-None-Match` has it", generate_examples=False),
}
DOCUMENT = READ | {
    200: ResponseSpec(Document, description="The exact bytes", generate_examples=False)
}
GENERAL = READ | {
    200: ResponseSpec(
        GeneralJws,
        description="All approvals in the shared form",
        media_type=JOSE_JSON,
        generate_examples=False,
    )
}


@post(
    "/api/statements/create",
    responses=recorded(DraftAnswer, 401),
    request_max_body_size=MAX_STATEMENT_BYTES,
)
async def create(data: JSONBody[DraftStatement], commands: FromStatements) -> Created:
    """Put a document up for approval."""
    return Created(await commands.draft(data.document, data.act, end_unsigned))


@post(
    "/api/statements/{statement_id:str}/sign",
    responses=recorded(DecisionAnswer, 401),
    request_max_body_size=MAX_STATEMENT_BYTES,
)
async def sign(
    statement_id: FromPath[str], data: JSONBody[SignStatement], commands: FromStatements
) -> Created:
    """Approve: the signature is the authority."""
    assertion = None if data.assertion is None else data.assertion.evidence()
    return Created(await commands.sign(statement_id, data.jwt, assertion))


@post("/api/statements/{statement_id:str}/reject", responses=recorded(DecisionAnswer))
async def reject(
    statement_id: FromPath[str], data: JSONBody[ActWithAssertion], commands: FromStatements
) -> Created:
    """Reject, with a signed reason."""
    return Created(await commands.reject(statement_id, data.act, data.evidence()))


@post("/api/statements/{statement_id:str}/retract", responses=recorded(DecisionAnswer))
async def retract(
    statement_id: FromPath[str], data: JSONBody[ActWithAssertion], commands: FromStatements
) -> Created:
    """Take the signer's own approval back."""
    return Created(await commands.retract(statement_id, data.act, data.evidence()))


@post("/api/statements/{statement_id:str}/withdraw", responses=recorded(DecisionAnswer))
async def withdraw(
    statement_id: FromPath[str], data: JSONBody[SignedAct], commands: FromStatements
) -> Created:
    """Take a pending statement back."""
    return Created(await commands.withdraw(statement_id, data.act))


@post("/api/statements/{statement_id:str}/use", responses=recorded(UseAnswer))
async def use(
    statement_id: FromPath[str], data: JSONBody[SignedAct], commands: FromStatements
) -> Created:
    """Use an approved statement once; the same nonce again gets the first answer."""
    return Created(await commands.use(statement_id, data.act))


@post("/api/statements/{statement_id:str}/outcome", responses=recorded(OutcomeAnswer))
async def outcome(
    statement_id: FromPath[str], data: JSONBody[ActWithAssertion], commands: FromStatements
) -> Created:
    """Report the outcome of a use, or confirm with a passkey that it was not done."""
    return Created(await commands.report(statement_id, data.act, data.evidence()))


@get("/api/statements", responses=READ, sync_to_thread=True)
def list_statements(
    models: FromReadModels,
    access: FromAccess,
    user: SignedIn,
    moment: Moment,
    paging: FromPaging,
    status: StatusFilter = None,
    q: Search = None,
    where: Where = None,
    creator: By = None,
) -> Page[StatementSummary]:
    """List the statements that the asker may read, newest first."""
    with models.views(moment) as (db, shown):
        reader = readers.of(db, user)
        found = statements.page(
            db,
            reader,
            at=shown,
            now=models.time_of(db, moment),
            limit=paging.limit,
            cursor=paging.cursor,
            status=status,
            q=q,
            creator=creator,
            contents=partial(statements.content, models.log) if where == "contents" else None,
        )
        access.note(db, reader, "list", [each.position for each in found.items])
    return found


@get("/api/inbox", responses=READ, sync_to_thread=True)
def list_inbox(
    models: FromReadModels,
    user: SignedIn,
    moment: Moment,
    paging: FromPaging,
) -> Page[StatementSummary]:
    """List what waits for the signed-in person, newest first."""
    with models.views(moment) as (db, shown):
        return inbox.page(
            db,
            user_id=user,
            at=shown,
            now=models.time_of(db, moment),
            limit=paging.limit,
            cursor=paging.cursor,
        )


@get("/api/statements/{statement_id:str}", responses=SHOWN, sync_to_thread=True)
def show(
    statement_id: FromPath[str],
    request: AnyRequest,
    models: FromReadModels,
    access: FromAccess,
    user: SignedIn,
    moment: Moment,
) -> Response[bytes]:
    """Show one statement with its decisions and progress."""
    with models.views(moment) as (db, shown):
        now = models.time_of(db, moment)
        reader = readers.of(db, user)
        found = statements.by_id(db, models.log, statement_id, reader, at=shown, now=now)
        if found is None:
            raise erasures.unknown(db, statement_id, at=shown)
        access.note(db, reader, "statement", [found.position])
    content = msgspec.json.encode(found)
    # Of the answer's bytes: people who come, and keys that end, change it beside its own events.
    etag = f'"{sha256_hex(content)[:32]}"'
    headers = {"ETag": etag}
    known = request.headers.get("if-none-match", "")
    if etag in (each.strip().removeprefix("W/") for each in known.split(",")):
        return Response(b"", status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


@get("/api/statements/{statement_id:str}/document", responses=DOCUMENT, sync_to_thread=True)
def document(
    statement_id: FromPath[str],
    models: FromReadModels,
    access: FromAccess,
    user: SignedIn,
    moment: Moment,
) -> Response[bytes]:
    """Return the document's exact bytes."""
    with models.views(moment) as (db, shown):
        reader = readers.of(db, user)
        number = statements.find(db, statement_id, reader, at=shown)
        if number is None:
            raise erasures.unknown(db, statement_id, at=shown)
        access.note(db, reader, "document", [number])
        raw = statements.document(models.log, number)
    return Response(raw, media_type="application/json")


@get("/api/statements/{statement_id:str}/jws", responses=GENERAL, sync_to_thread=True)
def general_jws(
    statement_id: FromPath[str],
    models: FromReadModels,
    access: FromAccess,
    user: SignedIn,
    moment: Moment,
) -> Response[bytes]:
    """Return all shared-form approvals as one General JSON JWS (RFC 7515 section 7.2.1)."""
    with models.views(moment) as (db, shown):
        reader = readers.of(db, user)
        number = statements.find(db, statement_id, reader, at=shown)
        if number is None:
            raise erasures.unknown(db, statement_id, at=shown)
        access.note(db, reader, "jws", [number])
        compacts = statements.shared_approvals(db, models.log, number, at=shown)
        first = next(compacts, None)
        if first is None:
            raise NotFoundError("no_approvals", "there is no approval in the shared form yet")
        merged = jose.general(chain([first], compacts))
    return Response(merged, media_type=JOSE_JSON)


router = Routes(
    "/",
    route_handlers=[create, sign, reject, retract, withdraw, use, outcome],
    tags=["statements"],
)
reads = Routes(
    "/",
    route_handlers=[list_statements, list_inbox, show, document, general_jws],
    dependencies=MEMBERS,
    security=BY_SESSION,
    tags=["statements"],
)
routes = [router, reads, policies.router]
