"""The route of evidence bundles.

A small bundle of a statement is made in a thread, and verified before it is sent. A process of its
own writes a large one, or one with the log in it, while it is sent.
"""

import asyncio
from collections.abc import Iterable
from functools import cache, partial
from typing import Annotated

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter, SkipValidation
from litestar.response import Stream

from ledger import clock
from ledger.errors import ForbiddenError, MalformedError
from ledger.http.assets import verifier_page
from ledger.http.context import (
    BY_SESSION,
    MEMBERS,
    FromAccess,
    FromPublicLog,
    FromReadModels,
    SignedIn,
)
from ledger.http.exchange import exchange_of
from ledger.http.exports import BundleAnswer, Exports
from ledger.http.lanes import without_turn
from ledger.http.log import wait_until_published
from ledger.http.problems import answers
from ledger.http.read_models import ReadModels
from ledger.http.requests import AnyRequest, full_pattern
from ledger.http.routes import Routes
from ledger.http.turns import LongThreads
from ledger.publish.bundle_worker import BundleQuestion, BundleTask
from ledger.publish.bundles import Evidence, verified_bundle
from ledger.publish.companions import companions
from ledger.publish.heads import SignHeads
from ledger.publish.public_log import PublicLog
from ledger.publish.shown_beside import newest_position, shown_beside
from ledger.store.ports.operations import AccessKind
from ledger.store.ports.tree import Published
from ledger.tlog import checkpoint
from ledger.verify.container import MANIFEST, Mode, stream
from ledger.verify.heads import NONCE
from ledger.verify.report import VerificationReport
from projections import erasures, readers, statements, users

ZIP = "application/zip"
_KINDS: dict[Mode, AccessKind] = {
    "statement": "evidence-statement",
    "redacted": "evidence-redacted",
    "full": "evidence-full",
}
BUNDLES = LongThreads(2)  # for bundles that are made in this process
_page = cache(verifier_page)

Shape = Annotated[
    Mode,
    QueryParameter(
        name="mode",
        description="Chosen entries; every entry and chosen bodies; or the whole log, for auditors",
    ),
]
Nonce = Annotated[
    str | None,
    QueryParameter(
        name="nonce",
        pattern=full_pattern(NONCE),
        description="What the heads of a bundle of mode statement carry, to show that they are new",
    ),
]
FromExports = NamedDependency[SkipValidation[Exports]]
BUNDLE = answers(401, 403, 404, 413, 429, 503) | {
    200: ResponseSpec(
        bytes, media_type=ZIP, description="The evidence bundle", generate_examples=False
    )
}


@get("/api/statements/{statement_id:str}/evidence", media_type=ZIP, responses=BUNDLE)
async def evidence(
    statement_id: FromPath[str],
    request: AnyRequest,
    public: FromPublicLog,
    models: FromReadModels,
    access: FromAccess,
    exports: FromExports,
    user: SignedIn,
    mode: Shape = "statement",
    nonce: Nonce = None,
) -> Response[bytes] | Stream:
    """Return a bundle that shows offline who approved the statement, and where that stands."""
    exchange = exchange_of(request.scope)
    exchange.statement, exchange.mode = statement_id, mode
    if nonce is not None and mode != "statement":
        raise MalformedError("query_unknown", f"a bundle of mode {mode} has no heads, and no nonce")
    if mode == "full":
        await asyncio.to_thread(_require_auditor, models, user)
    published = await exportable(public, models, user, statement_id)
    name = f"evidence-{statement_id}-{published.size}.zip"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    noted = partial(access.exported, _KINDS[mode], user, statement_id)
    sign = signs_heads(public, models, nonce)
    if mode == "statement" and await is_small(public, models, user, statement_id, published):
        await asyncio.to_thread(noted)

        def made() -> tuple[str, bytes, VerificationReport]:
            return write(public, published, statement_id, sign, clock.to_ms(models.now()))

        tag, raw, _ = await BUNDLES.begin(made)
        return Response(raw, media_type=ZIP, headers=headers | {"ETag": tag})
    task = await asyncio.to_thread(_task, public, published, statement_id, mode)
    answer = _answers(models, user, published, sign)
    primary = public.log.store.address
    async with without_turn():  # to measure a large bundle takes up to a minute
        head, parts = await exports.from_anywhere(task, primary, request.receive, answer)
    await asyncio.to_thread(noted)
    headers |= {"Content-Length": str(head.length), "ETag": _tag(head.manifest)}
    return Stream(parts, media_type=ZIP, headers=headers)


def _answers(models: ReadModels, user: str, published: Published, sign: SignHeads) -> BundleAnswer:
    """Return what answers the process that writes a bundle: whether it may, and with which heads.

    It raises ForbiddenError `auditor_only`.
    """
    tree = checkpoint.parse_note(published.note).checkpoint

    def signed(question: BundleQuestion) -> bytes:
        _require_beside(models, user, question.beside)
        return b"" if question.key is None else sign(question.heads, tree, question.key)

    async def answer(question: BundleQuestion) -> bytes:
        return await asyncio.to_thread(signed, question)

    return answer


async def is_small(
    public: PublicLog, models: ReadModels, user: str, statement: str, published: Published
) -> bool:
    """Tell whether a statement's bundle is small enough to make it in the memory of the server.

    A small one shows nothing that the person may not read: raises ForbiddenError `auditor_only`.
    """
    store, size = public.log.store, published.size
    beside = await asyncio.to_thread(shown_beside, store, statement, size)
    if beside is not None:
        await asyncio.to_thread(_require_beside, models, user, beside)
    return beside is not None


async def exportable(public: PublicLog, models: ReadModels, user: str, statement: str) -> Published:
    """Return the checkpoint of a bundle that shows a statement's newest event to a person.

    Raises NotFoundError `statement_unknown`, UnavailableError `not_yet`.
    """
    needed = await asyncio.to_thread(newest_position, public.log.store, statement)
    await models.wait_for(needed)  # they say who may read it
    await asyncio.to_thread(_require_readable, models, user, statement)
    return await wait_until_published(public, needed)


def signs_heads(public: PublicLog, models: ReadModels, nonce: str | None = None) -> SignHeads:
    """Return what signs the heads of a bundle of mode *statement* that is made now."""
    now_ms = clock.to_ms(models.now())
    return public.heads_key.signer(public.keys.charter.ledger, nonce=nonce, now_ms=now_ms)


def _require_auditor(models: ReadModels, user: str) -> None:
    with models.views() as (db, at):
        found = users.by_id(db, user, at=at, now=models.now())
    if found is None or "auditor" not in found.roles:
        detail = "only an auditor gets the whole log; the operator can write it with ledger export"
        raise ForbiddenError("auditor_only", detail)


def _require_readable(models: ReadModels, user: str, statement: str) -> None:
    """Raise NotFoundError `statement_unknown` if a person may not read the statement."""
    with models.views() as (db, at):
        if statements.find(db, statement, readers.of(db, user), at=at) is None:
            raise erasures.unknown(db, statement, at=at)


def _require_beside(models: ReadModels, user: str, beside: Iterable[str]) -> None:
    """Raise ForbiddenError `auditor_only` if a person may not read one of these statements."""
    with models.views() as (db, at):
        reader = readers.of(db, user)
        if reader.reads_all:
            return
        if any(statements.find(db, each, reader, at=at) is None for each in beside):
            detail = "the bundle shows a statement that you may not read: ask an auditor for it"
            raise ForbiddenError("auditor_only", detail)


def write(
    public: PublicLog, published: Published, statement: str, sign_heads: SignHeads, now_ms: int
) -> tuple[str, bytes, VerificationReport]:
    """Return a bundle of mode *statement*, its ETag, and what a verifier finds in it.

    Raises CorruptError `bundle_invalid`: nothing that is proved wrong is sent.
    """
    shown = Evidence(
        public.log.store,
        public.tree,
        published,
        page=_page(),
        companions=_companions(public, published),
        sign_heads=sign_heads,
    )
    files = shown.measure([statement], "statement")
    raw = b"".join(stream(files))
    return _tag(files[MANIFEST].sha256), raw, verified_bundle(raw, now_ms=now_ms)


def _task(public: PublicLog, published: Published, statement: str, mode: Mode) -> BundleTask:
    store = public.log.store
    # The heads are signed on the word of the log that is read: it is the primary's.
    is_signed = mode == "statement"
    return BundleTask(
        address=store.address if is_signed else store.reading(published.size).address,
        published=published,
        companions=_companions(public, published),
        page=_page(),
        statement=statement,
        mode=mode,
    )


def _companions(public: PublicLog, published: Published) -> dict[str, bytes]:
    keys = public.keys.keys(published.size)
    return companions(published, public.endorsements, keys, public.stated)


def _tag(manifest: str) -> str:
    """Return an ETag: the manifest has the SHA-256 of every other file."""
    return f'"{manifest[:32]}"'


router = Routes(
    "/", route_handlers=[evidence], dependencies=MEMBERS, security=BY_SESSION, tags=["statements"]
)
