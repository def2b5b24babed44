"""The certificate of a statement: what a verifier finds in its bundle, as a PDF file."""

import asyncio
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import quote

from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath

from ledger import clock
from ledger.errors import TooLargeError
from ledger.http.context import (
    BY_SESSION,
    MEMBERS,
    FromAccess,
    FromPublicLog,
    FromReadModels,
    SignedIn,
)
from ledger.http.evidence import BUNDLES, exportable, is_small, signs_heads, write
from ledger.http.exchange import exchange_of
from ledger.http.problems import answers
from ledger.http.read_models import ReadModels
from ledger.http.requests import AnyRequest
from ledger.http.routes import Routes
from ledger.publish.certificate import Certificate, certificate
from ledger.publish.certificate_pdf import certificate_pdf
from ledger.publish.public_log import PublicLog

T = TypeVar("T")
PDF = "application/pdf"
CERTIFICATE = answers(401, 403, 404, 413, 429, 503) | {
    200: ResponseSpec(bytes, media_type=PDF, description="The certificate", generate_examples=False)
}


async def certified(
    public: PublicLog,
    models: ReadModels,
    user: str,
    statement: str,
    shown: Callable[[Certificate, bytes], T],
) -> T:
    """Return what `shown` makes of a statement's certificate and its bundle.

    Raises as `exportable`, `is_small` and `certificate`, and TooLargeError `certificate_too_large`.
    """
    published = await exportable(public, models, user, statement)
    if not await is_small(public, models, user, statement, published):
        detail = "too many or too long decisions for a certificate: take the evidence bundle"
        raise TooLargeError("certificate_too_large", detail)
    sign = signs_heads(public, models)

    def made() -> T:
        now_ms = clock.to_ms(models.now())
        _, raw, report = write(public, published, statement, sign, now_ms)
        return shown(certificate(report), raw)

    return await BUNDLES.begin(made)


@get("/api/statements/{statement_id:str}/certificate", media_type=PDF, responses=CERTIFICATE)
async def certificate_file(
    statement_id: FromPath[str],
    request: AnyRequest,
    public: FromPublicLog,
    models: FromReadModels,
    access: FromAccess,
    user: SignedIn,
) -> Response[bytes]:
    """Return a PDF/A-3 file that says who decided what, with the evidence bundle inside."""
    exchange = exchange_of(request.scope)
    exchange.statement, exchange.mode = statement_id, "statement"

    def written(made: Certificate, raw: bytes) -> tuple[Certificate, bytes]:
        return made, certificate_pdf(made, raw)

    made, content = await certified(public, models, user, statement_id, written)
    await asyncio.to_thread(access.exported, "evidence-statement", user, statement_id)
    return Response(content, media_type=PDF, headers={"Content-Disposition": _named(made)})


def _named(made: Certificate) -> str:
    """Return the header that names the file after the title (RFC 6266)."""
    plain = f"certificate-{made.statement}.pdf"
    full = quote(f"{made.file_stem}.pdf", safe="")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{full}"


router = Routes(
    "/",
    route_handlers=[certificate_file],
    dependencies=MEMBERS,
    security=BY_SESSION,
    tags=["statements"],
)
