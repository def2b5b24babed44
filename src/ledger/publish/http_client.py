"""A server that the ledger asks something: HTTP with a time limit, and no redirects.

The standard library's client, used by one thread at a time; a connection is kept for the next
request. What comes back is a stranger's bytes, up to a limit.
"""

import http.client
import re
import ssl
import time
from typing import NamedTuple
from urllib.parse import urlsplit

from ledger import __version__
from ledger.errors import MalformedError, UnavailableError

TIMEOUT_S = 10.0
_PLAIN = re.compile(r"[!-~]+").fullmatch
# ValueError: a name that no DNS could have.
_FAILURES = (OSError, http.client.HTTPException, ValueError)
_AGENT = f"approval-ledger/{__version__}"


class HttpResponse(NamedTuple):
    """A status, the content type without its parameters, and the whole body."""

    status: int
    media_type: str
    body: bytes


class Peer:
    """A server by the prefix of its addresses, `http(s)://host[:port][/path]`."""

    def __init__(self, url: str, *, max_bytes: int, timeout_s: float = TIMEOUT_S) -> None:
        """Raise MalformedError `url_invalid` for anything else."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port, parts = None, None, urlsplit("")
        plain = _PLAIN(url) and not (parts.query or parts.fragment or "@" in parts.netloc)
        if parts.scheme not in ("http", "https") or not host or not plain:
            raise MalformedError("url_invalid", f"{url!r} is not http(s)://host[:port][/path]")
        self.url = url
        self._path = parts.path
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s
        self._connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = ssl.create_default_context()
            self._connection = http.client.HTTPSConnection(
                host, port, timeout=timeout_s, context=context
            )
        else:
            self._connection = http.client.HTTPConnection(host, port, timeout=timeout_s)

    def close(self) -> None:
        """Give the connection up; the next request opens another."""
        self._connection.close()

    def get(self, path: str) -> HttpResponse:
        """Return the answer to GET `<url><path>`; raise UnavailableError `peer_unreachable`."""
        return self._ask("GET", path, None, {})

    def post(self, path: str, body: bytes, media_type: str) -> HttpResponse:
        """Return the answer to POST `<url><path>`; raise UnavailableError `peer_unreachable`."""
        return self._ask("POST", path, body, {"Content-Type": media_type})

    def _ask(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> HttpResponse:
        kept = self._connection.sock is not None
        try:
            return self._try(method, path, body, headers)
        except _FAILURES as error:
            self._connection.close()
            # A kept connection may have been closed by the other side in the meantime. Whatever
            # the ledger asks may be asked twice.
            if not kept or isinstance(error, TimeoutError):
                raise self._unreachable(error) from error
        try:
            return self._try(method, path, body, headers)
        except _FAILURES as error:
            self._connection.close()
            raise self._unreachable(error) from error

    def _try(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> HttpResponse:
        give_up = time.monotonic() + self._timeout_s
        # An authority is asked at its address, a witness below it.
        target = f"{self._path.rstrip('/')}{path}" if path else self._path or "/"
        self._connection.request(method, target, body, {"User-Agent": _AGENT} | headers)
        answer = self._connection.getresponse()
        received = b""
        while chunk := answer.read1(65_536):
            received += chunk
            if len(received) > self._max_bytes or time.monotonic() > give_up:
                raise http.client.HTTPException("too long an answer")
        answer.close()  # all of it was read, and this says so: the connection can be used again
        media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return HttpResponse(answer.status, media_type, received)

    def _unreachable(self, error: Exception) -> UnavailableError:
        reason = str(error) or type(error).__name__
        return UnavailableError("peer_unreachable", f"{self.url}: {reason}")
