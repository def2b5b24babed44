"""Requests to one ledger as one person: JSON in and out, and a session opened by the key."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar
from uuid import uuid4

import msgspec

from ledger.client.answer_errors import decoded, error_of
from ledger.client.kept_login import KeptLogin
from ledger.client.transport import MAX_ANSWER_BYTES, SILENCE_S, ClientRequest, Transport
from ledger.domain.acts import TYP
from ledger.errors import UnauthenticatedError, UnavailableError
from ledger.system.http_client import HttpClient

# How often the same bytes are sent when no answer comes. The ledger records them once.
ATTEMPTS = 3
PAUSE_S = 1.0
MAX_LINE_BYTES = 5000  # the stream tells positions
T = TypeVar("T")


class LedgerConnection:
    """Requests of one login. Every method raises UnavailableError where no answer comes.

    A problem that the ledger answers with is raised as the error of its kind, with its code.
    """

    def __init__(self, login: KeptLogin, transport: Transport) -> None:
        """Raise MalformedError `key_file_invalid`."""
        self.login = login
        self.key = login.signing_key()
        self.transport = transport
        self._cookie = ""

    async def read(self, path: str) -> bytes:
        """Return the bytes of an answer to GET, with a session."""
        cookie = self._cookie or await self._sign_in("")
        try:
            return await self._get(path, cookie)
        except UnauthenticatedError:  # the session ended meanwhile
            return await self._get(path, await self._sign_in(cookie))

    async def ask(self, path: str, kind: type[T]) -> T:
        """Return a JSON answer to GET, decoded."""
        return decoded(await self.read(path), kind)

    async def send(self, path: str, body: dict[str, Any], kind: type[T]) -> T:
        """Return the JSON answer to POST, decoded; without an answer, send the same bytes again."""
        raw = msgspec.json.encode(body)
        for left in reversed(range(ATTEMPTS)):
            try:
                return decoded(await self._post(path, raw), kind)
            except UnavailableError:
                if not left:
                    raise
                await self.transport.pause(PAUSE_S)
        raise AssertionError("unreachable")

    async def lines(self, path: str) -> AsyncGenerator[bytes, None]:
        """Yield the lines of an endless answer to GET, with a session."""
        cookie = self._cookie or await self._sign_in("")
        asked = ClientRequest(path, cookie)
        rest = b""
        try:
            async with aclosing(self.transport.stream(asked)) as chunks:
                async for chunk in chunks:
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines:
                        yield line.rstrip(b"\r")
                    if len(rest) > MAX_LINE_BYTES:
                        raise UnavailableError("answer_invalid", "a line of the stream has no end")
        except UnauthenticatedError:  # the session ended; the next call opens another one
            await self._sign_in(cookie)

    async def act(self, act: str, **members: Any) -> str:
        """Return the JWS of an act of this person, now unless `iat` is another second."""
        said = {"act": act, "iat": int(time.time()), "ledger": self.login.ledger} | members
        return await self.signed(msgspec.json.encode(said), TYP)

    async def signed(self, payload: bytes, typ: str, iat: int | None = None) -> str:
        """Return a JWS by the login's key, which may be in a device that takes its time."""
        return await self.transport.apart(partial(self.key.sign, payload, typ=typ, iat=iat))

    async def _sign_in(self, ended: str) -> str:
        """Return the cookie of a session; `ended` is that of one that is over."""
        async with self.transport.alone():
            if self._cookie == ended:  # else another task has signed in meanwhile
                body = {"act": await self.act("sign-in", jti=str(uuid4()))}
                asked = ClientRequest("/api/sessions", "", msgspec.json.encode(body))
                answer = await self.transport.send(asked)
                if not _is_success(answer.status):
                    raise error_of(answer)
                self._cookie = "; ".join(answer.cookies)
            return self._cookie

    async def _get(self, path: str, cookie: str) -> bytes:
        return await self._taken(ClientRequest(path, cookie))

    async def _post(self, path: str, body: bytes) -> bytes:
        return await self._taken(ClientRequest(path, self._cookie, body))

    async def _taken(self, asked: ClientRequest) -> bytes:
        answer = await self.transport.send(asked)
        if _is_success(answer.status):
            return answer.body
        raise error_of(answer)


def _is_success(status: int) -> bool:
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


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
    http = HttpClient(address, max_bytes=MAX_ANSWER_BYTES, silence_s=SILENCE_S, proxies=True)
    try:
        answer = http.get("/.well-known/ledger-keys")
    finally:
        http.close()
    if answer.status != HTTPStatus.OK:
        raise error_of(answer)
    return decoded(answer.body, LedgerAt)
