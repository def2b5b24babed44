"""The route of evidence bundles."""

import asyncio
from functools import cache
from typing import Annotated

from litestar import Response, Router, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter

from ledger.encoding import sha256_hex
from ledger.http.assets import verifier_page
from ledger.http.context import BY_SESSION, MEMBERS, FromPublicLog, SignedIn
from ledger.http.exchange import exchange_of
from ledger.http.log import wait_until_published
from ledger.http.problems import answers
from ledger.http.requests import AnyRequest
from ledger.publish.bundles import Evidence, newest_position
from ledger.publish.companions import companions
from ledger.publish.public_log import PublicLog
from ledger.store.sqlite.tree import Published
from ledger.verify.container import Mode

ZIP = "application/zip"
# A bundle is made in memory, and a full one is as large as the log.
_TURNS = asyncio.Semaphore(2)
_page = cache(verifier_page)

Shape = Annotated[
    Mode,
    QueryParameter(
        name="mode",
        description="Chosen entries; every entry and chosen bodies; or the whole log",
    ),
]
BUNDLE = answers(401, 404, 413, 429, 503) | {
    200: ResponseSpec(
        bytes, media_type=ZIP, description="The evidence bundle", generate_examples=False
    )
}


@get("/api/statements/{statement_id:str}/evidence", media_type=ZIP, responses=BUNDLE)
async def evidence(
    statement_id: FromPath[str],
    request: AnyRequest,
    public: FromPublicLog,
    user: SignedIn,
    mode: Shape = "statement",
) -> Response[bytes]:
    """Return a bundle that shows offline who approved the statement, and where that stands."""
    exchange = exchange_of(request.scope)
    exchange.statement, exchange.mode = statement_id, mode
    needed = newest_position(public.log.store, statement_id)
    published = await wait_until_published(public, needed)
    async with _TURNS:
        raw = await asyncio.to_thread(_write, public, published, statement_id, mode)
    name = f"evidence-{statement_id}-{published.size}.zip"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "ETag": f'"{sha256_hex(raw)[:32]}"',
    }
    return Response(raw, media_type=ZIP, headers=headers)


def _write(public: PublicLog, published: Published, statement: str, mode: Mode) -> bytes:
    keys = public.keys.keys(published.size)
    beside = companions(published, public.endorsements, keys, public.stated)
    shown = Evidence(public.log.store, public.tree, published, page=_page(), companions=beside)
    return shown.write([statement], mode)


router = Router(
    "/", route_handlers=[evidence], dependencies=MEMBERS, security=BY_SESSION, tags=["statements"]
)
