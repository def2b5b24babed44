"""The front door: what happens to a request before the application sees it.

The client's address, the whole body within its bound, then a turn in the request's lane. A slow
body holds no turn, and a client that hangs up in its body never reaches the application.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPScope, Send

from ledger.errors import (
    LedgerError,
    TooLargeError,
    UnauthenticatedError,
    UnsupportedMediaTypeError,
)
from ledger.http.lanes import Lanes, lane_of
from ledger.http.problems import MEDIA_TYPE, STATUS, document, retry_after
from ledger.http.requests import MAX_SMALL_BYTES, MAX_STATEMENT_BYTES
from ledger.system.client_address import Network, client_address

Read = Callable[[], Awaitable[HTTPReceiveMessage]]
# The requests with a large body, a document: only a session can be held to what it costs to read.
_DRAFT, _SIGN = "/api/statements/create", "/sign"


class Front:
    """An ASGI application around the one that answers."""

    def __init__(
        self,
        application: ASGIApp,
        *,
        lanes: Lanes,
        proxies: Sequence[Network],
        is_member: Callable[[HTTPScope], bool],
        headers: Sequence[tuple[bytes, bytes]],
    ) -> None:
        """Take what answers, and the headers that every answer carries."""
        self._application = application
        self._lanes = lanes
        self._proxies = proxies
        self._is_member = is_member
        self._headers = [*headers]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Admit one request, or refuse it with a problem document."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        try:
            self._name_client(scope)
            _refuse_coding(scope)
            is_member = self._is_member(scope)
            if _has_body(scope):
                body = await _read(scope, receive, _most_bytes(scope, is_member))
                if body is None:
                    return  # the client hung up
                receive = _replay(body, receive)
            lane = self._lanes[lane_of(scope["method"], scope["path"], is_member=is_member)]
            async with lane.turn():
                await self._application(scope, receive, send)
        except LedgerError as error:
            await self._refuse(error, send)

    def _name_client(self, scope: HTTPScope) -> None:
        client = scope.get("client")
        if client and self._proxies:
            told = _values(scope, b"x-forwarded-for")
            scope["client"] = (client_address(client[0], told, self._proxies), 0)

    async def _refuse(self, error: LedgerError, send: Send) -> None:
        status = STATUS[type(error)]
        body = document(status, error.code, error.detail)
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            *((name.lower().encode(), value.encode()) for name, value in retry_after(status)),
            *self._headers,
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


def _values(scope: HTTPScope, name: bytes) -> list[bytes]:
    return [value for each, value in scope["headers"] if each == name]


def _has_body(scope: HTTPScope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


def _refuse_coding(scope: HTTPScope) -> None:
    """Refuse a compressed body: its size would say nothing of what it costs (RFC 9110 8.4)."""
    if any(value.strip().lower() != b"identity" for value in _values(scope, b"content-encoding")):
        raise UnsupportedMediaTypeError("coding_unsupported", "send the body without a coding")


def _most_bytes(scope: HTTPScope, is_member: bool) -> int:
    """Return how long this request's body may be; refuse one that says it is longer."""
    large = _is_large(scope)
    most = MAX_STATEMENT_BYTES if large and is_member else MAX_SMALL_BYTES
    told = max((int(value) for value in _values(scope, b"content-length")), default=0)
    if told > most:
        raise _too_large(large, is_member, most)
    return most


def _is_large(scope: HTTPScope) -> bool:
    return scope["path"] == _DRAFT or scope["path"].endswith(_SIGN)


def _too_large(large: bool, is_member: bool, most: int) -> LedgerError:
    if large and not is_member:
        detail = f"sign in first: without a session a body has at most {most} bytes"
        return UnauthenticatedError("sign_in_required", detail)
    return TooLargeError("request_too_large", f"the body has at most {most} bytes")


async def _read(scope: HTTPScope, receive: Read, most: int) -> bytes | None:
    """Return the whole body, None if the client hung up in it."""
    parts: list[bytes] = []
    length, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message["body"])
        length += len(message["body"])
        if length > most:
            raise _too_large(_is_large(scope), most > MAX_SMALL_BYTES, most)
        more = message["more_body"]
    return b"".join(parts)


def _replay(body: bytes, receive: Read) -> Read:
    """Return a `receive` that hands out the body once, then what the connection says."""
    messages: list[HTTPReceiveMessage] = [
        {"type": "http.request", "body": body, "more_body": False}
    ]

    async def replayed() -> HTTPReceiveMessage:
        return messages.pop() if messages else await receive()

    return replayed
