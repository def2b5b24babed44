"""Answers that a connection gives by itself, before any application is asked."""

from collections.abc import Sequence
from email.utils import formatdate
from http import HTTPStatus

from ledger.errors import LedgerError
from ledger.http.headers import security_headers
from ledger.http.languages import VARY, language, speaking
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
# What some route of this server takes; the directory's routes take the last three.
METHODS = "GET, HEAD, POST, OPTIONS, PUT, PATCH, DELETE"
# Those of every answer, without Strict-Transport-Security: a connection does not know its origin.
_SECURITY = "".join(f"{name}: {value}\r\n" for name, value in security_headers("").items())


def refusal(status: int, request_id: str, headers: Sequence[tuple[bytes, bytes]] = ()) -> bytes:
    """Return a whole answer that refuses and closes.

    It is a problem document (RFC 9457), or a page if the request's headers, as far as they are
    known, are those of a browser that asks for one.
    """
    code, detail = REFUSALS[status]
    is_page = wants_page(headers)
    with speaking(headers):
        spoken = f"content-language: {language()}\r\n" if is_page else ""
        body = (
            refusal_page(status, LedgerError(code, detail))
            if is_page
            else document(status, code, detail)
        )
    media_type = PAGE_TYPE if is_page else MEDIA_TYPE
    retry = "".join(f"{name}: {value}\r\n" for name, value in retry_after(status))
    kind = f"content-type: {media_type}\r\ncontent-length: {len(body)}\r\nvary: {VARY}\r\n"
    return _head(status, request_id, f"{kind}{spoken}{retry}") + body


def server_options(request_id: str) -> bytes:
    """Return the answer to `OPTIONS *` (RFC 9110 section 9.3.7), which closes too."""
    return _head(204, request_id, f"allow: {METHODS}\r\n")


def _head(status: int, request_id: str, more: str) -> bytes:
    return (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        f"date: {formatdate(usegmt=True)}\r\n{more}cache-control: no-store\r\n{_SECURITY}"
        f"x-request-id: {request_id}\r\nconnection: close\r\n\r\n"
    ).encode()
