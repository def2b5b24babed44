"""Thousands of requests on one connection, of which no answer is read."""

from tests.hostile.target import Target, kind


async def pipelined(target: Target) -> None:
    raw = target.head("GET", "/healthz") * 2_000

    async def one(_: int) -> None:
        wire = await target.connect()
        if wire is not None:
            await wire.send(raw)
            await wire.finish()

    await target.flood(40, one, at_once=8)


KINDS = (kind("80,000 pipelined requests", pipelined, 200),)
