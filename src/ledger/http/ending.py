"""Answer every request truly while the server goes down.

Requests that came before get their answers for as long as the server waits for them. A request that
the server gives up then is told what is known: that its outcome is unknown, if something of it was
handed to the storage, because the commit may be running; otherwise that nothing was stored, because
what still waits for a commit is dropped. A client repeats either request with the same evidence,
and the ledger appends it at most once.
"""

import asyncio
import threading
from typing import Any

from litestar.types import ASGIApp

from ledger.http.exchange import new_request_id
from ledger.http.headers import security_headers
from ledger.http.problems import MEDIA_TYPE, document, retry_after
from ledger.store import attempts

_UNKNOWN = (
    "outcome_unknown",
    "the server stopped before it knew whether this was stored; send the same request again",
)
_NOT_DONE = ("shutting_down", "the server is going down; nothing was stored; try again")


class Ending:
    """An ASGI application around the server's own, which answers until the server has ended."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application
        self._ending = threading.Event()

    def begin(self) -> None:
        """Refuse requests that come from now on; callable from a signal handler."""
        self._ending.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        if self._ending.is_set():
            await _answer(send, *_NOT_DONE)
            return
        sent: list[str] = []
        attempt = attempts.watch()

        async def watched(message: Any) -> None:
            sent[:] = [message["type"]]
            await send(message)

        try:
            await self._application(scope, receive, watched)
        except asyncio.CancelledError:
            if not self._ending.is_set():
                raise
            if not sent:
                await _answer(send, *(_UNKNOWN if attempt.has_begun else _NOT_DONE))


async def _answer(send: Any, code: str, detail: str) -> None:
    body = document(503, code, detail)
    headers = {
        "content-type": MEDIA_TYPE,
        "content-length": str(len(body)),
        "cache-control": "no-store",
        "connection": "close",
        "x-request-id": new_request_id(),
        **{name.lower(): value for name, value in retry_after(503)},
        **security_headers(""),
    }
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 503, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
