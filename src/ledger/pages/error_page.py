"""The page for an HTTP error, with the menu of every other page for who is signed in."""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any

from litestar.response import Response, Template
from litestar.response.base import ASGIResponse

from ledger.errors import LedgerError
from ledger.http.languages import language_headers
from ledger.http.problems import LASTING, ErrorAnswer
from ledger.http.refusal_page import says, told
from ledger.http.requests import AnyRequest
from ledger.pages.web import Web, page
from projections.users import User


def for_people(answer: ErrorAnswer, web: Web) -> ErrorAnswer:
    """Return an error as a page if the client is a browser."""

    def answer_people(request: AnyRequest, error: Exception) -> Response[Any]:
        problem = answer(request, error)
        if "text/html" not in request.headers.get("accept", ""):
            return problem
        status = problem.status_code or 500
        # What only the server's log may say has the status 500.
        sentence = ("", "")
        if isinstance(error, LedgerError) and status != 500:
            sentence = told(error)
        lasts = isinstance(error, LedgerError) and error.code in LASTING
        page = ErrorPage(request, web, status, sentence, progress=_progress(error), lasts=lasts)
        page.headers.update({**problem.headers, **language_headers()})
        return page

    return answer_people


def _progress(error: Exception) -> tuple[int, int] | None:
    """Return how many events the read models have, of how many, where they lack some."""
    if not isinstance(error, LedgerError) or error.code != "views_rebuilding":
        return None
    match error.evidence:
        case {"folded": int(folded), "size": int(size)} if size:
            return min(folded, size), size
        case _:
            return None


class ErrorPage(Template):
    """A page for an HTTP error. It reads the views for its menu, so a thread renders it."""

    def __init__(
        self,
        request: AnyRequest,
        web: Web,
        status: int,
        sentence: tuple[str, str],
        *,
        progress: tuple[int, int] | None = None,
        lasts: bool = False,
    ) -> None:
        """Take the error's `status` and, if there is one, its sentence and the language of it.

        `progress` is how far something has come that has to be done first; where it `lasts`, to try
        again does not help.
        """
        title, advice = says(status)
        super().__init__("error.html", status_code=status, headers={"Cache-Control": "no-store"})
        self._request = request
        self._web = web
        said = {"status": status, "title": title, "advice": advice, "sentence": sentence}
        self._says = said | {"progress": progress, "again": status == 503 and not lasts}

    def to_asgi_response(self, *given: Any, **more: Any) -> ASGIResponse:
        """Return a response that looks up who is signed in, and renders, when it is sent."""

        def rendered() -> ASGIResponse:
            self.context = {**self._shown(), **self._says}
            return super(ErrorPage, self).to_asgi_response(*given, **more)

        return _InThread(rendered)

    def _shown(self) -> dict[str, Any]:
        """Return what the layout shows; without the views, that nobody is signed in."""
        try:
            return _of(self._web, self._web.session_user(self._request))
        except (LedgerError, sqlite3.Error):
            return _of(self._web, None)


def _of(web: Web, me: User | None) -> dict[str, Any]:
    return page("error", web, me=me).context


class _InThread(ASGIResponse):
    """A response that a thread makes when it is sent."""

    def __init__(self, make: Callable[[], ASGIResponse]) -> None:
        super().__init__()
        self._make = make

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        response = await asyncio.to_thread(self._make)
        await response(scope, receive, send)
