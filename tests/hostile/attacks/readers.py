"""Clients that do not read their answers, and clients that hang up."""

import asyncio

from tests.hostile.target import Target, Wire, kind


async def slow_readers(target: Target) -> None:
    """200 connections that ask for large files and read nothing."""
    held: list[Wire] = []
    raw = target.head("GET", "/schema/openapi.json") * 8

    async def one(_: int) -> None:
        wire = await target.connect()
        if wire is not None:
            wire.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a read transport too
            await wire.send(raw)
            held.append(wire)

    await target.repeat(200, one, at_once=16)
    await target.rest()
    for wire in held:
        wire.hang_up()


async def hang_ups(target: Target) -> None:
    """Connections that are reset in the head, in the body, and before the answer."""
    whole = target.post("/api/authenticate", b'{"ceremony":"x"}')
    read = target.head("GET", "/api/statements", session=True)
    parts = (whole[:20], whole[:-4], whole, read, target.head("GET", "/api/stream", session=True))

    async def one(number: int) -> None:
        wire = await target.connect()
        if wire is None:
            return
        await wire.send(parts[number % len(parts)])
        if number % 3 == 0:
            await asyncio.sleep(0.01)
        wire.hang_up()

    await target.flood(5_000, one, at_once=16)


KINDS = (
    kind("200 readers that do not read", slow_readers),
    kind("5,000 hang-ups", hang_ups),
)
