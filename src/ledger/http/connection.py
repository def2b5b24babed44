"""HTTP/1.1 connections on which the head of an answer leaves together with its body.

uvicorn writes them one after the other, and uvloop sends what is written at once: two packets, two
system calls, and two wake-ups of whoever waits for the answer.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD = b"HTTP/1.1 "


class Connection(HttpToolsProtocol):
    """A connection of uvicorn's that sends an answer in one piece."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to serve a client."""
        super().connection_made(cast(asyncio.Transport, Joined(transport, self.loop)))


class Joined:
    """A transport that keeps a head for what is written next, to the end of the turn at most."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head = b""

    def write(self, data: bytes) -> None:
        """Send what was kept and this; or keep it, if it is a head."""
        if not self._head and data.startswith(HEAD):
            self._head = data
            self._loop.call_soon(self._flush)
        else:
            self._transport.write(self._head + data)
            self._head = b""

    def close(self) -> None:
        """Send what was kept, then close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        head, self._head = self._head, b""
        if head and not self._transport.is_closing():
            self._transport.write(head)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
