"""Who waits for the organisation's provider: those of each address in turn."""

import asyncio
import threading
from typing import Any, cast

import pytest

from ledger.errors import UnavailableError
from ledger.http import organisation_gate
from ledger.http.organisation_gate import MOST_WAITING, Organisation
from ledger.organisation.provider import MOST_AT_ONCE
from tests.support.refusals import refused


class Slow:
    """A provider that answers when it may, and tells who asked."""

    def __init__(self) -> None:
        self.came, self.may_answer = threading.Semaphore(0), threading.Semaphore(0)
        self.asked: list[str] = []

    def begin(self, onward: str, *, now_s: int) -> tuple[str, None]:
        self.asked.append(onward)
        self.came.release()
        assert self.may_answer.acquire(timeout=60)
        return onward, None


def request_of(address: str) -> Any:
    request = type("FakeRequest", (), {})()
    request.scope = {"client": (address, 1)}
    return request


def gate_of(provider: Slow) -> Organisation:
    nothing: Any = None
    return Organisation(
        nothing, cast(Any, provider), nothing, nothing, nothing, nothing, lambda: 1_000, None
    )


async def until_asked(provider: Slow, count: int) -> None:
    for _ in range(count):
        assert await asyncio.to_thread(provider.came.acquire, timeout=60)


def test_an_address_that_fills_the_way_to_the_provider_keeps_nobody_else_out() -> None:
    """One address took all places, and who came after it was refused or waited for all of them."""
    provider = Slow()
    gate = gate_of(provider)

    async def run() -> None:
        begun = [
            asyncio.create_task(gate.begin(request_of("192.0.2.1"), "flood"))
            for _ in range(MOST_AT_ONCE + MOST_WAITING)
        ]
        await until_asked(provider, 3)
        member = asyncio.create_task(gate.begin(request_of("192.0.2.2"), "member"))
        await until_asked(provider, 1)
        assert provider.asked == ["flood"] * 3 + ["member"]
        provider.may_answer.release(MOST_AT_ONCE + MOST_WAITING + 1)
        assert (await member)[0] == "member"
        answers = await asyncio.gather(*begun, return_exceptions=True)
        busy = [each for each in answers if isinstance(each, UnavailableError)]
        assert {each.code for each in busy} == {"server_busy"}

    try:
        asyncio.run(run())
    finally:
        gate.close()


def test_nobody_waits_for_the_provider_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(organisation_gate, "WAIT_S", 0.05)
    provider = Slow()
    gate = gate_of(provider)

    async def run() -> None:
        begun = [
            asyncio.create_task(gate.begin(request_of(f"192.0.2.{n}"), "flood"))
            for n in range(MOST_AT_ONCE)
        ]
        await until_asked(provider, MOST_AT_ONCE)
        with refused(UnavailableError, "server_busy"):
            await gate.begin(request_of("198.51.100.1"), "late")
        provider.may_answer.release(MOST_AT_ONCE)
        await asyncio.gather(*begun)

    try:
        asyncio.run(run())
    finally:
        gate.close()
