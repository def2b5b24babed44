"""The certificate of a statement as a page to print."""

import asyncio

from litestar import get
from litestar.params import FromPath
from litestar.response import Redirect, Template

from ledger.http.certificates import certified
from ledger.http.context import FromPublicLog
from ledger.http.exchange import exchange_of
from ledger.http.requests import AnyRequest
from ledger.pages.web import FromWeb, page, to_sign_in
from ledger.publish.certificate import SUMMARY, Certificate


@get("/statements/{statement_id:str}/certificate")
async def certificate(
    request: AnyRequest, web: FromWeb, public: FromPublicLog, statement_id: FromPath[str]
) -> Template | Redirect:
    """Show what a verifier finds in the statement's bundle, on one page to print."""
    me = await asyncio.to_thread(web.session_user, request)
    if me is None:
        return to_sign_in(request)

    def shown(made: Certificate, _: bytes) -> Template:
        return page("certificate", web, me=me, certificate=made, summary=SUMMARY)

    found = await certified(public, web.models, me.id, statement_id, shown)
    await asyncio.to_thread(web.access.exported, "evidence-statement", me.id, statement_id)
    exchange = exchange_of(request.scope)
    exchange.statement, exchange.mode = statement_id, "statement"
    return found
