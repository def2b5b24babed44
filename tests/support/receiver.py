"""A receiver of webhooks on this machine, which answers as a test says."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from standardwebhooks.webhooks import Webhook

PATIENCE_S = 60.0


class Received(NamedTuple):
    """One request: the message's id, its body, its headers, and how it was answered."""

    id: str
    body: bytes
    headers: dict[str, str]
    status: int
    path: str

    def verified(self, secret: str) -> dict[str, Any]:
        """Return the message, after the library of Standard Webhooks verified it."""
        found: dict[str, Any] = Webhook(secret).verify(self.body, self.headers)
        return found


class Receiver:
    """An HTTP server; `answer` returns the status and further headers of each answer."""

    def __init__(
        self, answer: Callable[[], tuple[int, dict[str, str]]] = lambda: (204, {})
    ) -> None:
        self.answer = answer
        self.received: list[Received] = []
        self._more = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:  # the library's name
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:  # the sender was killed: no request
                    self.close_connection = True
                    return
                status, more = outer.answer()
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer._keep(Received(headers["webhook-id"], body, headers, status, self.path))
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                if "Content-Length" not in more:
                    self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: Any) -> None:
                """Take it that a sender was killed in the middle of a request."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _keep(self, received: Received) -> None:
        with self._more:
            self.received.append(received)
            self._more.notify_all()

    @property
    def taken(self) -> list[Received]:
        """The requests that were answered with success, in order."""
        return [each for each in self.received if 200 <= each.status < 300]

    def wait_for(self, fits: Callable[[list[Received]], bool]) -> None:
        """Return once what was received fits."""
        with self._more:
            assert self._more.wait_for(lambda: fits(self.received), PATIENCE_S), self.received[-5:]

    def wait_for_ids(self, count: int) -> None:
        """Return once so many different messages were taken."""
        self.wait_for(lambda _: len({each.id for each in self.taken}) >= count)
