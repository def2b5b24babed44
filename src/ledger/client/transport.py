"""How requests reach a ledger: what the client needs of a transport, and the blocking one.

The client is written once, in coroutines that do no I/O but through a `Transport`. The blocking
transport never suspends, so `finished` runs such a coroutine to its end without an event loop.
`async_transport.py` has the one for asyncio.
"""

import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Protocol, TypeVar

import msgspec

from ledger.client.answer_errors import error_of
from ledger.system.http_client import HttpClient, HttpResponse

MAX_ANSWER_BYTES = 256 * 1024 * 1024  # evidence is the largest answer
SILENCE_S = 30.0
POST_S = 10.0
JSON = "application/json"
T = TypeVar("T")


class ClientRequest(msgspec.Struct, frozen=True):
    """A request: POST with a body of JSON, GET without. `cookie` is that of the session."""

    path: str
    cookie: str
    body: bytes | None = None


class Transport(Protocol):
    """The way to one ledger. It raises UnavailableError where no whole answer comes.

    An answer has at most MAX_ANSWER_BYTES. To GET it comes within SILENCE_S, to POST within POST_S.
    """

    async def send(self, asked: ClientRequest) -> HttpResponse:
        """Return the answer to a request."""
        ...

    def stream(self, asked: ClientRequest) -> AsyncGenerator[bytes, None]:
        """Yield the body of an endless answer as it arrives; each wait ends after SILENCE_S.

        Raises as `error_of` says for any other answer than 200.
        """
        ...

    async def pause(self, seconds: float) -> None:
        """Wait."""
        ...

    async def apart(self, work: Callable[[], T]) -> T:
        """Run what takes a while: a key in a device signs, evidence is verified."""
        ...

    def alone(self) -> AbstractAsyncContextManager[object]:
        """Let one task at a time into the block."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


class BlockingTransport:
    """One connection, and one for each stream; every method ends without suspending."""

    def __init__(self, address: str) -> None:
        """Raise MalformedError `url_invalid`."""
        self._address = address
        self._http = self._client()

    def _client(self) -> HttpClient:
        return HttpClient(
            self._address, max_bytes=MAX_ANSWER_BYTES, silence_s=SILENCE_S, proxies=True
        )

    async def send(self, asked: ClientRequest) -> HttpResponse:
        """Return the answer to a request."""
        if asked.body is None:
            return self._http.get(asked.path, total_s=SILENCE_S, cookie=asked.cookie)
        return self._http.post(asked.path, asked.body, JSON, cookie=asked.cookie)

    async def stream(self, asked: ClientRequest) -> AsyncGenerator[bytes, None]:
        """Yield the body of an endless answer as it arrives."""
        http = self._client()
        try:
            for each in http.stream(asked.path, cookie=asked.cookie):
                if isinstance(each, bytes):
                    yield each
                elif each.status != 200:
                    raise error_of(each)
        finally:
            http.close()

    async def pause(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)  # noqa: ASYNC251  # it has no event loop to hold up

    async def apart(self, work: Callable[[], T]) -> T:
        """Run the work here."""
        return work()

    def alone(self) -> AbstractAsyncContextManager[object]:
        """Return a block; a blocking client has one thread."""
        return nullcontext()

    async def close(self) -> None:
        """Close the connection."""
        self._http.close()


def finished(act: Coroutine[Any, Any, T]) -> T:
    """Return the result of a coroutine that never suspends."""
    try:
        act.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError("a blocking transport suspends nothing")
