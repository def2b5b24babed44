"""The page of the access record, for auditors: who read what."""

import asyncio

from litestar import get
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from ledger.http.accesses import AccessPage, require_auditor, shown_page
from ledger.http.requests import AnyRequest
from ledger.pages.web import ROWS, FromWeb, Web, page, to_sign_in
from projections.facts import find_stream
from projections.summaries import summaries
from projections.users import User


@get("/access")
async def access(
    request: AnyRequest, web: FromWeb, cursor: FromQuery[str | None] = None
) -> Template | Redirect:
    """Show auditors who was shown statements of others, and every export."""
    me = await asyncio.to_thread(web.session_user, request)
    if me is None:
        return to_sign_in(request)
    await asyncio.to_thread(require_auditor, web.models, me.id)
    found = await shown_page(web.models, web.access, cursor=cursor or None, limit=ROWS)
    return await asyncio.to_thread(_access, web, me, found, cursor)


def _access(web: Web, me: User, found: AccessPage, cursor: str | None) -> Template:
    with web.models.views() as (db, at):
        ids = {each.statement_id for each in found.items if each.statement_id is not None}
        numbers = [number for each in sorted(ids) if (number := find_stream(db, each)) is not None]
        titles = {
            each.id: each.title for each in summaries(db, numbers, at=at, now=web.models.now())
        }
    return page("access", web, me=me, position=at, found=found, titles=titles, cursor=cursor)
