"""HTTP/1.1 connections on which the head of an answer and its body leave together.

uvicorn writes them one after the other, and uvloop sends what is written at once: two packets, two
system calls, and two wake-ups of whoever waits for the answer.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LONG_BYTES = 4096


class Connection(HttpToolsProtocol):
    """A connection of uvicorn's that sends at the end of each turn of the event loop."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to serve a client."""
        super().connection_made(cast(asyncio.Transport, Joined(transport, self.loop)))


class Joined:
    """A transport that joins what is written in one turn of the loop."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Send at the end of this turn, or at once what is long."""
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(data)
        if len(data) >= LONG_BYTES:  # the transport has to know, to say when it has too much
            self._flush()

    def close(self) -> None:
        """Send what waits, then close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._waiting and not self._transport.is_closing():
            self._transport.write(b"".join(self._waiting))
        self._waiting.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
