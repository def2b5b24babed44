"""Bodies that trickle, that are cut into single bytes, that cost much to read, that never end."""

import gzip

from tests.hostile.target import Target, kind

CREATE = "/api/statements/create"
FLOATS = b"[" + b"1.5e300," * 524_287 + b"1]"  # 4 MB


async def trickled_body(target: Target) -> None:
    async def one(_: int) -> None:
        wire = await target.connect()
        if wire is None:
            return
        await wire.send(target.head("POST", CREATE, "Content-Length: 60000"))
        await wire.trickle(b"1", target)

    await target.repeat(200, one, at_once=200)


async def one_byte_chunks(target: Target) -> None:
    """24 MB of chunks that hold a byte each."""
    await _chunks(target, b"1\r\na\r\n" * 10_000)


async def small_chunks(target: Target) -> None:
    """Chunks as small as the bound of their overhead allows."""
    await _chunks(target, b"5\r\naaaaa\r\n" * 26_000)


async def _chunks(target: Target, chunks: bytes) -> None:
    head = target.head("POST", CREATE, "Transfer-Encoding: chunked")

    async def one(_: int) -> None:
        wire = await target.connect()
        if wire is None:
            return
        await wire.send(head)
        for _ in range(16):
            if not await wire.send(chunks):
                break
        await wire.finish()

    await target.flood(25, one, at_once=4)


async def float_bomb(target: Target) -> None:
    """4 MB of numbers from a stranger and from a member, and what a stranger may send of them."""
    small = b"[" + b"1.5e300," * 8_000 + b"1]"
    inside = b'{"document":"' + FLOATS + b'","act":"a.b.c"}'
    requests = (
        target.post(CREATE, FLOATS),
        target.post(CREATE, small),
        target.post(CREATE, inside[: 4 * 1024 * 1024], session=True),
        target.post("/api/authenticate", small),
    )
    await target.flood(100, lambda n: target.ask(requests[n % 4]), at_once=4)


async def compressed(target: Target) -> None:
    body = gzip.compress(bytes(40 * 1024 * 1024))
    raw = target.post(CREATE, body, "Content-Encoding: gzip", session=True)
    await target.flood(200, lambda _: target.ask(raw), at_once=8)


async def unfinished(target: Target) -> None:
    """300 bodies of 4 MiB of which the last byte never comes, by a member and by strangers."""
    most = 4 * 1024 * 1024

    async def one(number: int) -> None:
        wire = await target.connect(f"127.0.0.{2 + number % 3}")
        if wire is None:
            return
        by_member = number % 2 == 0
        length = most if by_member else 65_536
        told = ("Content-Type: application/json", f"Content-Length: {length}")
        await wire.send(target.head("POST", CREATE, *told, session=by_member))
        await wire.send(bytes(length - 1))
        await target.rest()
        await wire.glance(0.1)
        wire.hang_up()

    await target.repeat(300, one, at_once=300)


KINDS = (
    kind("200 bodies at a byte a second", trickled_body, 408),
    kind("24 MB in chunks of a byte", one_byte_chunks, 400, 413),
    kind("100 MB in chunks of five bytes", small_chunks, 400, 401),
    kind("4 MB of numbers", float_bomb, 400, 401),
    kind("compressed bodies", compressed, 415),
    kind("300 unfinished bodies", unfinished, 408),
)
