"""A connection's transport: what leaves together, and what is not held back."""

import asyncio

from ledger.wire import LONG_BYTES, Joined


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


def test_what_is_written_in_one_turn_leaves_together() -> None:
    async def run() -> list[bytes]:
        sent = Sent()
        joined = Joined(sent, asyncio.get_running_loop())
        joined.write(b"head ")
        joined.write(b"body")
        assert sent.pieces == []
        await asyncio.sleep(0)
        joined.write(b"next")
        await asyncio.sleep(0)
        return sent.pieces

    assert asyncio.run(run()) == [b"head body", b"next"]


def test_a_long_piece_is_not_held_back() -> None:
    async def run() -> list[bytes]:
        sent = Sent()
        joined = Joined(sent, asyncio.get_running_loop())
        joined.write(b"head ")
        joined.write(bytes(LONG_BYTES))
        return sent.pieces

    assert asyncio.run(run()) == [b"head " + bytes(LONG_BYTES)]


def test_closing_sends_what_waits_first() -> None:
    async def run() -> list[bytes]:
        sent = Sent()
        joined = Joined(sent, asyncio.get_running_loop())
        joined.write(b"goodbye")
        joined.close()
        assert joined.is_closing()
        return sent.pieces

    assert asyncio.run(run()) == [b"goodbye"]


def test_what_waits_for_a_connection_that_was_lost_is_forgotten() -> None:
    async def run() -> list[bytes]:
        sent = Sent()
        joined = Joined(sent, asyncio.get_running_loop())
        joined.write(b"to nobody")
        sent.close()
        await asyncio.sleep(0)
        return sent.pieces

    assert asyncio.run(run()) == []
