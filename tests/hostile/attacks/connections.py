"""Connections that say nothing, or half of something."""

import asyncio

from tests.hostile.target import Target, Wire, kind


async def idle(target: Target) -> None:
    await hold(target, 1_000, b"", addresses=4)


async def half_sent(target: Target) -> None:
    await hold(target, 3_000, target.head("GET", "/")[:-2], addresses=12)


async def one_address(target: Target) -> None:
    await hold(target, 600, b"", addresses=1)


async def many_addresses(target: Target) -> None:
    await hold(target, 512, b"", addresses=512)


async def hold(target: Target, full: int, raw: bytes, *, addresses: int) -> None:
    """Hold so many connections of so many addresses, each with these bytes sent."""
    held: list[Wire] = []

    async def one(number: int) -> None:
        network, host = divmod(number % addresses, 250)
        wire = await target.connect(f"127.0.{network}.{2 + host}")
        if wire is not None:
            await wire.send(raw)
            held.append(wire)

    await target.repeat(full, one, at_once=32)
    await target.rest()
    await asyncio.gather(*(wire.glance(0.1) for wire in held))
    for wire in held:
        wire.hang_up()


KINDS = (
    kind("1,000 idle connections of 4 addresses", idle),
    kind("600 idle connections of one address", one_address),
    kind("512 idle connections of 512 addresses", many_addresses),
    kind("3,000 half-sent requests of 12 addresses", half_sent, 408),
)
