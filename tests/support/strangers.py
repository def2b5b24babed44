"""A server on this machine whose answers the test scripts, right or wrong."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Reply(NamedTuple):
    """The stranger's answer."""

    status: int
    body: bytes = b""
    media_type: str = "text/plain"
    cookie: str = ""


Script = Callable[[str, str, bytes], Reply]  # from a request's method, path and body


@contextmanager
def stranger(script: Script) -> Iterator[str]:
    """Serve the script's answers; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            reply = script(self.command, self.path, body)
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.media_type)
            if reply.cookie:
                self.send_header("Set-Cookie", reply.cookie)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST  # noqa: N815  # the library's name

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
