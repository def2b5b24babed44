"""A client that hangs up: it costs the server no traceback, wherever it is in its request.

The `server` of these tests is checked at the end of each: no traceback in its log.
"""

import json
import re
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.support.actor import Actor
from tests.support.check import head, wait_for
from tests.support.server import Server


def request_of(actor: Actor, path: str) -> bytes:
    cookies = "; ".join(f"{name}={value}" for name, value in actor.client.cookies.items())
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies}\r\n\r\n".encode()


@pytest.fixture
def connection(server: Server) -> Iterator[socket.socket]:
    with socket.create_connection(("localhost", server.port), timeout=10) as opened:
        # So small that a large answer is still being written when its reader goes.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        yield opened


def goes_on(server: Server, complaints: str) -> None:
    """Expect that the server answers others and that its log has no new complaint."""
    time.sleep(0.3)  # nothing tells when the server has noticed
    assert httpx.get(f"{server.origin}/healthz").status_code == 200
    new = server.output.removeprefix(complaints)
    assert not re.search(r"Traceback|ERROR|Exception|unexpected error", new), new


@pytest.mark.parametrize("sent", [0, 1, 500])
def test_hanging_up_in_the_body_leaves_no_traceback(
    sent: int, server: Server, connection: socket.socket
) -> None:
    before = server.output
    text = json.dumps({"name": "Dora", "role": "investor"}).ljust(1_000)
    head = "POST /api/credentials HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    connection.sendall(f"{head}Content-Length: 1000\r\n\r\n{text[:sent]}".encode())
    connection.close()
    goes_on(server, before)


@pytest.mark.parametrize(
    "path", ["/api/statements", "/statements", "/api/users?minPosition=9000000000", "/api/stream"]
)
def test_hanging_up_before_the_answer_leaves_no_traceback(
    path: str, server: Server, bob: Actor, connection: socket.socket
) -> None:
    before = server.output
    connection.sendall(request_of(bob, path))
    connection.close()
    goes_on(server, before)


def test_hanging_up_while_the_answer_is_written_leaves_no_traceback(
    server: Server, alice: Actor, connection: socket.socket
) -> None:
    drafted = alice.draft(content=json.dumps({"a": "x" * 900_000}))
    wait_for(server, head(server))
    before = server.output
    connection.sendall(request_of(alice, f"/api/statements/{drafted.id}"))
    assert connection.recv(16).startswith(b"HTTP/1.1 200")
    connection.close()
    goes_on(server, before)


def test_hanging_up_in_a_stream_leaves_no_traceback(
    server: Server, alice: Actor, connection: socket.socket
) -> None:
    before = server.output
    connection.sendall(request_of(alice, "/api/stream"))
    assert connection.recv(16).startswith(b"HTTP/1.1 200")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00" + b"\x00" * 4)
    connection.close()  # with a reset, as a process that is killed does
    alice.draft()  # the stream finds out when it writes
    wait_for(server, head(server))
    goes_on(server, before)
