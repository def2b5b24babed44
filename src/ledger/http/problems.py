"""RFC 9457 problem documents: the one place where an error becomes an HTTP status."""

import logging
import random
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NamedTuple

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
from ledger.http.catalogue import sentence_of
from ledger.http.exchange import Exchange, exchange_of
from ledger.http.languages import VARY
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
# Answered 503 on purpose: a client chose to wait, or the lanes and exports are full.
_EXPECTED = frozenset(("not_yet", "server_busy"))
# Answered 503 until the operator does something: to try again helps nobody.
LASTING = frozenset(
    (
        *("views_failing", "storage_lost", "memory_missing", "epoch_moved", "clock_unconfirmed"),
        *("log_keys_missing", "heads_key_missing", "log_rolled_back", "log_forked", "log_unsound"),
    )
)
_log = logging.getLogger("ledger")


class Problem(msgspec.Struct, omit_defaults=True):
    """A problem document; `code` is stable, `evidence` names what the error is about.

    `detail` is English, for programs. `sentence` is for people, in the language that the request
    asks for; a code that only programs meet has none.
    """

    title: str
    status: int
    detail: str
    code: str
    sentence: str = ""
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
    headers = dict(retry_after(status)) | {"Vary": VARY}
    return Response(content, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def retry_after(status: int, least_s: int = 0, code: str = "") -> list[tuple[str, str]]:
    """Return Retry-After where a retry can help: for 429, and for 503 unless it is lasting.

    A retry before `least_s` seconds is refused again. The value has jitter, so that clients that
    were refused at the same time do not retry at the same time.
    """
    if status not in (429, 503) or code in LASTING:
        return []
    most_s = min(least_s or MAX_RETRY_AFTER_S, MAX_RETRY_AFTER_S)
    jitter_s = random.randint(0, most_s)  # noqa: S311  # no secret
    return [("Retry-After", str(max(least_s + jitter_s, 1)))]


def document(status: int, code: str, detail: str, **evidence: Any) -> bytes:
    """Return a problem document as JSON."""
    sentence = sentence_of(code, evidence)
    return msgspec.json.encode(
        Problem(phrase(status), status, detail, code, sentence, evidence=evidence)
    )


class Warnings:
    """Tells the log why requests are answered 503: each reason at once, then once a minute.

    Otherwise every request of an outage would be a line.
    """

    EVERY_S = 60.0

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._lock = threading.Lock()
        self._told_s: dict[str, float] = {}
        self._untold: dict[str, int] = {}

    def tell(self, error: LedgerError, request_id: str) -> None:
        """Log an error, or count it for the next line of its code."""
        now_s = self._now_s()
        with self._lock:
            if now_s - self._told_s.get(error.code, -self.EVERY_S) < self.EVERY_S:
                self._untold[error.code] = self._untold.get(error.code, 0) + 1
                return
            self._told_s[error.code] = now_s
            untold = self._untold.pop(error.code, 0)
        cause = "" if error.__cause__ is None else f" ({error.__cause__!r})"
        more = f"; {untold} more requests like it since the last line" if untold else ""
        _log.warning("request %s: unavailable: %s%s%s", request_id, error, cause, more)


_warnings = Warnings()


class ProblemAnswer(NamedTuple):
    """An answer that refuses; the headers are those besides its type and its length."""

    status: int
    body: bytes
    headers: list[tuple[str, str]]


def answer_to(error: Exception, exchange: Exchange) -> ProblemAnswer:
    """Note an error in its exchange and return its answer.

    Clients see 500 for corruption and for bugs; the log has the details.
    """
    status = STATUS.get(type(error)) if isinstance(error, LedgerError) else None
    if not isinstance(error, LedgerError) or status is None:
        exchange.code = "internal"
        _log.error("request %s: unexpected error", exchange.request_id, exc_info=error)
        body = document(500, "internal", "the server failed; its log has the reason")
        return ProblemAnswer(500, body, [])
    if status == 503 and error.code not in _EXPECTED:
        _warnings.tell(error, exchange.request_id)
    exchange.code = error.code
    least_s = error.retry_after_s if isinstance(error, TooManyError) else 0
    body = document(status, error.code, error.detail, **error.evidence)
    return ProblemAnswer(status, body, retry_after(status, least_s, error.code))


def from_error(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Answer an error of our own code: a deliberate one, or a bug."""
    status, body, headers = answer_to(error, exchange_of(request.scope))
    told = dict(headers) | {"Vary": VARY}  # the sentence is in its reader's language
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=told)


def from_framework(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """Answer what the framework refuses before any of our code runs."""
    status = error.status_code
    code = _FRAMEWORK_CODES.get(type(error), "request_invalid")
    if status == 413:
        code = "request_too_large"
    if status >= 500:
        return from_error(request, error)
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


ErrorAnswer = Callable[[AnyRequest, Any], Response[Any]]
EXCEPTION_HANDLERS: dict[Any, ErrorAnswer] = {
    HTTPException: from_framework,
    Exception: from_error,
}
