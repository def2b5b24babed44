"""The load generator: keep-alive HTTP/1.1 connections that send prepared requests in sequence.

It runs in its own process, so that the CPU time of the server and of its clients can be separated.
It does as little as possible, because it shares the machine with the measured server.

`python -m benchmarks.load PORT CLIENTS` reads the requests from stdin and writes a Load to stdout.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import cast

import msgspec
import uvloop


class Load(msgspec.Struct):
    """The result: seconds for all requests, and the latency of each in seconds."""

    elapsed_s: float
    latencies_s: list[float]
    cpu_s: float

    @property
    def per_second(self) -> float:
        return len(self.latencies_s) / self.elapsed_s

    def quantile_ms(self, part: float) -> float:
        ordered = sorted(self.latencies_s)
        return 1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def request(method: str, path: str, *, port: int, body: bytes = b"", headers: str = "") -> bytes:
    """Return the bytes of a request, with an optional JSON body."""
    about = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\n{about}{headers}\r\n"
    return head.encode() + body


def send(requests: Sequence[bytes], *, port: int, clients: int) -> Load:
    """Send the requests over `clients` connections; fail unless every answer is 200 or 201."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", str(port), str(clients)],
        input=msgspec.msgpack.encode(requests),
        stdout=subprocess.PIPE,
        check=True,
    )
    return msgspec.msgpack.decode(done.stdout, type=Load)


class _Connection(asyncio.Protocol):
    """One client: it sends the next request when the previous one is answered."""

    def __init__(self, requests: Iterator[bytes], latencies_s: list[float]) -> None:
        self._requests = requests
        self._latencies_s = latencies_s
        self._received = b""
        self._sent_s = 0.0
        self._transport: asyncio.Transport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(
            asyncio.Transport, transport
        )  # uvloop's class has the methods but is no subclass

    def send_next(self) -> None:
        assert self._transport is not None
        following = next(self._requests, None)
        if following is None:
            self._transport.close()
            self.done.set_result(None)
            return
        self._sent_s = time.perf_counter()
        self._transport.write(following)

    def data_received(self, data: bytes) -> None:
        self._received += data
        body = self._received.find(b"\r\n\r\n") + 4
        if body < 4:
            return
        if not self._received.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
            self._fail(self._received.decode())
            return
        if len(self._received) < body + _content_length(self._received[:body]):
            return
        self._latencies_s.append(time.perf_counter() - self._sent_s)
        self._received = b""
        self.send_next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self._fail(f"the server closed the connection: {exc}")

    def _fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(why))


def _content_length(head: bytes) -> int:
    name = b"\r\ncontent-length:"
    start = head.lower().index(name) + len(name)
    return int(head[start : head.index(b"\r\n", start)])


async def _send_all(requests: list[bytes], port: int, clients: int) -> Load:
    loop = asyncio.get_running_loop()
    waiting, latencies_s = iter(requests), list[float]()
    connections = [_Connection(waiting, latencies_s) for _ in range(clients)]
    for connection in connections:
        await loop.create_connection(lambda made=connection: made, "127.0.0.1", port)  # type: ignore[misc]  # a default keeps this turn's connection
    cpu_s, begun_s = time.process_time(), time.perf_counter()
    for connection in connections:
        connection.send_next()
    await asyncio.gather(*(connection.done for connection in connections))
    return Load(time.perf_counter() - begun_s, latencies_s, time.process_time() - cpu_s)


def main() -> None:
    """Send the requests on stdin."""
    port, clients = map(int, sys.argv[1:])
    requests = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=list[bytes])
    load = uvloop.run(_send_all(requests, port, clients))
    sys.stdout.buffer.write(msgspec.msgpack.encode(load))


if __name__ == "__main__":
    main()
