"""Requests of one browser to the application of this process, through its front door.

No port is open: nobody else can use a ledger that is not complete. A signal that ends the process
is noticed between two requests, and never in one.
"""

import asyncio
import json
from contextlib import suppress
from typing import Any

from litestar.types import ASGIApp

from ledger.errors import UnavailableError

_Members = dict[str, Any]
_BUSY = 503


class StopSignal:
    """Whether a signal asked this process to end."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """Note that a signal came."""
        self._asked.set()

    def check(self) -> None:
        """Raise UnavailableError `demo_interrupted` if a signal came."""
        if self._asked.is_set():
            raise UnavailableError("demo_interrupted", "nothing was made")

    async def pause(self, wait_s: float) -> None:
        """Wait, but not after a signal; raise as `check` does."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._asked.wait(), wait_s)
        self.check()


class Browser:
    """One browser: it keeps its session's cookie."""

    def __init__(self, application: ASGIApp, stop: StopSignal) -> None:
        self._application = application
        self._stop = stop
        self._cookie = b""

    async def post(self, path: str, body: _Members) -> _Members:
        """Send a JSON body and return the JSON answer; raise as `_sent` does."""
        answer: _Members = json.loads(await self._sent("POST", path, json.dumps(body).encode()))
        return answer

    async def get(self, path: str) -> bytes:
        """Return the body of an answer; raise as `_sent` does."""
        return await self._sent("GET", path, b"")

    async def _sent(self, method: str, path: str, body: bytes) -> bytes:
        """Return the body of a successful answer.

        Raises UnavailableError with the answer's code if the ledger is not available now, and
        as `StopSignal.check`. Any other refusal is a fault of the demonstration, and raises
        AssertionError.
        """
        self._stop.check()
        answer = _Answer(body)
        # The application's types are those of all ASGI servers; this is one request of one of them.
        await self._application(self._scope(method, path, body), answer.receive, answer.send)  # type: ignore[arg-type]
        for name, value in answer.headers:
            if name == b"set-cookie":
                self._cookie = value.partition(b";")[0]
        if answer.status == _BUSY:
            problem = json.loads(answer.body)
            raise UnavailableError(problem["code"], problem["detail"])
        if not 200 <= answer.status < 300:
            raise AssertionError(f"{method} {path}: {answer.status} {answer.body!r:.500}")
        return answer.body

    def _scope(self, method: str, path: str, body: bytes) -> _Members:
        headers = [(b"host", b"localhost"), (b"accept", b"application/json")]
        if method == "POST":
            headers.append((b"content-type", b"application/json"))
            headers.append((b"content-length", str(len(body)).encode()))
        if self._cookie:
            headers.append((b"cookie", self._cookie))
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 0),
            "server": ("localhost", 80),
        }


class _Answer:
    """The two ends of one exchange, and what came."""

    def __init__(self, body: bytes) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self._requests = [{"type": "http.request", "body": body, "more_body": False}]
        self._ended = asyncio.Event()

    async def receive(self) -> _Members:
        """Return the request, then, when the answer is complete, that the client is gone."""
        if self._requests:
            return self._requests.pop()
        await self._ended.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        """Take one part of the answer."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], [*message["headers"]]
            return
        self.body += message.get("body", b"")
        if not message.get("more_body", False):
            self._ended.set()
