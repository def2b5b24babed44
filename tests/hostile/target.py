"""The server as an attacker sees it: an address, and what a member without scruples knows.

Every connection is to this machine's loopback, and none outlives the time that was given.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import NamedTuple

import msgspec

ANSWER_S = 5.0
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


class Known(msgspec.Struct, frozen=True):
    """What the attacker knows: a session, a public credential id, and signed bodies."""

    cookie: str = ""
    statement: str = ""
    credential_id: str = ""
    drafts: list[str] = []


class Target:
    """One server, attacked until a moment, with a tally of its answers by status."""

    def __init__(self, port: int, known: Known, *, seconds: float, share: float) -> None:
        """Take the port; `share` is the part of each kind's full number that is sent."""
        self.port = port
        self.known = known
        self.ends_s = time.monotonic() + seconds
        self.tally: Counter[str] = Counter()
        self._share = share

    @property
    def session(self) -> bytes:
        """The header line that proves a member's session."""
        return f"Cookie: {self.known.cookie}\r\n".encode()

    def count(self, full: int) -> int:
        """Return how many of `full` this run sends."""
        return max(round(full * self._share), 1)

    def is_over(self) -> bool:
        """Tell whether the attack's time has passed."""
        return time.monotonic() > self.ends_s

    def head(self, method: str, path: str, *lines: str, session: bool = False) -> bytes:
        """Return the head of a request that is right so far."""
        first = f"{method} {path} HTTP/1.1\r\nHost: localhost:{self.port}\r\n"
        more = "".join(f"{line}\r\n" for line in lines)
        return first.encode() + more.encode() + (self.session if session else b"") + b"\r\n"

    def post(self, path: str, body: bytes, *lines: str, session: bool = False) -> bytes:
        """Return a whole request with a JSON body."""
        told = (f"Content-Length: {len(body)}", "Content-Type: application/json", *lines)
        return self.head("POST", path, *told, "Connection: close", session=session) + body

    async def connect(self, source: str = "127.0.0.2") -> "Wire | None":
        """Open a connection from one of this machine's addresses; None if it is refused."""
        try:
            opened = asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0))
            reader, writer = await asyncio.wait_for(opened, ANSWER_S)
        except (OSError, TimeoutError):
            self.tally["not connected"] += 1
            return None
        return Wire(reader, writer, self.tally)

    async def ask(self, raw: bytes, source: str = "127.0.0.2") -> bytes:
        """Send bytes on a connection of their own and return the answer, counted by its status."""
        wire = await self.connect(source)
        if wire is None:
            return b""
        await wire.send(raw)
        return await wire.finish()

    async def repeat(
        self, full: int, send: Callable[[int], Awaitable[object]], at_once: int
    ) -> None:
        """Call `send` with 0, 1, 2 … until the full number or the time is reached."""
        numbers = iter(range(self.count(full)))

        async def worker(left: Iterable[int]) -> None:
            for number in left:
                if self.is_over():
                    return
                await send(number)

        await asyncio.gather(*(worker(numbers) for _ in range(at_once)))

    async def flood(
        self, full: int, send: Callable[[int], Awaitable[object]], at_once: int
    ) -> None:
        """Call `send` as `repeat` does; in the full form, go on until the time is over.

        A flood that ends within a second leaves too few reads beside it to say what is rare.
        """
        if self._share < 1:
            await self.repeat(full, send, at_once)
            return
        while not self.is_over():
            await self.repeat(full, send, at_once)

    async def rest(self) -> None:
        """Wait until the attack's time is over, with everything left open."""
        await asyncio.sleep(max(self.ends_s - time.monotonic(), 0))


class Wire(NamedTuple):
    """One connection of the attacker."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    tally: Counter[str]

    async def send(self, raw: bytes) -> bool:
        """Send; False if the server has closed."""
        try:
            self.writer.write(raw)
            await asyncio.wait_for(self.writer.drain(), ANSWER_S)
        except (OSError, TimeoutError):
            return False
        return not self.writer.is_closing()

    async def trickle(self, raw: bytes, target: Target) -> None:
        """Send the same again every second until the server answers or the time is over."""
        while not target.is_over() and await self.send(raw):
            if await self.glance(1.0):
                break
        self.hang_up()

    async def glance(self, seconds: float) -> bytes:
        """Return what the server has sent or sends within some seconds, counted by status."""
        found = b""
        with suppress(OSError, TimeoutError):
            found = await asyncio.wait_for(self.reader.read(65_536), seconds)
        self.tally.update(status.decode() for status in _STATUS.findall(found))
        return found

    async def finish(self) -> bytes:
        """Read to the end, count every answer by its status, and close."""
        found = b""
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(ANSWER_S):
                while part := await self.reader.read(65_536):
                    found += part
        self.tally.update(status.decode() for status in _STATUS.findall(found))
        if not found:
            self.tally["no answer"] += 1
        self.writer.close()
        return found

    def hang_up(self) -> None:
        """Reset the connection."""
        self.writer.transport.abort()


Attack = Callable[[Target], Awaitable[None]]


class Kind(NamedTuple):
    """One kind of attack, and the statuses that may answer it; some must."""

    name: str
    attack: Attack
    answers: frozenset[str]


def kind(name: str, attack: Attack, *answers: int) -> Kind:
    """Return a kind; the server may also be too busy for it or limit its rate."""
    return Kind(name, attack, frozenset(str(each) for each in answers))


# What may always happen to an attacker: quotas, a full server, a connection that is closed.
ALWAYS = frozenset({"429", "503", "not connected", "no answer"})
