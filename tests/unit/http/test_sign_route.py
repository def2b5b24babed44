"""Which approvals the front answers: those that are plainly right; the framework has the rest."""

import asyncio
from typing import Any

import pytest

from ledger.errors import ConflictError
from ledger.http.sign_route import SignRoute

ORIGIN = "http://localhost:8000"
PATH = b"/api/statements/8c6a3f0e-0000-4000-8000-5f2d1c3b4a59/sign"
JSON = (b"content-type", b"application/json")


class ReachedError(ConflictError):
    """Raised by the command, to tell that it was asked."""


class Commands:
    """Commands that tell that they were asked."""

    async def sign(self, *_: object) -> None:
        raise ReachedError("reached", "the command was asked")


def is_answered_in_front(
    *headers: tuple[bytes, bytes],
    raw: bytes = b'{"jwt":"a.b.c"}',
    path: bytes = PATH,
    method: str = "POST",
    query: bytes = b"",
) -> bool:
    """Tell who answers a request; the framework must find its body whole."""

    async def framework(scope: Any, receive: Any, _: Any) -> None:
        assert (await receive())["body"] == raw

    async def receive() -> Any:
        return {"type": "http.request", "body": raw, "more_body": False}

    route = SignRoute(framework, Commands(), origin=ORIGIN, headers=[])  # type: ignore[arg-type]  # see Commands
    scope = {"type": "http", "method": method, "raw_path": path, "query_string": query}
    try:
        asyncio.run(route(scope | {"headers": [*headers]}, receive, None))
    except ReachedError:
        return True
    return False


@pytest.mark.parametrize(
    "headers",
    [
        [JSON],
        [JSON, (b"host", b"localhost:8000"), (b"origin", ORIGIN.encode())],
        [JSON, (b"sec-fetch-site", b"same-origin"), (b"accept", b"text/html")],
        [JSON, (b"sec-fetch-site", b"none"), (b"cookie", b"a=b"), (b"cookie", b"c=d")],
    ],
)
def test_a_plain_approval_is_answered_in_front(headers: list[tuple[bytes, bytes]]) -> None:
    assert is_answered_in_front(*headers)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"content-type", b"application/json; charset=utf-8")],
        [(b"content-type", b"text/plain")],
        [JSON, JSON],
        [JSON, (b"content-type", b"text/plain")],
        [JSON, (b"origin", b"https://elsewhere.example")],
        [JSON, (b"origin", ORIGIN.encode()), (b"origin", ORIGIN.encode())],
        [JSON, (b"sec-fetch-site", b"cross-site")],
        [JSON, (b"sec-fetch-site", b"same-site")],
        [JSON, (b"host", b"a b")],
    ],
)
def test_headers_that_are_not_plain_go_to_the_framework(
    headers: list[tuple[bytes, bytes]],
) -> None:
    assert not is_answered_in_front(*headers)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{}",
        b'{"jwt":1}',
        b'{"jwt":"a.b.c","more":1}',
        b'{"jwt":"a.b.c","jwt":"a.b.c"}',
        b'{"jwt":"a.b.c"}' + b" " * 65_536,
    ],
)
def test_a_body_that_is_wrong_or_large_goes_to_the_framework(raw: bytes) -> None:
    assert not is_answered_in_front(JSON, raw=raw)


def test_other_requests_go_to_the_framework() -> None:
    assert not is_answered_in_front(JSON, method="GET")
    assert not is_answered_in_front(JSON, query=b"at=1")
    for path in (
        PATH.upper(),
        PATH + b"/",
        b"/" + PATH,
        PATH.replace(b"8", b"%38"),
        PATH.replace(b"8c6a3f0e", b"8c6a3f0/"),
        PATH.replace(b"/sign", b"/reject"),
    ):
        assert not is_answered_in_front(JSON, path=path)
