"""RFC 9457 problem documents: the one place where an error becomes an HTTP status."""

import logging
import random
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Response
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.openapi.datastructures import ResponseSpec

from ledger.errors import (
    ConflictError,
    ForbiddenError,
    LedgerError,
    MalformedError,
    NotFoundError,
    RefusedError,
    TooLargeError,
    TooManyError,
    UnauthenticatedError,
    UnavailableError,
    UnsupportedMediaTypeError,
)
from ledger.http.exchange import exchange_of
from ledger.http.queries import missing, parameters
from ledger.http.requests import AnyRequest

MEDIA_TYPE = "application/problem+json"
MAX_RETRY_AFTER_S = 5
STATUS: dict[type[LedgerError], int] = {
    MalformedError: 400,
    UnauthenticatedError: 401,
    ForbiddenError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    TooLargeError: 413,
    UnsupportedMediaTypeError: 415,
    RefusedError: 422,
    TooManyError: 429,
    UnavailableError: 503,
}
_FRAMEWORK_CODES: dict[type[HTTPException], str] = {
    NotFoundException: "not_found",
    MethodNotAllowedException: "method_not_allowed",
    ValidationException: "request_invalid",
}
_log = logging.getLogger("ledger")


class Problem(msgspec.Struct, omit_defaults=True):
    """A problem document; `code` is stable, `evidence` names what the error is about."""

    title: str
    status: int
    detail: str
    code: str
    type: str = "about:blank"
    evidence: dict[str, Any] = {}


def phrase(status: int) -> str:
    """Return the name of a status."""
    return HTTPStatus(status).phrase


def answers(*statuses: int) -> dict[int, ResponseSpec]:
    """Return the description of a route's problem documents, for OpenAPI."""
    return {
        status: ResponseSpec(
            Problem,
            media_type=MEDIA_TYPE,
            description=phrase(status),
            generate_examples=False,
        )
        for status in sorted({400, *statuses})
    }


def problem(status: int, code: str, detail: str, **evidence: Any) -> Response[bytes]:
    """Return a problem document as a response."""
    content = document(status, code, detail, **evidence)
    headers = dict(retry_after(status))
    return Response(content, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def retry_after(status: int, least_s: int = 0) -> list[tuple[str, str]]:
    """Return Retry-After for the statuses where a retry can help: 429 and 503.

    A retry before `least_s` seconds is refused again. The value has jitter, so that clients that
    were refused at the same time do not retry at the same time.
    """
    if status not in (429, 503):
        return []
    most_s = min(least_s or MAX_RETRY_AFTER_S, MAX_RETRY_AFTER_S)
    jitter_s = random.randint(0, most_s)  # noqa: S311  # no secret
    return [("Retry-After", str(max(least_s + jitter_s, 1)))]


def document(status: int, code: str, detail: str, **evidence: Any) -> bytes:
    """Return a problem document as JSON."""
    title = phrase(status)
    return msgspec.json.encode(
        Problem(title=title, status=status, detail=detail, code=code, evidence=evidence)
    )


def from_ledger_error(request: AnyRequest, error: LedgerError) -> Response[bytes]:
    """Answer an error of the ledger; clients do not see the details of corruption, the log does."""
    status = STATUS.get(type(error))
    if status is None:
        return _failed(request, "unanswerable", error)
    if status == 503 and error.code != "not_yet":  # the client chose to wait for it
        request_id = exchange_of(request.scope).request_id
        cause = "" if error.__cause__ is None else f" ({error.__cause__!r})"
        _log.warning("request %s: unavailable: %s%s", request_id, error, cause)
    exchange_of(request.scope).code = error.code
    return problem(status, error.code, error.detail, **error.evidence)


def from_framework(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """Answer what the framework refuses before any of our code runs."""
    status = error.status_code
    code = _FRAMEWORK_CODES.get(type(error), "request_invalid")
    if status == 413:
        code = "request_too_large"
    if status >= 500:
        return _failed(request, "framework error", error)
    exchange_of(request.scope).code = code
    response = problem(status, code, _detail(request, error))
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


def _detail(request: AnyRequest, error: HTTPException) -> str:
    """Say which parameters are wrong, by the names that the request has for them."""
    if not isinstance(error, ValidationException):
        return phrase(error.status_code)
    extra = error.extra if isinstance(error.extra, list) else []
    told = parameters(request).told
    parts = [
        f"{told[entry['key']]}: {entry['message']}"
        for entry in extra
        if isinstance(entry, dict) and entry.get("key") in told
    ]
    parts += [f"{name}: missing" for name in missing(request)]
    return "; ".join(parts) or phrase(error.status_code)


def from_bug(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Answer an unexpected error: a problem document for the client, a traceback for the log."""
    return _failed(request, "unexpected error", error)


def _failed(request: AnyRequest, what: str, error: Exception) -> Response[bytes]:
    exchange = exchange_of(request.scope)
    exchange.code = "internal"
    _log.error("request %s: %s", exchange.request_id, what, exc_info=error)
    return problem(500, "internal", "the server failed; its log has the reason")


ErrorAnswer = Callable[[AnyRequest, Any], Response[Any]]
EXCEPTION_HANDLERS: dict[Any, ErrorAnswer] = {
    LedgerError: from_ledger_error,
    HTTPException: from_framework,
    Exception: from_bug,
}
