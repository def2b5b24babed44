"""A transport on which the head of an answer leaves together with its body.

uvicorn writes them one after the other, and uvloop sends what is written at once: two packets, two
system calls, and two wake-ups of the client.
"""

import asyncio
from typing import Any

HEAD = b"HTTP/1.1 "


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

    def write_eof(self) -> None:
        """Send what was kept, then end this direction."""
        self._flush()
        self._transport.write_eof()

    def _flush(self) -> None:
        head, self._head = self._head, b""
        if head and not self._transport.is_closing():
            self._transport.write(head)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
