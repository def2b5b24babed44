"""Approvals, in front of the framework: most of what a ledger is sent, at a third of its cost.

The framework's route of the same address stays: for the OpenAPI document, and for every request
that is not plainly right. What is answered here is what it would answer: a test sends the same
requests to both.
"""

import re
from collections.abc import Sequence
from typing import Any

from litestar.types import ASGIApp, HTTPScope, Send

from ledger.commands.statements import StatementCommands
from ledger.commands.writer import Answer
from ledger.errors import MalformedError
from ledger.http.exchange import note_answer, note_template
from ledger.http.passkey_responses import MAX_SMALL_BYTES
from ledger.http.requests import SignStatement, decode_body, replay

TEMPLATE = "/api/statements/{statement_id}/sign"
_PATH = re.compile(rb"/api/statements/([0-9a-f-]{36})/sign")
_HOST = re.compile(rb"[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?")
_SITES = (b"same-origin", b"none")


class SignRoute:
    """An ASGI application around the framework's, which answers all other requests."""

    def __init__(
        self,
        application: ASGIApp,
        commands: StatementCommands,
        *,
        origin: str,
        headers: Sequence[tuple[bytes, bytes]],
    ) -> None:
        """Take the web origin, and the headers that every answer carries."""
        self._application = application
        self._commands = commands
        self._origin = origin.encode()
        fixed = (b"content-type", b"application/json"), (b"cache-control", b"no-store")
        self._headers = [*fixed, *headers]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Record an approval and answer it; raise what the command raises."""
        statement_id = self._statement_id(scope) if scope["type"] == "http" else None
        if statement_id is None:
            await self._application(scope, receive, send)
            return
        message = await receive()
        if message["type"] != "http.request":
            return  # the client hung up
        raw = message["body"]
        try:
            if len(raw) > MAX_SMALL_BYTES:
                raise MalformedError("request_invalid", "decoded in a thread")
            data = decode_body(raw, SignStatement)
            assertion = None if data.assertion is None else data.assertion.evidence()
        except MalformedError:
            await self._application(scope, replay(raw, receive), send)
            return
        note_template(scope, TEMPLATE)
        await self._send(scope, send, await self._commands.sign(statement_id, data.jwt, assertion))

    def _statement_id(self, scope: HTTPScope) -> str | None:
        """Return whose approval a plainly right request is, None for every other request."""
        if scope["method"] != "POST" or scope["query_string"]:
            return None
        found = _PATH.fullmatch(scope["raw_path"])
        return found[1].decode() if found is not None and self._is_plain(scope) else None

    def _is_plain(self, scope: HTTPScope) -> bool:
        """Tell whether each header that decides is as our own pages and programs write it."""
        seen: list[bytes] = []
        for name, value in scope["headers"]:
            if name == b"content-type":
                accepted = value == b"application/json"
            elif name == b"origin":
                accepted = value == self._origin
            elif name == b"sec-fetch-site":
                accepted = value in _SITES
            elif name == b"host":
                accepted = _HOST.fullmatch(value) is not None
            else:
                continue
            if not accepted or name in seen:
                return False
            seen.append(name)
        return b"content-type" in seen

    async def _send(self, scope: HTTPScope, send: Send, answer: Answer) -> None:
        note_answer(scope, answer)
        headers = [*self._headers, (b"content-length", b"%d" % len(answer.body))]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body, "more_body": False})
