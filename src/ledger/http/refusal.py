"""Answers that a connection gives by itself, before any application is asked."""

import random
from http import HTTPStatus

from ledger.http.problems import MEDIA_TYPE, document

# The code and the sentence of each refusal, by status.
REFUSALS: dict[int, tuple[str, str]] = {
    400: ("http_malformed", "this is not HTTP/1.1 as RFC 9112 defines it"),
    408: ("request_timeout", "the request took too long to arrive"),
    413: ("request_too_large", "the body is larger than this server takes"),
    417: ("expectation_unknown", "the only expectation met here is 100-continue"),
    429: ("too_many_connections", "this address has too many connections open"),
    431: ("head_too_large", "the request line and the headers are too long or too many"),
    501: ("not_implemented", "this transfer coding or method is not implemented"),
    503: ("server_busy", "the server takes no more requests at the moment"),
    505: ("http_version_unsupported", "this server speaks HTTP/1.1 and HTTP/1.0"),
}
MAX_RETRY_AFTER_S = 10
ALLOW = b"HTTP/1.1 204 No Content\r\nallow: GET, HEAD, POST, OPTIONS\r\nconnection: close\r\n\r\n"


def refusal(status: int) -> bytes:
    """Return a whole answer that refuses with a problem document (RFC 9457) and closes."""
    code, detail = REFUSALS[status]
    body = document(status, code, detail)
    retry = b""
    if status in (429, 503):
        # Jittered, so that clients refused together do not come back together.
        retry = b"retry-after: %d\r\n" % random.randint(1, MAX_RETRY_AFTER_S)  # noqa: S311  # no secret
    return b"".join(
        (
            b"HTTP/1.1 %d %s\r\n" % (status, HTTPStatus(status).phrase.encode()),
            b"content-type: %s\r\ncontent-length: %d\r\n" % (MEDIA_TYPE.encode(), len(body)),
            b"cache-control: no-store\r\nconnection: close\r\n",
            retry,
            b"\r\n",
            body,
        )
    )
