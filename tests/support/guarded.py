"""A server in a thread with guarded connections, and clients that send arbitrary bytes."""

import asyncio
import contextlib
import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import uvicorn

from ledger.http.admission import Admission
from ledger.http.secure_transport import protocol_class
from ledger.system.tls_files import ServerTls


class Application:
    """Answers with the body's length; `/slow` waits, `/early` does not read the body,
    `/large` answers with a megabyte, `/medium` with less than the event loop holds gladly."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, list[tuple[bytes, bytes]], int]] = []
        self.go_on = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        length, more = 0, scope["path"] != "/early"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            length += len(message["body"])
            more = message["more_body"]
        if scope["path"] == "/slow":
            await asyncio.to_thread(self.go_on.wait, 5)
        if scope["path"] == "/endless":
            await self._without_end(send)
            return
        self.seen.append((scope["path"], scope["headers"], length))
        size = {"/large": 1_000_000, "/medium": 50_000}.get(scope["path"])
        body = b"%d" % length if size is None else bytes(size)
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    @staticmethod
    async def _without_end(send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(10_000):
            await send({"type": "http.response.body", "body": bytes(64 * 1024), "more_body": True})


class Guarded:
    """A running server."""

    def __init__(
        self, listening: socket.socket, application: Application, admission: Admission
    ) -> None:
        self.listening = listening
        self.port: int = listening.getsockname()[1]
        self.application = application
        self.admission = admission

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.port), 5, (source, 0))
        client.settimeout(5)
        return client

    def ask(self, *parts: bytes, pause_s: float = 0.0) -> bytes:
        """Send the parts and return everything received until the server closes."""
        with self.connect() as client:
            for part in parts:
                with contextlib.suppress(OSError):  # the server may have refused already
                    client.sendall(part)
                time.sleep(pause_s)
            return received(client)


def received(client: socket.socket) -> bytes:
    """Return everything that the server sends until it closes or stops sending."""
    found = b""
    with contextlib.suppress(OSError):
        while part := client.recv(65_536):
            found += part
    return found


def statuses(answer: bytes) -> list[int]:
    """Return the status of each answer on a connection."""
    return [int(each) for each in re.findall(rb"HTTP/1\.1 (\d{3}) [A-Z]", answer)]


@contextlib.contextmanager
def guarded(admission: Admission, tls: ServerTls | None = None) -> Iterator[Guarded]:
    application = Application()
    configuration = uvicorn.Config(
        application,
        port=0,
        http=protocol_class(admission, tls),
        ws="none",
        proxy_headers=False,
        log_level="critical",
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(configuration)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        with socket.socket(fileno=os.dup(server.servers[0].sockets[0].fileno())) as listening:
            yield Guarded(listening, application, admission)
    finally:
        application.go_on.set()
        server.should_exit = True
        thread.join()
