"""How an answer leaves: in one piece where it can, and only with headers that are headers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.server import ServerState

from ledger.http.cycle import Cycle, CycleProtocol

START = b"HTTP/1.1 200 OK\r\n"


class Sent(asyncio.Transport):
    """A transport that remembers what it was given to send."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self.closed:
            raise RuntimeError("the handler is closed")  # as uvloop's transport
        self.pieces.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def answered(
    answer: Callable[[Any], Awaitable[None]],
    *,
    method: str = "GET",
    gone: bool = False,
    closed: bool = False,
) -> list[bytes]:
    """Return the pieces that reach the transport; the last is "closed" if it was closed."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await answer(send)

    async def run() -> list[bytes]:
        sent = Sent()
        cycle = Cycle(
            scope={"type": "http", "method": method},  # type: ignore[typeddict-item]  # all it reads
            transport=sent,
            flow=FlowControl(sent),
            logger=logging.getLogger("test"),
            access_logger=logging.getLogger("test"),
            access_log=False,
            default_headers=[(b"date", b"today")],
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=True,
            on_response=lambda: None,
        )
        running = asyncio.create_task(cycle.run_asgi(application))
        await asyncio.sleep(0)
        cycle.disconnected = gone
        sent.closed = closed
        await running
        return sent.pieces + [b"closed"] * sent.closed

    return asyncio.run(run())


def whole(body: bytes, *headers: tuple[bytes, bytes]) -> Callable[[Any], Awaitable[None]]:
    length = (b"content-length", b"%d" % len(body))

    async def answer(send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [*headers, length]})
        await send({"type": "http.response.body", "body": body})

    return answer


def test_a_head_leaves_with_its_body() -> None:
    head = START + b"date: today\r\ncontent-length: 4\r\n\r\n"
    assert answered(whole(b"body")) == [head + b"body"]


def test_nothing_is_written_to_a_socket_that_the_loop_has_closed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert answered(whole(b"body"), closed=True) == [b"closed"]
    assert not caplog.records


def test_a_long_body_follows_its_head_uncopied() -> None:
    body = bytes(HIGH_WATER_LIMIT + 1)
    pieces = answered(whole(body))
    assert [len(each) for each in pieces[1:]] == [len(body)]


def test_the_answer_to_head_has_no_body() -> None:
    assert answered(whole(b"body"), method="HEAD")[0].endswith(b"content-length: 4\r\n\r\n")
    assert b"".join(answered(whole(b"body"), method="HEAD")).endswith(b"\r\n\r\n")


def test_a_head_of_unknown_length_does_not_wait_for_its_body() -> None:
    async def answer(send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError("the body never comes")

    head = START + b"date: today\r\ntransfer-encoding: chunked\r\n\r\n"
    assert answered(answer) == [head, b"closed"]


def test_a_body_in_parts_is_sent_in_parts() -> None:
    async def answer(send: Any) -> None:
        length = (b"content-length", b"4")
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": b"bo", "more_body": True})
        await send({"type": "http.response.body", "body": b"dy"})

    assert answered(answer)[1:] == [b"bo", b"dy"]


@pytest.mark.parametrize("body", [b"bod", b"body!"])
def test_a_body_of_another_length_than_was_told_closes_the_connection(body: bytes) -> None:
    async def answer(send: Any) -> None:
        length = (b"content-length", b"4")
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": body})

    assert answered(answer)[-1] == b"closed"


def test_an_answer_may_close_its_connection() -> None:
    pieces = answered(whole(b"body", (b"Connection", b"close")))
    assert pieces[0].count(b"connection: close\r\n") == 1
    assert pieces[1:] == [b"closed"]


@pytest.mark.parametrize(
    "header",
    [
        (b"x", b"a\r\nset-cookie: b"),
        (b"x", b"a\nb"),
        (b"x", b"\0"),
        (b"x: y\r\nz", b"a"),
        (b"", b"a"),
        (b"content-type", b"a\r\nb: c"),
    ],
)
def test_a_header_that_holds_another_is_never_sent(header: tuple[bytes, bytes]) -> None:
    assert answered(whole(b"body", header)) == [b"closed"]


def test_a_request_whose_client_is_gone_is_not_worked_on() -> None:
    reached: list[object] = []

    async def answer(send: Any) -> None:
        reached.append(send)

    assert answered(answer, gone=True) == []
    assert reached == []


def test_chunks_that_arrive_together_are_taken_as_one_part() -> None:
    """Each part is counted and copied: 26,000 chunks of one read held the loop for 27 ms."""
    parts: list[bytes] = []

    class Taking(CycleProtocol):
        def take_body(self, body: bytes) -> None:
            parts.append(body)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.Event().wait()

    async def run() -> None:
        config = Config(application, ws="none")
        config.load()
        protocol = Taking(config, ServerState(), {})
        protocol.connection_made(Sent())
        protocol.feed(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        protocol.feed(b"2\r\nab\r\n" * 500)
        protocol.feed(b"1\r\nc\r\n0\r\n\r\n")
        for task in protocol.tasks:
            task.cancel()

    asyncio.run(run())
    assert parts == [b"ab" * 500, b"c"]
