"""The body of a request, read whole and within a bound, before anything works on it."""

from collections.abc import Awaitable, Callable

from litestar.types import HTTPReceiveMessage, HTTPScope

from ledger.errors import LedgerError, UnsupportedMediaTypeError

Read = Callable[[], Awaitable[HTTPReceiveMessage]]


def body_bytes(scope: HTTPScope) -> int | None:
    """Return how long a request says its body is, 0 for one in chunks, None without a body.

    Raises UnsupportedMediaTypeError `coding_unsupported`: the size of a compressed body would say
    nothing of what it costs (RFC 9110 section 8.4).
    """
    told_bytes: int | None = None
    for name, value in scope["headers"]:
        if name == b"content-length":
            if value != b"0":
                told_bytes = max(int(value), told_bytes or 0)
        elif name == b"transfer-encoding":
            told_bytes = told_bytes or 0
        elif name == b"content-encoding" and value.strip().lower() != b"identity":
            raise UnsupportedMediaTypeError("coding_unsupported", "send the body without a coding")
    return told_bytes


async def read_body(
    receive: Read, told_bytes: int, *, most: int, too_large: LedgerError
) -> bytes | None:
    """Return the whole body, None if the client hung up in it; raise `too_large` above `most`."""
    if told_bytes > most:
        raise too_large
    parts: list[bytes] = []
    length, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message["body"])
        length += len(message["body"])
        if length > most:
            raise too_large
        more = message["more_body"]
    return parts[0] if len(parts) == 1 else b"".join(parts)
