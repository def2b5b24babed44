"""The body of a request, read whole and within a bound, before anything works on it."""

from collections.abc import Awaitable, Callable

from litestar.types import HTTPReceiveMessage, HTTPScope

from ledger.errors import LedgerError, UnsupportedMediaTypeError
from ledger.http.request_head import told_bytes

Read = Callable[[], Awaitable[HTTPReceiveMessage]]


def body_bytes(scope: HTTPScope) -> int | None:
    """Return how long a request says its body is, 0 for one in chunks, None without a body.

    Raises UnsupportedMediaTypeError `coding_unsupported`: the size of a compressed body would say
    nothing of what it costs (RFC 9110 section 8.4).
    """
    headers = scope["headers"]
    codings = (value for name, value in headers if name == b"content-encoding")
    if any(each.strip().lower() != b"identity" for each in codings):
        raise UnsupportedMediaTypeError("coding_unsupported", "send the body without a coding")
    is_chunked = any(name == b"transfer-encoding" for name, _ in headers)
    return told_bytes(headers) or (0 if is_chunked else None)


async def read_body(receive: Read, told: int, *, most: int, too_large: LedgerError) -> bytes | None:
    """Return the whole body, None if the client hung up in it; raise `too_large` above `most`."""
    if told > most:
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
