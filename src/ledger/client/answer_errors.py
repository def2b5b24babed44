"""What a ledger's answer says: its JSON, decoded, or the error of the problem that it is."""

import re
from http import HTTPStatus
from typing import TypeVar

import msgspec

from ledger.domain.text import plain
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
)
from ledger.system.http_client import HttpResponse

_ERRORS: dict[int, type[LedgerError]] = {
    HTTPStatus.BAD_REQUEST: MalformedError,
    HTTPStatus.UNAUTHORIZED: UnauthenticatedError,
    HTTPStatus.FORBIDDEN: ForbiddenError,
    HTTPStatus.NOT_FOUND: NotFoundError,
    HTTPStatus.CONFLICT: ConflictError,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: TooLargeError,
    HTTPStatus.UNPROCESSABLE_ENTITY: RefusedError,
}
# RecursionError: nested too deep.
_NOT_DECODED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
# What a server says reaches terminals, logs and agents.
MAX_DETAIL_CHARS = 1_000
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}", re.ASCII)
T = TypeVar("T")


class _Problem(msgspec.Struct):
    """An RFC 9457 problem document, as far as a client acts on it."""

    code: str
    detail: str = ""


def error_of(answer: HttpResponse) -> LedgerError:
    """Return the error that an answer without success stands for; its detail is one short line."""
    try:
        problem = msgspec.json.decode(answer.body, type=_Problem)
    except _NOT_DECODED:
        problem = _Problem("")
    if not _CODE.fullmatch(problem.code):
        problem = _Problem("answer_invalid", f"the server answered {answer.status}")
    detail = plain(problem.detail[:MAX_DETAIL_CHARS])
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return TooManyError(problem.code, detail, retry_after_s=answer.retry_after_s)
    return _ERRORS.get(answer.status, UnavailableError)(problem.code, detail)


def decoded(raw: bytes, kind: type[T]) -> T:
    """Return an answer's members that this client knows; further ones may come with time."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except _NOT_DECODED as error:
        raise UnavailableError("answer_invalid", f"the server's answer: {error}") from error
