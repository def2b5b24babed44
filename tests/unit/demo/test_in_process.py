"""Requests in this process: what a browser keeps, and what it makes of a refusal."""

import asyncio
import json
from typing import Any

import pytest

from ledger.demo.in_process import Browser, StopSignal
from ledger.errors import UnavailableError

Message = dict[str, Any]


class Application:
    """An application that records requests and gives one answer."""

    def __init__(self, status: int, answer: Message, *headers: tuple[bytes, bytes]) -> None:
        self.status, self.answer, self.headers = status, answer, headers
        self.requests: list[tuple[Message, bytes]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        self.requests.append((scope, body))
        start = {"type": "http.response.start", "status": self.status}
        await send(start | {"headers": self.headers})
        first, last = json.dumps(self.answer).encode()[:3], json.dumps(self.answer).encode()[3:]
        await send({"type": "http.response.body", "body": first, "more_body": True})
        await send({"type": "http.response.body", "body": last})
        assert (await receive())["type"] == "http.disconnect"


def test_a_body_is_sent_as_json_and_the_answer_is_read_whole() -> None:
    application = Application(201, {"position": 7})
    answer = asyncio.run(Browser(application, StopSignal()).post("/api/x", {"name": "Ada"}))
    ((scope, body),) = application.requests
    assert answer == {"position": 7}
    assert (scope["method"], scope["path"], body) == ("POST", "/api/x", b'{"name": "Ada"}')
    assert (b"content-type", b"application/json") in scope["headers"]
    assert (b"content-length", b"15") in scope["headers"]


def test_the_cookie_of_an_answer_comes_with_the_next_request() -> None:
    application = Application(200, {}, (b"set-cookie", b"session=a; HttpOnly; Path=/"))
    browser = Browser(application, StopSignal())
    asyncio.run(browser.post("/api/x", {}))
    asyncio.run(browser.get("/api/y"))
    first, second = (dict(scope["headers"]).get(b"cookie") for scope, _ in application.requests)
    assert (first, second) == (None, b"session=a")


def test_a_ledger_that_cannot_write_now_is_told_by_its_code() -> None:
    application = Application(503, {"code": "storage_full", "detail": "the disk is full"})
    with pytest.raises(UnavailableError, match="the disk is full") as refused:
        asyncio.run(Browser(application, StopSignal()).post("/api/x", {}))
    assert refused.value.code == "storage_full"


def test_a_refusal_is_a_fault_of_the_demonstration() -> None:
    application = Application(409, {"code": "name_taken", "detail": "…"})
    with pytest.raises(AssertionError, match="name_taken"):
        asyncio.run(Browser(application, StopSignal()).post("/api/x", {}))


def test_after_a_signal_no_request_begins_and_no_pause_lasts() -> None:
    application = Application(200, {})

    async def asked() -> None:
        stop = StopSignal()
        stop.ask()
        for late in (Browser(application, stop).get("/api/x"), stop.pause(60)):
            with pytest.raises(UnavailableError, match="nothing was made") as refused:
                await late
            assert refused.value.code == "demo_interrupted"

    asyncio.run(asked())
    assert application.requests == []


def test_a_pause_without_a_signal_ends_by_itself() -> None:
    asyncio.run(StopSignal().pause(0.001))
