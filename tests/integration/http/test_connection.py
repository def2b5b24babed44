"""A connection is bounded in bytes, lines, time and requests before anything is worked on."""

import json
import time
from collections.abc import Iterator

import pytest

from ledger.http.admission import Admission, ConnectionLimits
from tests.support.guarded import Guarded, guarded, received, statuses

HOST = b"Host: localhost\r\n"
GET = b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n"
LAST = b"GET /last HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
LIMITS = ConnectionLimits(
    connections=16,
    connections_per_address=8,
    head_bytes=4_096,
    header_lines=20,
    head_s=1.0,
    body_bytes=100_000,
    body_s=1.0,
    overhead_bytes=2_000,
    bodies_bytes=500_000,
    pipelined=4,
    idle_s=1.0,
    write_s=1.0,
    linger_s=1.0,
)


@pytest.fixture(scope="module")
def server() -> Iterator[Guarded]:
    with guarded(Admission(LIMITS)) as running:
        yield running


def post(length: int, *lines: bytes) -> bytes:
    head = [b"POST /a HTTP/1.1", b"Host: localhost", b"Content-Length: %d" % length, *lines]
    return b"\r\n".join([*head, b"", b""])


def refused(server: Guarded, status: int, *parts: bytes, pause_s: float = 0.0) -> None:
    """Check that this is refused with a problem document, and that the next client is served."""
    answer = server.ask(*parts, pause_s=pause_s)
    assert statuses(answer) == [status]
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in head
    assert b"content-type: application/problem+json" in head
    assert json.loads(body)["status"] == status
    assert (b"retry-after: " in head) is (status in (429, 503))
    assert statuses(server.ask(LAST)) == [200]


def test_a_browser_that_is_refused_by_its_head_gets_a_page_with_a_way_on(server: Guarded) -> None:
    line = b"Accept: text/html,application/xhtml+xml"
    answer = server.ask(post(200_000, line))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert statuses(answer) == [413]
    assert b"content-type: text/html; charset=utf-8" in head
    assert b"vary: Accept, Accept-Language, Cookie" in head
    assert b"<h1>This is too large</h1>" in body
    assert b'<a href="/inbox">' in body


def test_requests_follow_each_other_on_a_connection(server: Guarded) -> None:
    with server.connect() as client:
        for _ in range(3):
            client.sendall(GET)
            assert client.recv(4_096).endswith(b"\r\n\r\n0")
        client.sendall(post(5) + b"12345")
        assert client.recv(4_096).endswith(b"\r\n\r\n5")


@pytest.mark.parametrize(
    ("status", "head"),
    [
        (400, b"GET / HTTP/1.1\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n"),
        (400, b"GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
        (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
        (400, b"GET http://elsewhere/ HTTP/1.1\r\n" + HOST + b"\r\n"),
        (400, b"GET ftp://localhost/ HTTP/1.1\r\n" + HOST + b"\r\n"),
        (400, b"GET * HTTP/1.1\r\n" + HOST + b"\r\n"),
        (400, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n"),
        (400, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999999999999999999\r\n\r\n"),
        (413, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 999999999999999999\r\n\r\n"),
        (413, post(100_001)),
        (417, post(1, b"Expect: something")),
        (501, b"CONNECT localhost:1 HTTP/1.1\r\n" + HOST + b"\r\n"),
        (501, b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n"),
        (505, b"GET /\r\n\r\n"),
        (505, b"GET / HTTP/2.0\r\n" + HOST + b"\r\n"),
    ],
)
def test_a_head_that_says_what_no_request_may_say_is_refused(
    server: Guarded, status: int, head: bytes
) -> None:
    refused(server, status, head)


def test_an_absolute_target_that_agrees_with_the_host_is_served(server: Guarded) -> None:
    head = b"GET http://LOCALHOST/a HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    assert statuses(server.ask(head)) == [200]


def test_options_of_the_whole_server_says_what_it_takes(server: Guarded) -> None:
    answer = server.ask(b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n")
    assert statuses(answer) == [204]
    assert b"allow: GET, HEAD, POST, OPTIONS" in answer


@pytest.mark.parametrize("line", [b"TE: trailers", b"Upgrade: h2c\r\nConnection: Upgrade"])
def test_an_offer_of_another_protocol_is_passed_over(server: Guarded, line: bytes) -> None:
    answer = server.ask(b"GET /a HTTP/1.1\r\n" + HOST + line + b"\r\n\r\n" + LAST)
    assert statuses(answer)[0] == 200


def test_a_client_that_expects_to_be_told_to_continue_is_told(server: Guarded) -> None:
    with server.connect() as client:
        client.sendall(post(5, b"Expect: 100-continue"))
        assert client.recv(4_096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"12345")
        assert client.recv(4_096).endswith(b"5")


def test_a_head_without_end_is_refused_by_its_bytes(server: Guarded) -> None:
    refused(server, 431, b"GET / HTTP/1.1\r\nx: ", b"a" * 1_000, b"a" * 4_000)
    refused(server, 431, b"GET / HTTP/1.1\r\nx: " + b"a" * 5_000)  # in one piece
    refused(server, 431, b"GET / HTTP/1.1\r\nx: " + b"a" * 1_000_000)
    refused(server, 431, b"GET /" + b"a" * 5_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n")


def test_headers_without_end_are_refused_by_their_number(server: Guarded) -> None:
    refused(server, 431, b"GET / HTTP/1.1\r\n" + HOST, *[b"x: y\r\n" * 10] * 4)


def test_trailers_are_counted_and_never_become_headers(server: Guarded) -> None:
    head = b"POST /a HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    answer = server.ask(head + b"1\r\na\r\n0\r\nCookie: stolen\r\n\r\n" + LAST)
    assert statuses(answer) == [200, 200]
    _, headers, length = server.application.seen[-2]
    assert length == 1
    assert b"cookie" not in dict(headers)
    refused(server, 431, head + b"0\r\n" + b"x: y\r\n" * 40)


def test_a_head_that_trickles_is_refused_by_its_time(server: Guarded) -> None:
    refused(server, 408, b"GET / HTTP/1.1\r\n", *[b"x: y\r\n"] * 8, pause_s=0.3)


def test_a_body_that_trickles_is_refused_by_its_time(server: Guarded) -> None:
    refused(server, 408, post(1_000), *[b"a"] * 8, pause_s=0.3)


def test_a_connection_that_says_nothing_is_closed(server: Guarded) -> None:
    before = time.monotonic()
    assert server.ask() == b""
    assert time.monotonic() - before < 4


def test_a_body_in_chunks_is_bounded_like_any_other(server: Guarded) -> None:
    head = b"POST /a HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    chunk = b"%x\r\n" % 10_000 + b"a" * 10_000 + b"\r\n"
    refused(server, 413, head, *[chunk] * 11)
    refused(server, 400, head, *[b"1\r\na\r\n" * 500] * 8, pause_s=0.1)
    refused(server, 400, head, b"1;" + b"x" * 10_000 + b"\r\na\r\n", pause_s=0.1)


def test_the_bodies_that_are_held_at_once_are_bounded_in_sum(server: Guarded) -> None:
    holding = [server.connect() for _ in range(3)]
    try:
        for client in holding[:2]:
            client.sendall(post(99_000) + b"a" * 98_999)
        wait_for(server, 2 * 98_999)
        holding[2].sendall(post(99_000) + b"a" * 98_999)
        answer = received(holding[2])
        assert statuses(answer) == [503]
        # The other half is for small ones.
        assert statuses(server.ask(post(60_000), b"a" * 60_000, LAST)) == [200, 200]
        for client in holding[:2]:
            client.sendall(b"a")
            assert client.recv(4_096).endswith(b"99000")
        wait_for(server, 0)
    finally:
        for client in holding:
            client.close()


def wait_for(server: Guarded, held: int) -> None:
    give_up = time.monotonic() + 5
    while server.admission.bodies_bytes != held and time.monotonic() < give_up:
        time.sleep(0.01)
    assert server.admission.bodies_bytes == held


def test_bodies_of_clients_that_hang_up_are_given_back(server: Guarded) -> None:
    for _ in range(5):
        with server.connect() as client:
            client.sendall(post(99_000) + b"a" * 50_000)
    wait_for(server, 0)


def test_an_address_has_so_many_connections_and_another_its_own(server: Guarded) -> None:
    here = [server.connect() for _ in range(8)]
    try:
        with server.connect() as one_more:
            assert statuses(received(one_more)) == [429]
        there = server.connect("127.0.0.2")
        here.append(there)
        there.sendall(GET)
        assert there.recv(4_096).startswith(b"HTTP/1.1 200")
    finally:
        for client in here:
            client.close()


def test_requests_in_one_packet_are_answered_in_order_up_to_a_number(server: Guarded) -> None:
    assert statuses(server.ask(GET * 3 + LAST)) == [200] * 4
    server.application.go_on.clear()
    slow = b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n"
    with server.connect() as client:
        client.sendall(slow + GET * 30)
        time.sleep(0.2)
        server.application.go_on.set()
        assert statuses(received(client)) == [200] * 5


def test_a_refusal_comes_after_the_answers_to_what_was_accepted(server: Guarded) -> None:
    server.application.go_on.clear()
    slow = b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n"
    with server.connect() as client:
        client.sendall(slow + GET + post(100_001))
        time.sleep(0.2)
        server.application.go_on.set()
        assert statuses(received(client)) == [200, 200, 413]


def test_a_body_that_is_too_long_for_the_wire_leaves_the_request_before_it_answered(
    server: Guarded,
) -> None:
    server.application.go_on.clear()
    slow = b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n"
    head = b"POST /a HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    with server.connect() as client:
        client.sendall(slow + head + b"0001\r\na\r\n" + b"zz\r\n")
        time.sleep(0.2)
        server.application.go_on.set()
        assert statuses(received(client)) == [200, 400]


def test_an_answer_that_came_before_the_body_ends_nothing(server: Guarded) -> None:
    early = b"POST /early HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\n"
    with server.connect() as client:
        client.sendall(early)
        assert client.recv(4_096).startswith(b"HTTP/1.1 200")
        client.sendall(b"12345" + LAST)
        assert statuses(received(client)) == [200]


def test_a_client_that_still_sends_its_body_is_not_reset_by_its_answer() -> None:
    """Many clients that are reset while they send lose the answer that had arrived."""
    head = b"POST /early HTTP/1.1\r\n" + HOST + b"Connection: close\r\n"
    with guarded(Admission()) as server, server.connect() as client:
        client.sendall(head + b"Content-Length: 900000\r\n\r\n" + bytes(300_000))
        assert statuses(client.recv(4_096)) == [200]
        for _ in range(3):
            time.sleep(0.05)
            client.sendall(bytes(100_000))
        assert received(client) == b""


def test_a_client_that_stops_reading_is_let_go(server: Guarded) -> None:
    with server.connect() as client:
        client.sendall(b"GET /endless HTTP/1.1\r\n" + HOST + b"\r\n")
        give_up = time.monotonic() + 8
        while server.admission.connections and time.monotonic() < give_up:
            time.sleep(0.05)
        assert server.admission.connections == 0


def test_refusals_are_counted_by_status() -> None:
    with guarded(Admission(LIMITS)) as server:
        server.ask(b"nonsense\r\n\r\n")
        server.ask(post(100_001))
        assert server.admission.refused == {400: 1, 413: 1}
