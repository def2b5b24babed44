"""One request and its answer on a connection, as uvicorn runs them, at less cost.

An answer leaves whole: uvicorn writes its head and its body one after the other, which takes two
packets, two system calls, and two wake-ups of the client. Header lines that every answer repeats
are checked and encoded once. No request sets a timer. A request whose client is gone before any
work is not worked on.
"""

import asyncio
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

# What a header may not hold, for it would end its line or be another header (RFC 9110 section 5).
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BAD_IN_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
# Headers with few values, of which none is anybody's; a date is the same for a second.
_REPEATED = frozenset(
    (
        b"cache-control",
        b"content-security-policy",
        b"content-type",
        b"cross-origin-opener-policy",
        b"cross-origin-resource-policy",
        b"date",
        b"permissions-policy",
        b"referrer-policy",
        b"strict-transport-security",
        b"vary",
        b"x-content-type-options",
    )
)


class Cycle(RequestResponseCycle):
    """A request from its head on."""

    _head = b""  # what leaves with the first part of the body
    close: Callable[[], None]  # how the connection ends after this answer

    async def run_asgi(self, app: Any) -> None:
        """Have the application answer, unless the client is gone before any work."""
        # A client that sent its request and hung up is known as gone after the loop's next turn.
        await asyncio.sleep(0)
        if not self.disconnected:
            await super().run_asgi(app)

    async def send(self, message: Any) -> None:
        """Send a part of the answer; nothing once the client is gone."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.transport.is_closing():
            self.disconnected = (
                True  # the loop has closed the socket, and tells it at its next turn
            )
        if self.disconnected:
            return
        if not self.response_started and message["type"] == "http.response.start":
            self._start(message["status"], [*self.default_headers, *message["headers"]])
            return
        head, self._head = self._head, b""
        body = message.get("body", b"")
        if (
            not head
            or message.get("more_body", False)
            or len(body) != self.expected_content_length
            or len(body) > HIGH_WATER_LIMIT  # to copy it costs more than another packet
        ):
            if head:
                self.transport.write(head)
            await super().send(message)
            return
        self.transport.write(head + body)
        self.response_complete = True
        self.message_event.set()
        self.on_response()
        if not self.keep_alive:
            self.close()

    def _start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Keep the head until the body begins; one of unknown length may begin much later."""
        self.response_started = True
        self.waiting_for_100_continue = False
        lines, closes = [STATUS_LINE[status]], False
        for given, value in headers:
            name = given.lower()
            if name in _REPEATED:
                lines.append(_repeated_line(name, value))
                continue
            lines.append(_line(name, value))
            if name == b"content-length":
                self.expected_content_length, self.chunked_encoding = int(value), False
            elif name == b"connection":
                closes = value.lower() == b"close"
        if closes:
            self.keep_alive = False
        elif not self.keep_alive:
            lines.append(b"connection: close\r\n")
        is_head = self.scope["method"] == "HEAD"
        if self.chunked_encoding is None and not is_head and status not in (204, 304):
            self.chunked_encoding = True
            lines.append(b"transfer-encoding: chunked\r\n")
        lines.append(b"\r\n")
        head = b"".join(lines)
        if self.chunked_encoding is False and not is_head:
            self._head = head
        else:
            self.transport.write(head)


class CycleProtocol(HttpToolsProtocol):
    """uvicorn's protocol with these cycles, without its timer: `end_if_late` is enough."""

    _has_cycle = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin without a body."""
        super().connection_made(transport)
        self._parts: list[bytes] = []  # of a body, not taken yet

    def feed(self, data: bytes) -> None:
        """Parse some bytes, and take what they hold of a body at once: chunks can be tiny."""
        self.parser.feed_data(data)
        self.take_parts()

    def on_body(self, body: bytes) -> None:
        """Note a part of a body."""
        self._parts.append(body)

    def take_parts(self) -> None:
        """Take the noted parts as one."""
        if self._parts:
            body = b"".join(self._parts)
            self._parts.clear()
            self.take_body(body)

    def take_body(self, body: bytes) -> None:
        """Give a part of the body to its request."""
        super().on_body(body)

    def eof_received(self) -> None:
        """Give up the requests of a client that has hung up, also those not begun yet."""
        for cycle in (self.cycle, *(each for each, _ in self.pipeline)) if self._has_cycle else ():
            cycle.disconnected = True
            cycle.message_event.set()

    def on_headers_complete(self) -> None:
        """Begin a request; if another is being answered, queue this one."""
        version, target = self.parser.get_http_version(), httptools.parse_url(self.url)
        path = target.path.decode("ascii")
        self.scope["method"] = self.parser.get_method().decode("ascii")
        self.scope["http_version"] = version
        self.scope["path"] = unquote(path) if "%" in path else path
        self.scope["raw_path"] = target.path
        self.scope["query_string"] = target.query or b""
        waits, self._has_cycle = self._has_cycle and not self.cycle.response_complete, True
        self.cycle = Cycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        self.cycle.close = self.close_after_answer
        if waits:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))
        else:
            self._start_asgi_task(self.cycle, self.app)

    def close_after_answer(self) -> None:
        """Close the connection after its last answer."""
        self.transport.close()

    def on_response_complete(self) -> None:
        """Go on with the next request that waits on this connection."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())


def _line(name: bytes, value: bytes) -> bytes:
    """Return a header's line; raise RuntimeError for one that is no header."""
    if not _NAME.fullmatch(name) or _BAD_IN_VALUE.search(value):
        raise RuntimeError(f"the answer has an invalid header {name!r}")
    return b"%b: %b\r\n" % (name, value)


_repeated_line = lru_cache(maxsize=256)(_line)
