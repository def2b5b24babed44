"""A few addresses keep nobody else out; what is no request, or refused, costs no more."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from ledger.http.admission import Admission
from ledger.http.connection import SLICE_BYTES, Connection
from tests.integration.http.test_connection import GET, HOST, LAST, LIMITS, post, refused
from tests.support.guarded import Guarded, guarded, received, statuses


@pytest.fixture
def server() -> Iterator[Guarded]:
    with guarded(Admission(LIMITS)) as running:
        yield running


def test_the_server_has_so_many_connections_in_all(server: Guarded) -> None:
    server.application.go_on.clear()
    clients = [server.connect(f"127.0.0.{n + 10}") for n in range(16)]
    try:
        for client in clients:
            client.sendall(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n")
        time.sleep(0.2)
        with server.connect("127.0.0.9") as one_more:
            assert statuses(received(one_more)) == [503]
    finally:
        server.application.go_on.set()
        for client in clients:
            client.close()
    give_up = time.monotonic() + 5
    while server.admission.connections and time.monotonic() < give_up:
        time.sleep(0.01)
    assert statuses(server.ask(LAST)) == [200]


@pytest.mark.parametrize(
    "addresses", [["127.0.0.2", "127.0.0.3"], [f"127.0.1.{n}" for n in range(1, 17)]]
)
def test_neither_few_addresses_nor_many_that_fill_the_server_keep_others_out(
    server: Guarded, addresses: list[str]
) -> None:
    with ExitStack() as opened:
        clients = []
        for number in range(16):
            address = addresses[number * len(addresses) // 16]
            client = opened.enter_context(server.connect(address))
            client.sendall((b"", GET[:-2], post(9) + b"a")[number % 3])
            clients.append(client)
        for _ in range(5):
            another = opened.enter_context(server.connect("127.0.0.9"))
            another.sendall(GET)
            assert another.recv(4_096).startswith(b"HTTP/1.1 200")
        assert received(clients[0]) == b""


def test_blank_lines_before_a_head_are_bounded_like_one(server: Guarded) -> None:
    assert statuses(server.ask(b"\r\n" * 1_000 + LAST)) == [200]
    assert statuses(server.ask(GET + b"\r\n" * 1_000 + LAST)) == [200, 200]
    refused(server, 431, b"\r\n" * 1_000, b"\r\n" * 2_000)
    refused(server, 431, b"\n" * 1_000_000)
    for begun in (b"GET /a HTTP/1.1\r\n", b""):
        assert server.ask(GET + b"\r\n" * 10_000 + begun)[:12] == b"HTTP/1.1 200"


def test_blank_lines_between_requests_are_bounded_and_what_was_accepted_is_answered(
    server: Guarded,
) -> None:
    server.application.go_on.clear()
    slow = b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n"
    with server.connect() as client:
        client.sendall(slow + b"\r\n" * 10_000 + LAST)
        time.sleep(0.2)
        server.application.go_on.set()
        assert statuses(received(client)) == [200, 431]


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of the parts of bodies, in the order in which the parser found them."""
    found: list[int] = []
    on_body = Connection.on_body

    def counted(connection: Connection, body: bytes) -> None:
        found.append(len(body))
        on_body(connection, body)

    monkeypatch.setattr(Connection, "on_body", counted)
    return found


def test_a_body_whose_length_was_told_costs_a_few_calls(server: Guarded, parsed: list[int]) -> None:
    """Each of 15 parts of 60 kB was counted by itself, and cost as much as its head."""
    assert statuses(server.ask(post(60_000), b"a" * 60_000 + LAST)) == [200, 200]
    assert sum(parsed) == 60_000
    assert len(parsed) <= 4  # the system may hand it over in several


def test_after_a_refusal_the_rest_of_what_arrived_costs_nothing(
    server: Guarded, parsed: list[int]
) -> None:
    head = b"POST /a HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    refused(server, 400, head, b"1\r\na\r\n" * 100_000)
    assert len(parsed) < SLICE_BYTES


def test_a_request_that_was_answered_before_its_body_gets_no_second_answer(server: Guarded) -> None:
    head = b"POST /early HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    answer = server.ask(head, b"1\r\na\r\n" * 10_000, b"1\r\na\r\n", pause_s=0.3)
    assert statuses(answer) == [200]


@pytest.mark.parametrize("last", [b"Connection: close\r\n", b""])
def test_a_client_that_leaves_less_unread_than_the_loop_calls_stalled_is_let_go(
    server: Guarded, last: bytes
) -> None:
    """It held its connection for ever: what is closed and unsent had no time."""
    server.listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
        client.connect(("127.0.0.1", server.port))
        client.sendall(b"GET /medium HTTP/1.1\r\n" + HOST + last + b"\r\n")
        give_up = time.monotonic() + 8
        time.sleep(0.1)
        while server.admission.connections and time.monotonic() < give_up:
            time.sleep(0.05)
        assert server.admission.connections == 0
