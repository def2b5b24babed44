"""Requests that say two things, or nothing that HTTP/1.1 allows."""

from tests.hostile.target import Target, kind


def requests(port: int) -> list[bytes]:
    """Return one of each."""
    host = f"Host: localhost:{port}\r\n".encode()
    get, post = b"GET /healthz HTTP/1.1\r\n", b"POST /api/authenticate HTTP/1.1\r\n"
    return [
        get + b"\r\n",
        get + host + host + b"\r\n",
        get + b"Host: a b\r\n\r\n",
        b"GET http://elsewhere/ HTTP/1.1\r\n" + host + b"\r\n",
        b"GET http://localhost:%d/healthz HTTP/1.1\r\n" % port + host + b"\r\n",
        b"OPTIONS * HTTP/1.1\r\n" + host + b"\r\n",
        b"GET * HTTP/1.1\r\n" + host + b"\r\n",
        b"GET /healthz\r\n\r\n",
        b"GET /healthz HTTP/2.0\r\n" + host + b"\r\n",
        get + host + b"TE: trailers\r\nConnection: close\r\n\r\n",
        post + host + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        post + host + b"Expect: something\r\nContent-Length: 1\r\n\r\n",
        post + host + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        post + host + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        post + host + b"Content-Length: -1\r\n\r\n",
        b"CONNECT localhost:1 HTTP/1.1\r\n" + host + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        bytes(range(256)) * 4,
    ]


async def malformed(target: Target) -> None:
    raw = [
        each.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        for each in requests(target.port)
    ]
    await target.flood(3_000, lambda n: target.ask(raw[n % len(raw)]), at_once=8)


KINDS = (kind("requests that are no HTTP/1.1", malformed, 200, 204, 400, 417, 501, 505),)
