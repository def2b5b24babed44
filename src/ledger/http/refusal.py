"""Answers that a connection gives by itself, before any application is asked."""

from collections.abc import Sequence
from http import HTTPStatus

from ledger.errors import LedgerError
from ledger.http.languages import speaking
from ledger.http.problems import MEDIA_TYPE, document, retry_after
from ledger.http.refusal_page import PAGE_TYPE, refusal_page, wants_page

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
ALLOW = b"HTTP/1.1 204 No Content\r\nallow: GET, HEAD, POST, OPTIONS\r\nconnection: close\r\n\r\n"


def refusal(status: int, request_id: str, headers: Sequence[tuple[bytes, bytes]] = ()) -> bytes:
    """Return a whole answer that refuses and closes.

    It is a problem document (RFC 9457), or a page if the request's headers, as far as they are
    known, are those of a browser that asks for one.
    """
    code, detail = REFUSALS[status]
    is_page = wants_page(headers)
    with speaking(headers):
        body = (
            refusal_page(status, LedgerError(code, detail))
            if is_page
            else document(status, code, detail)
        )
    media_type = PAGE_TYPE if is_page else MEDIA_TYPE
    retry = "".join(f"{name}: {value}\r\n" for name, value in retry_after(status)).encode()
    return b"".join(
        (
            b"HTTP/1.1 %d %s\r\n" % (status, HTTPStatus(status).phrase.encode()),
            b"content-type: %s\r\ncontent-length: %d\r\n" % (media_type.encode(), len(body)),
            b"vary: accept\r\ncache-control: no-store\r\nconnection: close\r\n",
            b"x-request-id: %s\r\n" % request_id.encode(),
            retry,
            b"\r\n",
            body,
        )
    )
