"""Requests to one ledger as one person: JSON in and out, and a session opened by the key."""

import time
from http import HTTPStatus
from typing import Any, TypeVar
from uuid import uuid4

import msgspec

from ledger.client.kept_login import KeptLogin
from ledger.domain.acts import TYP
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
from ledger.system.http_client import HttpClient, HttpResponse

MAX_ANSWER_BYTES = 256 * 1024 * 1024  # evidence is the largest answer
SILENCE_S = 30.0
# How often the same bytes are sent when no answer comes. The ledger records them once.
ATTEMPTS = 3
_JSON = "application/json"
_ERRORS: dict[int, type[LedgerError]] = {
    HTTPStatus.BAD_REQUEST: MalformedError,
    HTTPStatus.UNAUTHORIZED: UnauthenticatedError,
    HTTPStatus.FORBIDDEN: ForbiddenError,
    HTTPStatus.NOT_FOUND: NotFoundError,
    HTTPStatus.CONFLICT: ConflictError,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: TooLargeError,
    HTTPStatus.UNPROCESSABLE_ENTITY: RefusedError,
}
T = TypeVar("T")


class _Problem(msgspec.Struct):
    """An RFC 9457 problem document, as far as a client acts on it."""

    code: str
    detail: str = ""


class LedgerConnection:
    """Requests of one login. Every method raises UnavailableError where no answer comes.

    A problem that the ledger answers with is raised as the error of its kind, with its code.
    """

    def __init__(self, login: KeptLogin) -> None:
        self.login = login
        self.key = login.signing_key()
        self._http = HttpClient(
            login.address, max_bytes=MAX_ANSWER_BYTES, silence_s=SILENCE_S, proxies=True
        )
        self._cookie = ""

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def read(self, path: str) -> bytes:
        """Return the bytes of an answer to GET, with a session."""
        if not self._cookie:
            self._sign_in()
        try:
            return self._get(path)
        except UnauthenticatedError:  # the session ended meanwhile
            self._sign_in()
            return self._get(path)

    def ask(self, path: str, kind: type[T]) -> T:
        """Return a JSON answer to GET, decoded."""
        return decoded(self.read(path), kind)

    def send(self, path: str, body: dict[str, Any], kind: type[T]) -> T:
        """Return the JSON answer to POST, decoded; without an answer, send the same bytes again."""
        raw = msgspec.json.encode(body)
        for left in reversed(range(ATTEMPTS)):
            try:
                return decoded(self._post(path, raw), kind)
            except UnavailableError:
                if not left:
                    raise
                time.sleep(1)
        raise AssertionError("unreachable")

    def act(self, act: str, **members: Any) -> str:
        """Return the JWS of an act of this person, now unless `iat` is another second."""
        said = {"act": act, "iat": int(time.time()), "ledger": self.login.ledger} | members
        return self.key.sign(msgspec.json.encode(said), typ=TYP)

    def _sign_in(self) -> None:
        body = msgspec.json.encode({"act": self.act("sign-in", jti=str(uuid4()))})
        self._post("/api/sessions", body)

    def _get(self, path: str) -> bytes:
        return self._taken(self._http.get(path, total_s=SILENCE_S, cookie=self._cookie))

    def _post(self, path: str, body: bytes) -> bytes:
        return self._taken(self._http.post(path, body, _JSON, cookie=self._cookie))

    def _taken(self, answer: HttpResponse) -> bytes:
        if answer.cookies:
            self._cookie = "; ".join(answer.cookies)
        if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return answer.body
        raise _error(answer)


def _error(answer: HttpResponse) -> LedgerError:
    try:
        problem = msgspec.json.decode(answer.body, type=_Problem)
    except msgspec.MsgspecError:
        problem = _Problem("answer_invalid", f"the server answered {answer.status}")
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return TooManyError(problem.code, problem.detail, retry_after_s=answer.retry_after_s)
    return _ERRORS.get(answer.status, UnavailableError)(problem.code, problem.detail)


def decoded(raw: bytes, kind: type[T]) -> T:
    """Return an answer's members that this client knows; further ones may come with time."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UnavailableError("answer_invalid", f"the server's answer: {error}") from error


class AnnouncedLogKey(msgspec.Struct, frozen=True, rename="camel"):
    """A key that signs the log's checkpoints; `last_size` is None while it signs."""

    vkey: str
    last_size: int | None


class LedgerAt(msgspec.Struct, frozen=True, rename="camel"):
    """The id of the ledger at an address, and the log keys that it announces."""

    ledger: str
    log_keys: tuple[AnnouncedLogKey, ...]


def ledger_at(address: str) -> LedgerAt:
    """Return what the ledger at an address says of itself; raise UnavailableError."""
    http = HttpClient(address, max_bytes=MAX_ANSWER_BYTES, proxies=True)
    try:
        answer = http.get("/.well-known/ledger-keys")
    finally:
        http.close()
    if answer.status != HTTPStatus.OK:
        raise _error(answer)
    return decoded(answer.body, LedgerAt)
