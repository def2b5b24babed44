"""A server on this machine that writes what is no HTTP, too."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Talk = Callable[[socket.socket], object]
LENGTH = re.compile(rb"(?i)\r\ncontent-length: (\d+)")


@contextmanager
def talking(talk: Talk) -> Iterator[str]:
    """Serve what is written on the bare connection, after each request."""

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # the test is over
                return
            with connection:
                try:
                    _read_request(connection)
                    talk(connection)
                except OSError:  # the client has hung up
                    continue

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _read_request(connection: socket.socket) -> None:
    """Read a request with its body: closing a connection with unread bytes resets it."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(65_536)
        if not more:
            return
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    length = LENGTH.search(head)
    while length is not None and len(body) < int(length[1]):
        body += connection.recv(65_536)


def dripping(head: bytes) -> Talk:
    """Send a beginning, and then one byte every 20 ms for longer than any test waits."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(head)
        for _ in range(1000):
            connection.sendall(b"x")
            time.sleep(0.02)

    return talk
