"""Requests to a ledger under asyncio. This is the one module that imports `httpx`.

A task that is cancelled closes its connection at once. Limits are those of the blocking transport:
bytes, each silence, and the whole answer. No redirection is followed and no answer is unpacked.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlsplit

import httpx

from ledger import __version__
from ledger.client.answer_errors import error_of
from ledger.client.transport import JSON, MAX_ANSWER_BYTES, POST_S, SILENCE_S, ClientRequest
from ledger.errors import UnavailableError
from ledger.system.http_client import LOOPBACK, HttpResponse, retry_after_of
from ledger.system.pinned_connection import trust

T = TypeVar("T")


class _Pool:
    """Connections that requests share; `users` are the requests under way."""

    def __init__(self, address: str) -> None:
        self.http = httpx.AsyncClient(
            base_url=address,
            headers={"User-Agent": f"approval-ledger/{__version__}", "Accept-Encoding": "identity"},
            timeout=SILENCE_S,
            verify=trust(),
            trust_env=urlsplit(address).hostname not in LOOPBACK,  # for proxies only
        )
        self.users = 0


class AsyncTransport:
    """Connections of one event loop.

    A request that is cancelled while its connection closes can leave it open, and its pool counts
    it for ever (httpcore 1.0.9). So after a cancellation new requests get a new pool, and the old
    one closes with its last request.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._pool = _Pool(address)
        self._old: set[_Pool] = set()
        self._turn = asyncio.Lock()

    async def send(self, asked: ClientRequest) -> HttpResponse:
        """Return the answer to a request."""
        total_s = SILENCE_S if asked.body is None else POST_S
        try:
            async with asyncio.timeout(total_s), self._answer(asked) as answer:
                return await _read(answer)
        except TimeoutError as error:
            raise self._unreachable("timed out") from error

    async def stream(self, asked: ClientRequest) -> AsyncGenerator[bytes, None]:
        """Yield the body of an endless answer as it arrives."""
        async with AsyncExitStack() as exchange:
            try:
                async with asyncio.timeout(POST_S):
                    answer = await exchange.enter_async_context(self._answer(asked))
                    if answer.status_code != HTTPStatus.OK:
                        raise error_of(await _read(answer))
            except TimeoutError as error:
                raise self._unreachable("timed out") from error
            async for chunk in answer.aiter_raw():
                yield chunk

    async def pause(self, seconds: float) -> None:
        """Sleep."""
        await asyncio.sleep(seconds)

    async def apart(self, work: Callable[[], T]) -> T:
        """Run the work in a thread, while the event loop goes on."""
        return await asyncio.to_thread(work)

    def alone(self) -> AbstractAsyncContextManager[object]:
        """Let one task at a time into the block."""
        return self._turn

    async def close(self) -> None:
        """Close the connections; requests under way fail."""
        for pool in (self._pool, *self._old):
            await pool.http.aclose()

    @asynccontextmanager
    async def _pooled(self) -> AsyncIterator[httpx.AsyncClient]:
        """Yield the connections for one request."""
        pool = self._pool
        pool.users += 1
        try:
            yield pool.http
        except asyncio.CancelledError:
            if self._pool is pool:
                self._pool = _Pool(self._address)
                self._old.add(pool)
            raise
        finally:
            pool.users -= 1
            if pool in self._old and not pool.users:
                self._old.remove(pool)
                await pool.http.aclose()

    @asynccontextmanager
    async def _answer(self, asked: ClientRequest) -> AsyncIterator[httpx.Response]:
        """Send a request; yield the answer, of which the head is read."""
        headers = {"Cookie": asked.cookie} if asked.cookie else {}
        if asked.body is not None:
            headers["Content-Type"] = JSON
        method = "GET" if asked.body is None else "POST"
        try:
            async with (
                self._pooled() as http,
                http.stream(method, asked.path, content=asked.body, headers=headers) as answer,
            ):
                # The session's cookie is the client's own; another one is not sent along.
                http.cookies.clear()
                yield answer
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:  # a cookie in no ASCII
            raise self._unreachable(str(error) or type(error).__name__) from error

    def _unreachable(self, reason: str) -> UnavailableError:
        return UnavailableError("peer_unreachable", f"{self._address}: {reason}")


async def _read(answer: httpx.Response) -> HttpResponse:
    """Return an answer with its body."""
    body = bytearray()
    async for chunk in answer.aiter_raw():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise httpx.ReadError(f"over {MAX_ANSWER_BYTES:,} bytes")
    return HttpResponse(
        answer.status_code,
        answer.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
        bytes(body),
        retry_after_of(answer.headers.get("Retry-After", "")),
        tuple(each.partition(";")[0].strip() for each in answer.headers.get_list("Set-Cookie")),
    )
