"""The one HTTP client, for witnesses, time-stamp authorities, evidence and programs of people.

It is the standard library's client with what that lacks: a limit on bytes and a deadline for the
whole answer. It never follows redirections and always verifies TLS certificates. Callers must treat
an answer as untrusted bytes.
"""

import http.client
import math
import re
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from threading import Lock
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from ledger import __version__
from ledger.errors import MalformedError, UnavailableError
from ledger.system.bounded_socket import BoundedSocket
from ledger.system.pinned_connection import PinnedConnection, trust

SILENCE_S = TOTAL_S = 10.0
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_CHUNK_BYTES = 65_536
_PLAIN = re.compile(r"[!-~]+").fullmatch
_SECONDS = re.compile(r"[0-9]{1,5}").fullmatch
# ValueError: a host name that DNS cannot represent.
_FAILURES = (OSError, http.client.HTTPException, ValueError)
_AGENT = f"approval-ledger/{__version__}"


class HttpResponse(NamedTuple):
    """A status, the content type without its parameters, and the full body.

    `retry_after_s` is what Retry-After says in seconds, 0 without it. `cookies` are the pairs
    `name=value` that the answer sets, without their attributes.
    """

    status: int
    media_type: str
    body: bytes
    retry_after_s: int
    cookies: tuple[str, ...] = ()


class HttpClient:
    """A client of one server, given as the prefix `http(s)://host[:port][/path]`.

    It sends one request at a time and keeps the connection for the next one. `silence_s` limits
    each wait for the server. `proxies` makes it use the proxy that the environment names, but not
    to reach this machine, whose plain HTTP nobody else may read. With `address`, it connects to
    that IP address and resolves no name; TLS still verifies the host's.
    """

    def __init__(
        self,
        url: str,
        *,
        max_bytes: int,
        silence_s: float = SILENCE_S,
        proxies: bool = False,
        address: str | None = None,
    ) -> None:
        """Raise MalformedError `url_invalid` if `url` is not such a prefix."""
        self.url = url
        parts = _parse(url)
        self._path = parts.path
        self._max_bytes = max_bytes
        self._silence_s = silence_s
        self._address = address
        self._target = ""  # prepended to the path; a proxy needs the full address
        self._headers = {"User-Agent": _AGENT}
        self._connection = self._prepare(parts, proxies=proxies)
        self._bounded: BoundedSocket | None = None
        self._lock = Lock()
        self._is_closed = False

    def get(
        self,
        path: str,
        *,
        max_bytes: int | None = None,
        total_s: float = TOTAL_S,
        cookie: str = "",
    ) -> HttpResponse:
        """Return the answer to GET `<url><path>`; raise UnavailableError `peer_unreachable`.

        The body has at most `max_bytes` bytes and must arrive within `total_s` seconds.
        """
        most = self._max_bytes if max_bytes is None else max_bytes
        return self._ask(_Request("GET", path, None, _cookie(cookie), most, total_s))

    def post(
        self,
        path: str,
        body: bytes,
        media_type: str,
        *,
        cookie: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """Return the answer to POST `<url><path>`; raise UnavailableError `peer_unreachable`."""
        headers = {"Content-Type": media_type} | _cookie(cookie) | dict(headers or {})
        return self._ask(_Request("POST", path, body, headers, self._max_bytes, TOTAL_S))

    def stream(
        self, path: str, *, cookie: str = "", headers: Mapping[str, str] | None = None
    ) -> Iterator[HttpResponse | bytes]:
        """Yield the answer to GET `<url><path>` without its body, then the body as it arrives.

        Any other status than 200 comes with its body, and nothing follows. The body has no end in
        bytes or time, only each wait for the server has; close the iterator to end it.

        Raises UnavailableError `peer_unreachable`.
        """
        asked = _cookie(cookie) | dict(headers or {})
        request = _Request("GET", path, None, asked, self._max_bytes, TOTAL_S)
        with self._lock:
            try:
                with self._begin(request) as answer:
                    if answer.status != HTTPStatus.OK:
                        yield _response(answer, _read(answer, request.max_bytes))
                        return
                    yield _response(answer, b"")
                    if self._bounded is not None:  # it is, since the request
                        self._bounded.limit(self._silence_s, math.inf)
                    while chunk := answer.read1(_CHUNK_BYTES):
                        yield chunk
            except _FAILURES as error:
                raise self._unreachable(error) from error
            finally:
                self._connection.close()

    def close(self) -> None:
        """Close the connection, from any thread. A running request is cut off and fails."""
        self._is_closed = True
        if self._lock.acquire(blocking=False):
            self._connection.close()
            self._lock.release()
        elif self._bounded is not None:
            self._bounded.cut_off()

    def _prepare(self, parts: SplitResult, *, proxies: bool) -> http.client.HTTPConnection:
        host, port = parts.hostname or "", parts.port
        is_direct = not proxies or host in LOOPBACK or proxy_bypass(parts.netloc)
        found = None if is_direct else getproxies().get(parts.scheme)
        proxy = None if found is None else urlsplit(found if "//" in found else f"//{found}")
        if proxy is None or not proxy.hostname:
            return self._connect_to(parts.scheme, host, port)
        credentials = {}
        if proxy.username is not None:
            pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}".encode()
            credentials = {"Proxy-Authorization": f"Basic {b64encode(pair).decode()}"}
        connection = self._connect_to(parts.scheme, proxy.hostname, proxy.port)
        if parts.scheme == "https":
            connection.set_tunnel(host, port, credentials)
        else:
            self._target = f"{parts.scheme}://{parts.netloc}"
            self._headers |= credentials
        return connection

    def _connect_to(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        if self._address is not None:
            return PinnedConnection(scheme, host, port, self._address, timeout_s=self._silence_s)
        if scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self._silence_s)
        return http.client.HTTPSConnection(host, port, timeout=self._silence_s, context=trust())

    def _ask(self, request: "_Request") -> HttpResponse:
        with self._lock:
            kept = self._connection.sock is not None
            try:
                try:
                    return self._try(request)
                except _FAILURES as error:
                    # The server may have closed a kept connection in the meantime. Retrying is
                    # safe: every request of the ledger may be sent twice.
                    is_final = isinstance(error, TimeoutError | _TooLongError)
                    if not kept or is_final or self._is_closed:
                        raise
                    self._connection.close()
                return self._try(request)
            except _FAILURES as error:
                self._connection.close()
                raise self._unreachable(error) from error
            finally:
                if self._is_closed:
                    self._connection.close()

    def _unreachable(self, error: Exception) -> UnavailableError:
        reason = str(error) or type(error).__name__
        return UnavailableError("peer_unreachable", f"{self.url}: {reason}")

    def _try(self, request: "_Request") -> HttpResponse:
        # Closing a fully read answer makes the connection ready for the next request.
        with self._begin(request) as answer:
            body = _read(answer, request.max_bytes)
        return _response(answer, body)

    def _begin(self, request: "_Request") -> http.client.HTTPResponse:
        """Send a request; return the answer, of which the head is read."""
        until_s = time.monotonic() + request.total_s
        if self._is_closed:
            raise OSError("the client is closed")
        if self._connection.sock is None or self._bounded is None:
            self._connection.connect()
            plain: Any = self._connection.sock  # a socket; the types say that it may be None
            self._bounded = BoundedSocket(plain, self._silence_s, until_s)
            self._connection.sock = self._bounded
        self._bounded.limit(self._silence_s, until_s)
        # A time-stamp authority is asked at this address, a witness at paths below it.
        path = f"{self._path.rstrip('/')}{request.path}" if request.path else self._path or "/"
        headers = self._headers | request.headers
        self._connection.request(request.method, self._target + path, request.body, headers)
        return self._connection.getresponse()


def _read(answer: http.client.HTTPResponse, max_bytes: int) -> bytes:
    parts, size = [], 0
    while chunk := answer.read1(_CHUNK_BYTES):
        parts.append(chunk)
        size += len(chunk)
        if size > max_bytes:
            raise _TooLongError(f"over {max_bytes:,} bytes")
    if answer.length:
        raise http.client.HTTPException("the answer is truncated")
    return b"".join(parts)


def _response(answer: http.client.HTTPResponse, body: bytes) -> HttpResponse:
    media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    retry_after_s = retry_after_of(answer.headers.get("Retry-After", ""))
    set_cookies = answer.headers.get_all("Set-Cookie", [])
    cookies = tuple(each.partition(";")[0].strip() for each in set_cookies)
    return HttpResponse(answer.status, media_type, body, retry_after_s, cookies)


class _TooLongError(http.client.HTTPException):
    """The body has more bytes than the caller takes: it would the next time too."""


class _Request(NamedTuple):
    method: str
    path: str
    body: bytes | None
    headers: dict[str, str]
    max_bytes: int
    total_s: float


def retry_after_of(told: str) -> int:
    """Return what Retry-After says in seconds, 0 without it; no caller needs a date."""
    return int(told) if _SECONDS(told) else 0


def _cookie(cookie: str) -> dict[str, str]:
    return {"Cookie": cookie} if cookie else {}


def _parse(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    plain = _PLAIN(url) and not (parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme not in ("http", "https") or not host or not plain:
        raise MalformedError("url_invalid", f"{url!r} is not http(s)://host[:port][/path]")
    return parts
