"""The front door: what happens to a request before the application sees it.

The client's address, the session, the quota, the whole body within its bound, then a turn in the
request's lane. A slow body holds no turn, and a client that hangs up in its body never reaches the
application.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPScope, Send

from ledger.errors import (
    LedgerError,
    TooLargeError,
    TooManyError,
    UnauthenticatedError,
    UnsupportedMediaTypeError,
)
from ledger.http.admission import address_of
from ledger.http.lanes import Lanes, lane_of
from ledger.http.problems import MEDIA_TYPE, STATUS, document, retry_after
from ledger.http.quotas import SIGNED, Asker, Quotas, group_of, named_kid
from ledger.http.requests import MAX_SMALL_BYTES, MAX_STATEMENT_BYTES
from ledger.http.streams import PATH, EventStreams
from ledger.system.client_address import Network, client_address

Read = Callable[[], Awaitable[HTTPReceiveMessage]]
# The requests with a large body, a document: only a session can be held to what it costs to read.
_DRAFT, _SIGN = "/api/statements/create", "/sign"


# Answers of a request with a signature that a correct client does not get again and again.
_REFUSED = frozenset((400, 401, 403, 404, 422))


class RequestLimits(NamedTuple):
    """What bounds the requests of one server."""

    lanes: Lanes
    quotas: Quotas
    streams: EventStreams


class Front:
    """An ASGI application around the one that answers."""

    def __init__(
        self,
        application: ASGIApp,
        *,
        limits: RequestLimits,
        proxies: Sequence[Network],
        member_of: Callable[[HTTPScope], str | None],
        owner_of: Callable[[str], str | None],
        headers: Sequence[tuple[bytes, bytes]],
    ) -> None:
        """Take what answers, and the headers that every answer carries.

        `member_of` tells whose session a request is of, `owner_of` whose signing key a kid names.
        """
        self._application = application
        self._limits = limits
        self._proxies = proxies
        self._member_of = member_of
        self._owner_of = owner_of
        self._headers = [*headers]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Admit one request, or refuse it with a problem document."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        try:
            await self._admit(scope, receive, send)
        except LedgerError as error:
            await self._refuse(error, send)

    async def _admit(self, scope: Any, receive: Read, send: Send) -> None:
        """Find out who asks, take the request out of its quota, and have it answered."""
        self._name_client(scope)
        _refuse_coding(scope)
        asker = Asker(address_of(scope.get("client")), self._member_of(scope))
        group = group_of(scope["method"], scope["path"], scope["query_string"])
        # Without a session, who signed is named in the body; everybody else is known by now.
        names_signer = group in SIGNED and asker.member is None
        if group is not None and not names_signer:
            self._limits.quotas.take(group, asker)
        if _has_body(scope):
            body = await _read(scope, receive, _most_bytes(scope, asker.member is not None))
            if body is None:
                return  # the client hung up
            if names_signer:
                asker = asker._replace(signer=self._signer(body))
            receive = _replay(body, receive)
        if group is not None and names_signer:
            self._limits.quotas.take(group, asker)
        if group in SIGNED:
            send = self._counting_refusals(asker, send)
        async with self._turn(scope, asker.member):
            await self._application(scope, receive, send)

    def _signer(self, body: bytes) -> str | None:
        kid = named_kid(body)
        return None if kid is None else self._owner_of(kid)

    def _counting_refusals(self, asker: Asker, send: Send) -> Send:
        async def counted(message: Any) -> None:
            if message["type"] == "http.response.start" and message["status"] in _REFUSED:
                self._limits.quotas.count_refusal(asker)
            await send(message)

        return counted

    @asynccontextmanager
    async def _turn(self, scope: HTTPScope, member: str | None) -> AsyncIterator[None]:
        """Hold a turn in the request's lane; a stream lasts too long for one, and is counted."""
        if scope["path"] == PATH and member is not None:
            with self._limits.streams.one(member):
                yield
            return
        lane = lane_of(scope["method"], scope["path"], is_member=member is not None)
        async with self._limits.lanes[lane].turn():
            yield

    def _name_client(self, scope: HTTPScope) -> None:
        client = scope.get("client")
        if client and self._proxies:
            told = _values(scope, b"x-forwarded-for")
            scope["client"] = (client_address(client[0], told, self._proxies), 0)

    async def _refuse(self, error: LedgerError, send: Send) -> None:
        status = STATUS[type(error)]
        body = document(status, error.code, error.detail)
        least_s = error.retry_after_s if isinstance(error, TooManyError) else 0
        retry = retry_after(status, least_s)
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            *((name.lower().encode(), value.encode()) for name, value in retry),
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
