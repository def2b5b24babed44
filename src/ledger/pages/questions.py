"""The page of auditors' questions: what `ledger ask` and `ledger diff` print, page by page."""

import asyncio
from typing import Annotated, Any

from litestar import get
from litestar.params import FromQuery, QueryParameter
from litestar.response import Redirect, Template

from ledger.errors import LedgerError
from ledger.http import questions
from ledger.http.accesses import require_auditor
from ledger.http.exchange import exchange_of
from ledger.http.questions import AskedQuestion
from ledger.http.refusal_page import told as said_of
from ledger.http.requests import AnyRequest
from ledger.pages.web import FromWeb, page, to_sign_in

ROWS = 50


@get("/audit/questions")
async def ask(  # noqa: PLR0913  # the parameters of a question
    request: AnyRequest,
    web: FromWeb,
    question: FromQuery[str | None] = None,
    about: Annotated[str | None, QueryParameter(max_length=256)] = None,
    first: Annotated[str | None, QueryParameter(name="from", max_length=32)] = None,
    last: Annotated[str | None, QueryParameter(name="to", max_length=32)] = None,
    after: Annotated[int, QueryParameter(ge=0, le=2**53)] = 0,
) -> Template | Redirect:
    """Show an auditor the questions, and the answer to one."""
    me = await asyncio.to_thread(web.session_user, request)
    if me is None:
        return to_sign_in(request)
    await asyncio.to_thread(require_auditor, web.models, me.id)
    about, first, last = (each.strip() or None if each else None for each in (about, first, last))
    given = {"about": about, "from": first, "to": last}
    asked = {name: value for name, value in given.items() if value}
    shown: dict[str, Any] = {"tables": [], "next": None, "refused": ""}
    if question in questions.NAMES:
        told = AskedQuestion(question, about, first, last, after, most=ROWS)
        try:
            found = await questions.answer(web.models.log.store, web.access, me.id, told)
            shown = {"tables": found.tables, "next": found.next, "refused": ""}
        except LedgerError as error:
            shown["refused"] = said_of(error)[0]
    exchange_of(request.scope).is_bare = not shown["tables"]
    return await asyncio.to_thread(
        page,
        "questions",
        web,
        me=me,
        names=questions.NAMES,
        question=question if question in questions.NAMES else "",
        about=about or "",
        asked=asked | {"question": question or ""},
        given=asked,
        period={name: value for name, value in asked.items() if name != "about"},
        after=after,
        **shown,
    )
