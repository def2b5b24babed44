"""What the client does under asyncio alone: tasks that are cancelled, and tasks that share it."""

import asyncio
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from ledger.client import AsyncLedgerClient, async_transport
from tests.integration.client.test_hostile_answers import STATEMENT, USED, login_at
from tests.support.strangers import Reply, Script, stranger


@pytest.fixture
def waiting() -> Iterator[tuple[Script, threading.Event]]:
    """A script that answers nothing before the event."""
    over = threading.Event()

    def script(_: str, __: str, ___: bytes) -> Reply:
        over.wait(9)
        return Reply(201, msgspec.json.encode(USED))

    yield script, over
    over.set()


def test_a_task_that_is_cancelled_ends_at_once_and_the_client_goes_on(
    waiting: tuple[Script, threading.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    script, over = waiting
    monkeypatch.setattr(async_transport, "POST_S", 9.0)

    async def run(address: str) -> None:
        async with AsyncLedgerClient(login_at(address)) as client:
            began_s = time.monotonic()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await client.use(STATEMENT, "0" * 64, "nonce")
            assert time.monotonic() - began_s < 5
            over.set()
            assert (await client.use(STATEMENT, "0" * 64, "nonce")).position == 7

    with stranger(script) as address:
        asyncio.run(run(address))


def test_after_a_cancellation_no_connection_is_left_and_other_tasks_go_on(
    waiting: tuple[Script, threading.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    script, over = waiting
    monkeypatch.setattr(async_transport, "POST_S", 9.0)

    async def run(address: str) -> None:
        async with AsyncLedgerClient(login_at(address)) as client:
            transport: Any = client._ask.transport
            first = transport._pool.http
            other = asyncio.create_task(client.use(STATEMENT, "0" * 64, "other"))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await client.use(STATEMENT, "0" * 64, "nonce")
            assert (transport._pool.http is first, first.is_closed) == (False, False)
            over.set()
            assert (await other).position == 7
            assert first.is_closed
            assert (await client.use(STATEMENT, "0" * 64, "nonce")).position == 7

    with stranger(script) as address:
        asyncio.run(run(address))


def test_without_the_package_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "ledger.client.async_transport")
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(ModuleNotFoundError, match=r"approval-ledger\[async\]"):
        AsyncLedgerClient(login_at("http://localhost:8000"))


def test_many_tasks_share_one_session() -> None:
    posts: list[str] = []

    def script(method: str, path: str, _: bytes) -> Reply:
        if method == "POST":
            posts.append(path)
        return Reply(200, b'{"items":[],"next":null}', cookie="session=s; HttpOnly")

    async def run(address: str) -> None:
        async with AsyncLedgerClient(login_at(address)) as client:
            await asyncio.gather(*(client.inbox() for _ in range(5)))

    with stranger(script) as address:
        asyncio.run(run(address))
    assert posts == ["/api/sessions"]
