"""Whose request it is: looked up once, and anew where a session may have ended since."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from litestar import Request

from ledger.http.sessions import COOKIE, HOST_COOKIE, Sessions
from ledger.store.sqlite.sessions import SESSION_MS, OperationalState


class Counted(OperationalState):
    """The real state, which counts how often it is asked."""

    asked = 0

    def session_user(self, token: str, *, now_ms: int) -> str | None:
        self.asked += 1
        return super().session_user(token, now_ms=now_ms)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Counted]:
    with closing(Counted(tmp_path / "state.sqlite")) as state:
        yield state


def scope_of(*cookies: bytes) -> Any:
    headers = [(b"cookie", cookie) for cookie in cookies]
    return {"type": "http", "headers": headers, "state": {}, "path": "/", "query_string": b""}


def test_a_request_looks_its_session_up_once(state: Counted) -> None:
    sessions = Sessions(state, lambda: 1_000, secure=False)
    token = state.open_session("bob", now_ms=1_000)
    scope = scope_of(f"a=b; {COOKIE}={token}".encode())
    assert sessions.identify(scope) == "bob"
    # A request that was answered as GET has a copy of the scope, and the state in it.
    request: Any = Request(scope | {"method": "GET"})
    assert (sessions.user(request), sessions.require(request)) == ("bob", "bob")
    assert state.asked == 1
    assert sessions.is_open(request)
    sessions.end(request)
    assert not sessions.is_open(request)
    assert state.asked == 3


def test_an_expired_session_is_nobodys(state: Counted) -> None:
    token = state.open_session("bob", now_ms=1_000)
    later = Sessions(state, lambda: 1_000 + SESSION_MS, secure=False)
    assert later.identify(scope_of(f"{COOKIE}={token}".encode())) is None


@pytest.mark.parametrize("cookies", [(), (b"",), (b"a=b",), (b"xledger_session=TOKEN",)])
def test_a_request_without_the_cookie_asks_nothing(
    cookies: tuple[bytes, ...], state: Counted
) -> None:
    token = state.open_session("bob", now_ms=1_000).encode()
    sessions = Sessions(state, lambda: 1_000, secure=False)
    scope = scope_of(*(each.replace(b"TOKEN", token) for each in cookies))
    assert (sessions.identify(scope), state.asked) == (None, 0)


def test_with_https_only_the_hosts_own_cookie_counts(state: Counted) -> None:
    token = state.open_session("bob", now_ms=1_000)
    sessions = Sessions(state, lambda: 1_000, secure=True)
    assert sessions.identify(scope_of(f"{COOKIE}={token}".encode())) is None
    assert sessions.identify(scope_of(f"{HOST_COOKIE}={token}".encode())) == "bob"
