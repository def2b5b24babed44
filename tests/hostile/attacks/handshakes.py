"""TLS handshakes that are not begun, broken off, or finished for nothing."""

import asyncio
import ssl

from tests.hostile.attacks.connections import hold
from tests.hostile.target import ANSWER_S, Target, Wire, kind


def _trusting() -> ssl.SSLContext:
    """Return the context of a client that does not care whom it attacks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _first_message() -> bytes:
    """Return a client's first message (RFC 8446 section 4.1.2)."""
    sent = ssl.MemoryBIO()
    client = _trusting().wrap_bio(ssl.MemoryBIO(), sent)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return sent.read()
    raise AssertionError("a handshake needs an answer")


async def silent(target: Target) -> None:
    """600 connections from as many addresses that say nothing."""
    await hold(target, 600, b"", addresses=600)


async def broken_off(target: Target) -> None:
    """The first message, which makes the server sign, and then nothing."""
    message = _first_message()

    async def one(number: int) -> None:
        wire = await target.connect(f"127.0.0.{2 + number % 4}")
        if wire is not None:
            await wire.send(message)
            wire.hang_up()

    await target.flood(5_000, one, at_once=64)


async def finished(target: Target) -> None:
    """Whole handshakes, each for one request."""
    context = _trusting()
    raw = target.head("GET", "/livez", "Connection: close")

    async def one(number: int) -> None:
        local = (f"127.0.0.{2 + number % 4}", 0)
        opened = asyncio.open_connection("127.0.0.1", target.port, ssl=context, local_addr=local)
        try:
            reader, writer = await asyncio.wait_for(opened, ANSWER_S)
        except (OSError, TimeoutError):
            target.tally["not connected"] += 1
            return
        wire = Wire(reader, writer, target.tally)
        await wire.send(raw)
        await wire.finish()

    await target.flood(2_000, one, at_once=64)


KINDS = (
    kind("600 silent TLS connections of 600 addresses", silent),
    kind("TLS handshakes broken off", broken_off),
    kind("TLS handshakes for one request each", finished, 200),
)
