"""What RFC 9110 and 9112 ask of every answer: hosts, methods, and what an answer depends on."""

import socket

import httpx
import pytest

from ledger.http.headers import security_headers
from tests.support.declared_routes import BY_CEREMONY, LOG, MEMBERS_POST, PAGES, PUBLIC
from tests.support.guarded import received
from tests.support.server import Server

PAGE = {"Accept": "text/html"}
VARY = "Accept, Accept-Language, Cookie"


def ask(server: Server, raw: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), 5) as client:
        client.settimeout(5)
        client.sendall(raw)
        return received(client)


def headers_of(answer: bytes) -> dict[str, str]:
    lines = answer.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return dict(line.split(": ", 1) for line in lines)


@pytest.mark.parametrize("path", ["/", "/nowhere", "/inbox", "/livez", "/log/checkpoint"])
@pytest.mark.parametrize(
    "host", ["a:99999", "a:x", "a:80:80", "a b", "a/b", "a@b", "[::1", "a\\b", "<a>", "a\u00ff"]
)
def test_a_host_that_is_none_is_refused_before_any_work(
    server: Server, host: str, path: str
) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\n\r\n"
    assert ask(server, head.encode("latin-1")).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("host", ["", "localhost", "localhost:", "127.0.0.1:65535", "[::1]:80"])
def test_a_host_that_is_one_is_taken(server: Server, host: str) -> None:
    head = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAccept: text/html\r\n\r\n"
    assert ask(server, head.encode()).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz", "/metrics"])
def test_a_probe_refuses_a_browsers_other_methods_as_any_page_does(
    path: str, method: str, stranger: httpx.Client
) -> None:
    answer = stranger.request(method, path, headers=PAGE)
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("accept", ["*/*", "text/html"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nowhere"),
        ("GET", "/api/session"),
        ("GET", "/api//session"),
        ("GET", "/healthz?x=1"),
        ("POST", "/api/credentials"),
        ("PUT", "/inbox"),
        ("GET", "/log/checkpoints/x"),
    ],
)
def test_every_refusal_says_what_it_depends_on(
    method: str, path: str, accept: str, stranger: httpx.Client
) -> None:
    answer = stranger.request(method, path, headers={"Accept": accept})
    assert answer.status_code >= 400
    assert answer.headers["vary"] == VARY


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nExpect: x\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_what_a_connection_answers_by_itself_has_the_headers_of_every_answer(
    server: Server, raw: bytes
) -> None:
    answer = ask(server, raw)
    found = headers_of(answer)
    assert found.items() >= security_headers(server.origin).items()
    assert found["cache-control"] == "no-store"
    assert found["date"].endswith(" GMT")
    assert len(found["x-request-id"]) == 32
    assert ("vary", VARY) in found.items() or answer.startswith(b"HTTP/1.1 204 ")
    if b"<!doctype html>" in answer:
        assert found["content-language"] == "en"


@pytest.mark.parametrize("method", ["OPTIONS", "PUT"])
@pytest.mark.parametrize("path", [*PAGES, *PUBLIC, *LOG, "/api/session", "/api/device-links"])
def test_allow_names_head_wherever_there_is_a_get(
    path: str, method: str, stranger: httpx.Client
) -> None:
    allowed = {*stranger.request(method, path).headers["allow"].split(", ")}
    assert {"GET", "HEAD", "OPTIONS"} <= allowed
    assert stranger.head(path).status_code != 405


@pytest.mark.parametrize("path", ["/api/stream", *BY_CEREMONY, MEMBERS_POST[0]])
def test_allow_names_no_head_where_there_is_none(path: str, stranger: httpx.Client) -> None:
    assert "HEAD" not in stranger.options(path).headers["allow"]
    assert stranger.head(path).status_code == 405


@pytest.mark.parametrize("path", ["/log//x", "/log/checkpoint?x=1", "/log/entries/x", "/log/tile/"])
def test_every_sites_scripts_may_read_why_the_log_refuses(
    path: str, stranger: httpx.Client
) -> None:
    answer = stranger.get(path, headers={"Origin": "https://other.example"})
    assert answer.status_code in (400, 404)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-expose-headers"] == "Retry-After, X-Request-Id"
    assert answer.headers.get_list("cross-origin-resource-policy") == ["cross-origin"]


def test_a_page_names_its_charset_once(stranger: httpx.Client) -> None:
    assert stranger.get("/verify").headers["content-type"] == "text/html; charset=utf-8"
