"""A connection's transport: what leaves together, and what is not held back."""

import asyncio
from collections.abc import Awaitable, Callable

from ledger.http.joined import HEAD, Joined

START = HEAD + b"200 OK\r\n\r\n"


class Sent(asyncio.Transport):
    """A transport that remembers what it was given to send."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.pieces.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def sent(writing: Callable[[Joined, Sent], Awaitable[None]]) -> list[bytes]:
    """Return the pieces that reach the transport."""

    async def run() -> list[bytes]:
        below = Sent()
        await writing(Joined(below, asyncio.get_running_loop()), below)
        return below.pieces

    return asyncio.run(run())


def test_a_head_leaves_with_the_body() -> None:
    async def writing(joined: Joined, below: Sent) -> None:
        joined.write(START)
        assert below.pieces == []
        joined.write(b"body")
        assert below.pieces == [START + b"body"]
        joined.write(b"more")
        await asyncio.sleep(0)

    assert sent(writing) == [START + b"body", b"more"]


def test_a_head_without_a_body_leaves_at_the_end_of_the_turn() -> None:
    async def writing(joined: Joined, below: Sent) -> None:
        joined.write(START)
        await asyncio.sleep(0)

    assert sent(writing) == [START]


def test_closing_sends_what_waits_first() -> None:
    async def writing(joined: Joined, below: Sent) -> None:
        joined.write(START)
        joined.close()
        assert joined.is_closing()

    assert sent(writing) == [START]


def test_a_head_for_a_connection_that_was_lost_is_forgotten() -> None:
    async def writing(joined: Joined, below: Sent) -> None:
        joined.write(START)
        below.close()
        await asyncio.sleep(0)

    assert sent(writing) == []


def test_a_body_that_looks_like_a_head_follows_its_own() -> None:
    async def writing(joined: Joined, below: Sent) -> None:
        joined.write(START)
        joined.write(START)
        await asyncio.sleep(0)

    assert sent(writing) == [START + START]
