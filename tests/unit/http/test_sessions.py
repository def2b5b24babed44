"""Whose request it is: looked up once a second at most, and anew where a session may have ended."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from litestar import Request

from ledger.http.sessions import COOKIE, HOST_COOKIE, Sessions
from ledger.store import async_state, session_tokens
from ledger.store.async_state import SESSION_MS, AsyncState
from ledger.store.session_tokens import SessionTokens
from ledger.store.sqlite.operations import SqliteState


class Counted(SqliteState):
    """The real state, which counts how often it is asked."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.looks: list[str] = []
        self.reads = 0

    @property
    def asked(self) -> int:
        return len(self.looks)

    def sessions(self, tokens: Sequence[str]) -> list[tuple[str, str, int, int] | None]:
        self.reads += 1
        self.looks += tokens
        return super().sessions(tokens)


@pytest.fixture
def counted(tmp_path: Path) -> Iterator[Counted]:
    with closing(Counted(tmp_path / "state.sqlite")) as state:
        yield state


@pytest.fixture
def state(counted: Counted) -> Iterator[AsyncState]:
    with closing(AsyncState(counted)) as state:
        yield state


def scope_of(*cookies: bytes, address: str = "192.0.2.1") -> Any:
    headers = [(b"cookie", cookie) for cookie in cookies]
    made = {"type": "http", "headers": headers, "state": {}, "path": "/", "query_string": b""}
    return made | {"client": (address, 1)}


def opened(state: AsyncState, by: str = "passkey") -> str:
    return asyncio.run(state.open_session("bob", opened_by=by, browser="b", now_ms=1_000))


def identified(sessions: Sessions, *cookies: str) -> str | None:
    return asyncio.run(sessions.identify(scope_of(*(cookie.encode() for cookie in cookies))))


async def in_force(user: str, opened_by: str) -> bool:
    return user == "bob" and opened_by != "ended"


def test_a_session_whose_passkey_or_key_has_ended_is_none(state: AsyncState) -> None:
    sessions = Sessions(state, lambda: 1_000, in_force, None, secure=False)
    left, open_ = (f"{COOKIE}={opened(state, by)}" for by in ("ended", "passkey"))
    assert (identified(sessions, left), identified(sessions, open_)) == (None, "bob")
    request: Any = Request(scope_of(left.encode()))
    assert asyncio.run(sessions.is_open(request)) is False
    # It is ended, so the same session is none when nobody asks.
    assert asyncio.run(state.session_user(left.partition("=")[2], now_ms=1_000)) is None


def test_a_request_looks_its_session_up_once(state: AsyncState, counted: Counted) -> None:
    sessions = Sessions(state, lambda: 1_000, in_force, None, secure=False)
    scope = scope_of(f"a=b; {COOKIE}={opened(state)}".encode())
    assert asyncio.run(sessions.identify(scope)) == "bob"
    # A request that was answered as GET has a copy of the scope, and the state in it.
    request: Any = Request(scope | {"method": "GET"})
    assert (sessions.user(request), sessions.require(request)) == ("bob", "bob")
    assert counted.asked == 1
    assert asyncio.run(sessions.is_open(request)) is True
    asyncio.run(sessions.end(request))
    assert asyncio.run(sessions.is_open(request)) is False
    assert counted.asked == 3


def test_a_session_is_looked_up_once_a_second(
    state: AsyncState, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = Sessions(state, lambda: 1_000, in_force, None, secure=False)
    cookie = f"{COOKIE}={opened(state)}"
    assert [identified(sessions, cookie) for _ in range(3)] == ["bob"] * 3
    assert counted.asked == 1
    monkeypatch.setattr(async_state, "FRESH_S", -1.0)  # as if a second had passed each time
    state._fresh.clear()
    assert [identified(sessions, cookie) for _ in range(3)] == ["bob"] * 3
    assert counted.asked == 4


def test_what_strangers_make_up_is_not_looked_up(state: AsyncState, counted: Counted) -> None:
    """Each look took the one thread of all members' sessions, before any quota or lane."""
    token = opened(state)
    other = AsyncState(counted)
    other._tokens = SessionTokens(b"another ledger's key")
    sessions = Sessions(state, lambda: 1_000, in_force, None, secure=False)
    tampered = ("A" if token[0] != "A" else "B") + token[1:]
    for made_up in (
        "", ".", "a" * 43, token.partition(".")[0], f"{token}A", tampered, f"service.{token}",
        "\xff" * 65, opened(other), f"{token[:-1]}{'A' if token[-1] != 'A' else 'Q'}",
        "a" * 30_000 + token,
    ):  # fmt: skip
        assert identified(sessions, f"{COOKIE}={made_up}") is None
    other.close()
    assert counted.asked == 0
    assert identified(sessions, f"{COOKIE}={token}") == "bob"


def test_a_session_that_is_over_is_looked_up_once(state: AsyncState, counted: Counted) -> None:
    """One token that had ended made as many looks as requests."""
    sessions = Sessions(state, lambda: 1_000, in_force, None, secure=False)
    token = opened(state)
    asyncio.run(state.close_session(token))
    assert [identified(sessions, f"{COOKIE}={token}") for _ in range(3)] == [None] * 3
    assert counted.asked == 1


def test_requests_that_come_together_are_looked_up_together(
    state: AsyncState, counted: Counted
) -> None:
    """One member with 250 connections had 250 looks made each second, before any quota."""
    sessions = Sessions(state, lambda: 1_000, in_force, None, secure=False)
    token = opened(state)

    async def ask() -> list[str | None]:
        scopes = [scope_of(f"{COOKIE}={token}".encode()) for _ in range(250)]
        return await asyncio.gather(*map(sessions.identify, scopes))

    assert asyncio.run(ask()) == ["bob"] * 250
    assert counted.asked <= 2


def test_looks_for_sessions_of_each_address_take_turns(state: AsyncState, counted: Counted) -> None:
    sessions = Sessions(state, lambda: 1_000, in_force, None, secure=False)
    many, one = [opened(state) for _ in range(40)], opened(state)

    async def ask() -> list[str | None]:
        scopes = [scope_of(f"{COOKIE}={token}".encode()) for token in many]
        scopes.append(scope_of(f"{COOKIE}={one}".encode(), address="192.0.2.2"))
        return await asyncio.gather(*map(sessions.identify, scopes))

    assert asyncio.run(ask()) == ["bob"] * 41
    assert counted.looks.index(one) <= 4


def test_the_looks_of_many_event_streams_share_a_read(state: AsyncState, counted: Counted) -> None:
    """256 streams, five milliseconds from their database, kept everybody waiting for 0.4 s."""
    sessions = Sessions(state, lambda: 1_000, in_force, None, secure=False)
    cookies = [f"{COOKIE}={opened(state)}".encode() for _ in range(256)]

    async def look() -> list[bool]:
        asked: list[Any] = [Request(scope_of(cookie)) for cookie in cookies]
        return await asyncio.gather(*map(sessions.is_open, asked))

    assert asyncio.run(look()) == [True] * 256
    assert (counted.asked, counted.reads) == (256, 1)


def test_as_many_tokens_are_remembered_as_have_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_tokens, "MAX_OVER", 2)
    tokens = SessionTokens(b"a key")
    made = [tokens.new() for _ in range(3)]
    for each in made:
        tokens.note_over(each)
    assert [tokens.may_open(each) for each in made] == [True, True, False]


def test_a_session_that_ends_ends_at_once(state: AsyncState) -> None:
    sessions = Sessions(state, lambda: 1_000, in_force, None, secure=False)
    one, two = (f"{COOKIE}={opened(state)}" for _ in range(2))
    assert (identified(sessions, one), identified(sessions, two)) == ("bob", "bob")
    request: Any = Request(scope_of(one.encode()))
    assert asyncio.run(sessions.identify(request.scope)) == "bob"
    asyncio.run(sessions.end(request))
    assert (identified(sessions, one), identified(sessions, two)) == (None, "bob")
    by_key = f"{COOKIE}={opened(state, 'kid')}"
    assert identified(sessions, by_key) == "bob"
    asyncio.run(state.close_sessions_of("passkey"))
    assert (identified(sessions, two), identified(sessions, by_key)) == (None, "bob")
    asyncio.run(state.close_sessions_of("kid"))
    assert identified(sessions, by_key) is None


def test_a_stranger_who_signs_out_writes_nothing(
    state: AsyncState, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It took the writing thread, and let the next look at every session be made anew."""
    ended: list[str] = []
    monkeypatch.setattr(counted, "close_session", ended.append)
    sessions = Sessions(state, lambda: 1_000, in_force, None, secure=False)
    for cookie in (b"", f"{COOKIE}=unknown".encode()):
        request: Any = Request(scope_of(cookie))
        assert asyncio.run(sessions.identify(request.scope)) is None
        assert asyncio.run(sessions.end(request)).max_age == 0
    assert ended == []


def test_a_session_that_ends_while_it_is_looked_up_is_not_kept(state: AsyncState) -> None:
    token = opened(state)

    async def run() -> None:
        looking = asyncio.create_task(state.session_user(token, now_ms=1_000))
        await asyncio.sleep(0)
        await state.close_session(token)
        await looking
        assert state.fresh_session(token, now_ms=1_000) is None

    asyncio.run(run())


def test_an_expired_session_is_nobodys(state: AsyncState) -> None:
    cookie = f"{COOKIE}={opened(state)}"
    now = [1_000]
    sessions = Sessions(state, lambda: now[0], in_force, None, secure=False)
    assert identified(sessions, cookie) == "bob"
    now[0] += SESSION_MS  # within the second, and yet over
    assert identified(sessions, cookie) is None
    assert identified(sessions, cookie) is None


@pytest.mark.parametrize("cookies", [(), ("",), ("a=b",), ("xledger_session=TOKEN",)])
def test_a_request_without_the_cookie_asks_nothing(
    cookies: tuple[str, ...], state: AsyncState, counted: Counted
) -> None:
    token = opened(state)
    sessions = Sessions(state, lambda: 1_000, in_force, None, secure=False)
    found = identified(sessions, *(each.replace("TOKEN", token) for each in cookies))
    assert (found, counted.asked) == (None, 0)


def test_with_https_only_the_hosts_own_cookie_counts(state: AsyncState) -> None:
    token = opened(state)
    sessions = Sessions(state, lambda: 1_000, in_force, None, secure=True)
    assert identified(sessions, f"{COOKIE}={token}") is None
    assert identified(sessions, f"{HOST_COOKIE}={token}") == "bob"
