"""The HTTP client: bounded in bytes and in time for every behaviour of the server."""

import socket
import threading
import time
from contextlib import closing

import pytest

from ledger import __version__
from ledger.errors import UnavailableError
from ledger.system.http_client import HttpClient
from tests.support.bare_server import dripping, talking
from tests.support.strangers import Reply, stranger


def failure(url: str, **limits: float) -> str:
    with (
        closing(HttpClient(url, max_bytes=100, silence_s=0.5)) as client,
        pytest.raises(UnavailableError) as refused,
    ):
        client.get("/x", total_s=limits.get("total_s", 10.0))
    assert refused.value.code == "peer_unreachable"
    return refused.value.detail


@pytest.mark.parametrize(
    "head",
    [b"HTTP", b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n"],
)
def test_an_answer_that_drips_ends_at_the_deadline(head: bytes) -> None:
    with talking(dripping(head)) as url:
        began_s = time.monotonic()
        assert "timed out" in failure(url, total_s=0.3)
        assert time.monotonic() - began_s < 8


def test_a_server_that_falls_silent_is_not_waited_for_until_the_deadline() -> None:
    over = threading.Event()
    with talking(lambda connection: over.wait(9)) as url:
        began_s = time.monotonic()
        assert "timed out" in failure(url)
        assert time.monotonic() - began_s < 8
        over.set()


def test_no_more_is_read_than_the_limit() -> None:
    with stranger(lambda *_: Reply(200, bytes(101))) as url:
        assert "over 100 bytes" in failure(url)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf",
    ],
)
def test_an_answer_that_ends_early_is_none(answer: bytes) -> None:
    with talking(lambda connection: connection.sendall(answer)) as url:
        failure(url)


def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    answer = b"HTTP/1.1 200 OK\r\n\r\nall of it"
    with (
        talking(lambda connection: connection.sendall(answer)) as url,
        closing(HttpClient(url, max_bytes=100)) as client,
    ):
        assert [client.get("/x").body for _ in range(2)] == [b"all of it"] * 2


def test_no_redirection_is_followed() -> None:
    asked: list[str] = []

    def script(_: str, path: str, __: bytes) -> Reply:
        asked.append(path)
        return Reply(302)

    with stranger(script) as url, closing(HttpClient(url, max_bytes=100)) as client:
        assert client.get("/x").status == 302
    assert asked == ["/x"]


def test_one_connection_serves_several_requests_and_says_who_asks() -> None:
    heads: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        for _ in range(2):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            heads.append(connection.recv(65_536))

    with talking(talk) as url, closing(HttpClient(url, max_bytes=100)) as client:
        assert [client.get(path).body for path in ("/1", "/2")] == [b"ok", b"ok"]
    assert f"User-Agent: approval-ledger/{__version__}\r\n".encode() in heads[0]
    assert heads[0].startswith(b"GET /2 ")


def test_a_client_that_is_closed_cuts_off_the_request_under_way() -> None:
    asked = threading.Event()
    failures: list[UnavailableError] = []

    def talk(connection: socket.socket) -> None:
        asked.set()
        connection.recv(1)  # until the client hangs up

    with talking(talk) as url:
        client = HttpClient(url, max_bytes=100)

        def ask() -> None:
            try:
                client.get("/x")
            except UnavailableError as error:
                failures.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        assert asked.wait(10)
        began_s = time.monotonic()
        client.close()
        thread.join()
        assert time.monotonic() - began_s < 8
        assert [each.code for each in failures] == ["peer_unreachable"]
        with pytest.raises(UnavailableError, match="closed"):
            client.get("/x")


def test_a_proxy_of_the_environment_is_used_only_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def script(_: str, path: str, __: bytes) -> Reply:
        asked.append(path)
        return Reply(200, b"by proxy")

    with stranger(script) as proxy, stranger(lambda *_: Reply(200, b"direct")) as url:
        for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", proxy.replace("//", "//user:pass@"))
        with closing(HttpClient(url, max_bytes=100)) as client:
            assert client.get("/x").body == b"direct"
        far = "http://ledger.invalid"
        with closing(HttpClient(far, max_bytes=100, proxies=True)) as client:
            assert client.get("/x").body == b"by proxy"
        with closing(HttpClient(url, max_bytes=100, proxies=True)) as client:  # this machine
            assert client.get("/x").body == b"direct"
        monkeypatch.setenv("no_proxy", "ledger.invalid")
        with (
            closing(HttpClient(far, max_bytes=100, proxies=True)) as client,
            pytest.raises(UnavailableError),
        ):
            client.get("/x")
    assert asked == [f"{far}/x"]
