"""Keys that a server publishes as a JWK Set (RFC 7517): fetched, kept, and fetched again.

`lookup` is made for `ledger.jose`: a kid that the kept set lacks makes the client fetch once more,
so that a rotated key works at once. Anybody can write a kid, so between two requests there are at
least `floor_s` seconds, also after a failure.

If the server fails, the kept set remains in use for `stale_s`, and then no key verifies. A secret
in a published set is ignored: everybody knows it.
"""

import asyncio
import ipaddress
import math
import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from ledger import jose
from ledger.encoding import parse_json
from ledger.errors import LedgerError, MalformedError, UnavailableError
from ledger.jose.keyset import make_set
from ledger.system.http_client import HttpClient

MAX_BYTES = 2**20
TOTAL_S = 10.0
_JSON_TYPES = ("application/json", "application/jwk-set+json")
_LONGEST_WAIT_S = 3600.0


class JwksTimes(msgspec.Struct, frozen=True, kw_only=True):
    """How long a set is kept, all in seconds.

    After `max_age_s` it is fetched again. If that fails, it is used for `stale_s` more. `floor_s`
    is the least time between two requests; a server can ask for more with Retry-After.
    """

    max_age_s: float = 300.0
    stale_s: float = 3600.0
    floor_s: float = 30.0

    def __post_init__(self) -> None:
        """Raise ValueError for times that would let strangers cause a request each."""
        if not 1 <= self.floor_s <= self.max_age_s or self.stale_s < 0:
            raise ValueError("1 <= floor_s <= max_age_s, and stale_s is not negative")


class _Kept(NamedTuple):
    keys: jose.KeySet
    fetched_s: float


class JwksClient:
    """The keys at one address, for any number of threads; one of them fetches at a time.

    The address is https://; http:// only of this computer. Redirections are not followed. `proxies`
    makes it use the proxy that the environment names.
    """

    def __init__(
        self,
        url: str,
        *,
        times: JwksTimes | None = None,
        max_bytes: int = MAX_BYTES,
        proxies: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raise MalformedError `url_invalid`."""
        _refuse_unprotected(url)
        self.url = url
        is_remote = url.startswith("https:")
        self._client = HttpClient(url, max_bytes=max_bytes, proxies=proxies and is_remote)
        self._times = JwksTimes() if times is None else times
        self._clock = clock
        self._lock = Lock()
        self._kept = _Kept(jose.key_set([]), -math.inf)
        self._next_s = -math.inf  # no request before this time
        self._problem = "not fetched yet"

    def lookup(self, header: Mapping[str, Any]) -> jose.KeySet:
        """Return the kept keys, fetched again if they are old or lack the header's kid.

        While one thread fetches, others go on with old keys that have their kid; the rest wait.
        Raises UnavailableError `jwks_unavailable`.
        """
        found = self.current(header)
        if found is not None:
            return found
        old = self.old(header)
        if not self._lock.acquire(blocking=old is None) and old is not None:
            return old
        try:
            while (found := self.current(header)) is None:
                self._fetch()
        finally:
            self._lock.release()
        return found

    def keys(self) -> jose.KeySet:
        """Return all keys; raise UnavailableError `jwks_unavailable`."""
        return self.lookup({})

    def close(self) -> None:
        """Close the connection; a running request is cut off and fails."""
        self._client.close()

    def current(self, header: Mapping[str, Any]) -> jose.KeySet | None:
        """Return the answer of `lookup` if it needs no request; None if a request is due.

        Raises UnavailableError `jwks_unavailable`.
        """
        kept, now_s = self._kept, self._clock()
        age_s = now_s - kept.fetched_s
        if age_s <= self._times.max_age_s and _has(kept.keys, header):
            return kept.keys
        if now_s >= self._next_s:
            return None
        if age_s <= self._times.max_age_s + self._times.stale_s:
            return kept.keys
        raise UnavailableError("jwks_unavailable", f"{self.url}: {self._problem}")

    def old(self, header: Mapping[str, Any]) -> jose.KeySet | None:
        """Return the kept keys if they have the header's kid and are not too old, else None."""
        kept = self._kept
        age_s = self._clock() - kept.fetched_s
        is_usable = age_s <= self._times.max_age_s + self._times.stale_s
        return kept.keys if is_usable and _has(kept.keys, header) else None

    def _fetch(self) -> None:
        """Fetch once. A failure keeps the old keys; what failed is told when they are too old."""
        began_s, wait_s = self._clock(), self._times.floor_s
        try:
            answer = self._client.get("", total_s=TOTAL_S)
            wait_s = min(max(wait_s, answer.retry_after_s), _LONGEST_WAIT_S)
            if answer.status != 200:
                raise MalformedError("jwk_invalid", f"the server answered {answer.status}")
            if answer.media_type not in _JSON_TYPES:
                raise MalformedError("jwk_invalid", "the answer is not JSON")
            self._kept = _Kept(_public(answer.body), began_s)
        except LedgerError as error:
            self._problem = error.detail
        finally:
            self._next_s = self._clock() + wait_s


class AsyncJwksClient:
    """The same for one event loop: a request runs in a thread, and waiting for it takes none."""

    def __init__(self, client: JwksClient) -> None:
        self._client = client
        self._lock = asyncio.Lock()

    async def lookup(self, header: Mapping[str, Any]) -> jose.KeySet:
        """Return the keys as `JwksClient.lookup` does."""
        found = self._client.current(header)
        if found is None and self._lock.locked():
            found = self._client.old(header)
        if found is not None:
            return found
        async with self._lock:
            return await asyncio.to_thread(self._client.lookup, header)

    async def keys(self) -> jose.KeySet:
        """Return all keys; raise UnavailableError `jwks_unavailable`."""
        return await self.lookup({})


def _has(keys: jose.KeySet, header: Mapping[str, Any]) -> bool:
    kid = header.get("kid")
    return not isinstance(kid, str) or bool(keys.named(kid))


def _public(body: bytes) -> jose.KeySet:
    """Return the usable public keys of a published set; raise MalformedError."""
    jwks = parse_json(body)
    if not isinstance(jwks, dict):
        raise MalformedError("jwk_invalid", "a JWK Set must be an object")
    found = jose.parse_key_set(jwks)
    public = [key for key in found.keys if key.kty != "oct"]
    return make_set(public, unusable=found.unusable)


def _refuse_unprotected(url: str) -> None:
    """Raise MalformedError `url_invalid` for an address whose answers anybody could replace."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return  # the HTTP client says what is wrong
    if parts.scheme == "http" and not _is_this_computer(host):
        raise MalformedError("url_invalid", "keys are fetched with https:// only")


def _is_this_computer(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
