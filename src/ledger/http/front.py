"""The front door: what happens to a request before the application sees it.

The client's address, the whole body within its bound, then a turn in the request's lane. A slow
body holds no turn, and a client that hangs up in its body never reaches the application. Every
answer carries the request's id, is counted, and is recorded where it concerns security.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPScope, Send

from ledger.errors import (
    LedgerError,
    TooLargeError,
    UnauthenticatedError,
    UnsupportedMediaTypeError,
)
from ledger.http.exchange import Exchange, begin_exchange, request_id
from ledger.http.lanes import LaneName, Lanes, lane_of
from ledger.http.problems import MEDIA_TYPE, STATUS, document, retry_after
from ledger.http.requests import MAX_SMALL_BYTES, MAX_STATEMENT_BYTES
from ledger.system.client_address import Network, client_address, is_within

Answered = Callable[[Exchange, LaneName | None, float], None]
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
        member: Callable[[HTTPScope], str | None],
        headers: Sequence[tuple[bytes, bytes]],
        answered: Answered,
    ) -> None:
        """Take what answers, who is signed in, and the headers that every answer carries.

        `answered` is told every exchange, its lane, and how long it took in seconds.
        """
        self._application = application
        self._lanes = lanes
        self._proxies = proxies
        self._member = member
        self._headers = [*headers]
        self._answered = answered

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Admit one request, or refuse it with a problem document."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        began_s = time.perf_counter()
        exchange = self._begin(scope)
        lane: LaneName | None = None
        identity = (b"x-request-id", exchange.request_id.encode())

        async def identified(message: Any) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                message["headers"] = [*message["headers"], identity]
            await send(message)

        try:
            _refuse_coding(scope)
            exchange.person = self._member(scope)
            is_member = exchange.person is not None
            if _has_body(scope):
                body = await _read(scope, receive, _most_bytes(scope, is_member))
                if body is None:
                    return  # the client hung up
                receive = _replay(body, receive)
            lane = lane_of(scope["method"], scope["path"], is_member=is_member)
            async with self._lanes[lane].turn():
                await self._application(scope, receive, identified)
        except LedgerError as error:
            exchange.code = error.code
            await self._refuse(error, identified)
        finally:
            if exchange.status:  # otherwise nothing was answered
                self._answered(exchange, lane, time.perf_counter() - began_s)

    def _begin(self, scope: HTTPScope) -> Exchange:
        """Name the client and the request; neither is believed of anybody but a known proxy."""
        peer = scope.get("client")
        address, by_proxy = None if peer is None else peer[0], False
        if peer and self._proxies:
            by_proxy = is_within(peer[0], self._proxies)
            told = _values(scope, b"x-forwarded-for")
            address = client_address(peer[0], told, self._proxies)
            scope["client"] = (address, 0)
        given = _values(scope, b"x-request-id") if by_proxy else []
        exchange = Exchange(request_id(given, by_proxy=by_proxy), address, scope["method"])
        begin_exchange(scope, exchange)
        return exchange

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
