"""The front door: what happens to a request before the application sees it.

The client's address, the session, the quota, the whole body within its bound, then a turn in the
request's lane. A slow body holds no turn, and a client that hangs up in its body never reaches the
application. Every answer carries the request's id, is counted, and is recorded where it concerns
security.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from litestar.types import ASGIApp, HTTPScope, Send

from ledger.errors import (
    LedgerError,
    NotFoundError,
    TooLargeError,
    UnauthenticatedError,
)
from ledger.http.admission import address_of, site_of
from ledger.http.bodies import Read, body_bytes, read_body
from ledger.http.exchange import Exchange, begin_exchange, request_id
from ledger.http.headers import completed, sharing_headers
from ledger.http.lanes import LaneName, Lanes, Turn, lane_of
from ledger.http.languages import VARY, language_headers, speaking
from ledger.http.passkey_responses import MAX_SMALL_BYTES
from ledger.http.problems import MEDIA_TYPE, answer_to
from ledger.http.quotas import (
    REFUSED_STATUSES,
    SIGNED,
    Asker,
    Group,
    Quotas,
    group_of,
    named_kid,
)
from ledger.http.refusal_page import PAGE_TYPE, refusal_page, wants_page
from ledger.http.requests import MAX_STATEMENT_BYTES, replay
from ledger.http.sessions import stream_holder
from ledger.http.streams import PATH, EventStreams
from ledger.system.client_address import Network, client_address, is_within

Answered = Callable[[Exchange, LaneName | None, float], None]
# The requests with a large body, documents: only a session can be held to what it costs to read.
_LARGE, _SIGN = ("/api/statements/create", "/api/changes", "/api/approvals"), "/sign"


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
        member: Callable[[HTTPScope], Awaitable[str | None]],
        owner_of: Callable[[str], Awaitable[str | None]],
        headers: Sequence[tuple[bytes, bytes]],
        answered: Answered,
    ) -> None:
        """Take what answers, who is signed in, and the headers that every answer carries.

        `owner_of` tells whose signing key a kid names. `answered` is told every exchange, its lane,
        and how long it took in seconds.
        """
        self._application = application
        self._limits = limits
        self._proxies = proxies
        self._member = member
        self._owner_of = owner_of
        self._headers = [*headers]
        self._answered = answered

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Admit one request, or refuse it with a problem document; answer in its language."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        with speaking(scope["headers"]):
            await self._answer(scope, receive, send)

    async def _answer(self, scope: HTTPScope, receive: Any, send: Send) -> None:
        began_s = time.perf_counter()
        exchange = self._begin(scope)
        asker = Asker(address_of(scope.get("client")))
        group = group_of(scope["method"], scope["path"], scope["query_string"])
        lane: LaneName | None = None
        identity = (b"x-request-id", exchange.request_id.encode())

        turn: Turn | None = None

        async def identified(message: Any) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                message["headers"] = [*message["headers"], identity]
            elif turn is not None and message.get("more_body"):
                # The rest is sent as fast as the client reads, and what it costs has turns of its
                # own: a few slow downloads would keep a member's own pages waiting.
                turn.end()
            await send(message)

        try:
            _require_one_spelling(scope["path"])
            if lane_of(scope["method"], scope["path"], is_member=False) is not LaneName.HEALTH:
                # The probes take no session: they answer also when none can be looked up.
                exchange.person = await self._member(scope)
            asker = Asker(asker.address, exchange.person)
            received = await self._receive(scope, receive, group, asker)
            if received is None:
                return  # the client hung up
            lane = _lane(scope, asker)
            if lane is not None:
                turn = self._limits.lanes[lane].turn(asker.member or site_of(asker.address))
                async with turn:
                    await self._application(scope, received, identified)
            elif asker.member is not None:  # a stream lasts too long for a lane, and is counted
                with self._limits.streams.one(stream_holder(scope, asker.member)):
                    await self._application(scope, received, identified)
        except Exception as error:
            if exchange.status:
                raise  # the answer has begun, and the connection can only be closed
            await self._refuse(error, exchange, identified, scope)
        finally:
            if exchange.status:  # otherwise nothing was answered
                if group in SIGNED and exchange.status in REFUSED_STATUSES:
                    self._limits.quotas.count_refusal(asker)
                self._answered(exchange, lane, time.perf_counter() - began_s)

    async def _receive(
        self, scope: HTTPScope, receive: Read, group: Group | None, asker: Asker
    ) -> Read | None:
        """Take the request out of its quota and read its body; None if the client hung up."""
        told_bytes = body_bytes(scope)
        # Without a session, who signed is named in the body; everybody else is known by now.
        names_signer = group in SIGNED and asker.member is None
        if group is not None and not names_signer:
            self._limits.quotas.take(group, asker)
        if told_bytes is not None:
            body = await _read(scope, receive, told_bytes, is_member=asker.member is not None)
            if body is None:
                return None
            if scope["path"] != "/api/approvals":  # it counts each of its approvals
                self._limits.quotas.take_large(asker, len(body))
            if names_signer:
                asker = Asker(asker.address, signer=await self._signer(body))
            receive = replay(body, receive)
        if group is not None and names_signer:
            self._limits.quotas.take(group, asker)
        return receive

    async def _signer(self, body: bytes) -> str | None:
        kid = named_kid(body)
        return None if kid is None else await self._owner_of(kid)

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

    async def _refuse(
        self, error: Exception, exchange: Exchange, send: Send, scope: HTTPScope
    ) -> None:
        """Answer with a problem document, or with a page if the client is a browser."""
        status, body, more = answer_to(error, exchange)
        page = wants_page(scope["headers"])
        if page:
            # What only the server's log may say has the status 500.
            known = error if isinstance(error, LedgerError) and status != 500 else None
            body = refusal_page(status, known)
        # A problem document has a sentence for people, in their language.
        more = [*more, *(language_headers() if page else {"Vary": VARY}).items()]
        headers = [
            (b"content-type", (PAGE_TYPE if page else MEDIA_TYPE).encode()),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            *((name.lower().encode(), value.encode()) for name, value in more),
            *sharing_headers(scope["method"], scope["path"]),
        ]
        headers = completed(headers, self._headers)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


def _require_one_spelling(path: str) -> None:
    """Raise NotFoundError `not_found` for a path with an empty part.

    The framework would answer it like the path without: quotas, lanes and streams would not know
    whose address it is.
    """
    if path != "/" and (path.endswith("/") or "//" in path):
        raise NotFoundError("not_found", "an address has no empty part")


def _lane(scope: HTTPScope, asker: Asker) -> LaneName | None:
    """Return the lane of a request, None for a member's stream."""
    is_member = asker.member is not None
    if is_member and scope["path"] == PATH:
        return None
    return lane_of(scope["method"], scope["path"], is_member=is_member)


def _values(scope: HTTPScope, name: bytes) -> list[bytes]:
    return [value for each, value in scope["headers"] if each == name]


async def _read(
    scope: HTTPScope, receive: Read, told_bytes: int, *, is_member: bool
) -> bytes | None:
    """Return the whole body, None if the client hung up in it."""
    large = scope["path"] in _LARGE or scope["path"].endswith(_SIGN)
    most = MAX_STATEMENT_BYTES if large and is_member else MAX_SMALL_BYTES
    too_large = _too_large(most, sign_in=large and not is_member)
    return await read_body(receive, told_bytes, most=most, too_large=too_large)


def _too_large(most: int, *, sign_in: bool) -> LedgerError:
    if sign_in:
        detail = f"sign in first: without a session a body has at most {most} bytes"
        return UnauthenticatedError("sign_in_required", detail)
    return TooLargeError("request_too_large", f"the body has at most {most} bytes")
