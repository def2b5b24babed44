"""Heads without end: in one header, in many lines, in time."""

from tests.hostile.target import Target, kind


async def endless_header(target: Target) -> None:
    start = target.head("GET", "/")[:-2] + b"x: "

    async def one(_: int) -> None:
        wire = await target.connect()
        if wire is None:
            return
        await wire.send(start)
        for _ in range(64):  # 4 MiB, unless the server closes before
            if not await wire.send(b"a" * 65_536):
                break
        await wire.finish()

    await target.flood(200, one, at_once=8)


async def header_lines(target: Target) -> None:
    """60 MB of lines, on as many connections as it takes."""
    start, lines = target.head("GET", "/")[:-2], b"x: y\r\n" * 10_000

    async def one(_: int) -> None:
        wire = await target.connect()
        if wire is None:
            return
        await wire.send(start)
        for _ in range(10):
            if not await wire.send(lines):
                break
        await wire.finish()

    await target.flood(100, one, at_once=8)


async def cookies(target: Target) -> None:
    """30,000 cookies, none of which is one of ours."""
    raw = target.head("GET", "/", "Connection: close", f"Cookie: {';' * 30_000}")
    await target.flood(1_000, lambda _: target.ask(raw), at_once=8)


async def trickled_head(target: Target) -> None:
    async def one(_: int) -> None:
        wire = await target.connect()
        if wire is None:
            return
        await wire.send(target.head("GET", "/")[:-2] + b"x: ")
        await wire.trickle(b"a", target)

    await target.repeat(200, one, at_once=200)


KINDS = (
    kind("one endless header", endless_header, 431),
    kind("60 MB of header lines", header_lines, 431),
    kind("30,000 cookies", cookies, 200),
    kind("200 heads at a byte a second", trickled_head, 408),
)
