"""OpenID Connect 1.0 as a relying party: the authorization code flow with PKCE, state and nonce.

The provider is asked by the one HTTP client, at addresses that are checked at each request. joserfc
verifies the ID token's signature; issuer, audience, times and nonce are compared here (OpenID
Connect Core 1.0 section 3.1.3.7). Its access token is not kept: nothing is asked with it.
"""

import hashlib
import secrets
import time
from base64 import b64encode
from collections.abc import Mapping
from threading import BoundedSemaphore, Lock
from typing import Annotated, Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from msgspec import Meta

from ledger.domain.text import may_be_name
from ledger.encoding import b64u_encode
from ledger.errors import LedgerError, MalformedError, UnavailableError
from ledger.organisation.id_tokens import (
    MAX_TOKEN_CHARS,
    IdClaims,
    candidates,
    decoded,
    header_of,
    refusal,
    verified,
)
from ledger.system.http_client import HttpClient, HttpResponse
from ledger.system.organisation_settings import OrganisationSettings
from ledger.system.outward import checked_address, parse_target

SCOPE = "openid profile email"
MAX_NAME_CHARS = 255
MAX_BYTES = 300_000
MAX_KEYS = 100
MAX_GROUPS = 1_000
FRESH_S = 3_600.0  # how long the provider's metadata and keys are believed
REFETCH_S = 30.0  # how often an unknown key makes them be read again
FAILED_S = 5.0  # for how long it is not asked for them after a failure
# A provider that hangs must not hold all threads that answer others.
MOST_AT_ONCE = 4
PATIENCE_S = 3.0
LEEWAY_S = 60
MAX_AGE_S = 600  # how old an ID token may be when it comes
_DISCOVERY = "/.well-known/openid-configuration"
_Url = Annotated[str, Meta(max_length=2048)]


class Flow(msgspec.Struct, frozen=True):
    """A sign-in that a browser began: what its cookie keeps until the provider sends it back."""

    state: str
    nonce: str
    verifier: str
    onward: str
    until_s: int


class Identity(msgspec.Struct, frozen=True):
    """Who the provider says somebody is: its subject, what it calls them, and their groups."""

    subject: str
    username: str = ""
    groups: tuple[str, ...] = ()


class _Metadata(msgspec.Struct, frozen=True):
    issuer: _Url
    authorization_endpoint: _Url
    token_endpoint: _Url
    jwks_uri: _Url


class _Known(msgspec.Struct, frozen=True):
    metadata: _Metadata
    keys: list[dict[str, Any]]
    at_s: float


class Provider:
    """The provider of these settings; every call may be made from any thread, and waits."""

    def __init__(self, settings: OrganisationSettings, origin: str) -> None:
        self._settings = settings
        self._redirect = f"{origin}/organisation/callback"
        self._lock = Lock()
        self._asking = BoundedSemaphore(MOST_AT_ONCE)
        self._known: _Known | None = None
        self._failed_s = -FAILED_S

    def begin(self, onward: str, *, now_s: int) -> tuple[str, Flow]:
        """Return where to send a browser, and what its cookie keeps.

        Raises UnavailableError `provider_unavailable`.
        """
        metadata = self._current().metadata
        flow = Flow(
            secrets.token_urlsafe(32),
            secrets.token_urlsafe(32),
            secrets.token_urlsafe(48),
            onward,
            now_s + MAX_AGE_S,
        )
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self._redirect,
            "scope": SCOPE,
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": b64u_encode(hashlib.sha256(flow.verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        mark = "&" if urlsplit(metadata.authorization_endpoint).query else "?"
        return f"{metadata.authorization_endpoint}{mark}{urlencode(asked)}", flow

    def finish(self, flow: Flow, code: str, *, issuer: str | None, now_s: int) -> Identity:
        """Return who came back with this code; `issuer` is what the provider added (RFC 9207).

        Raises UnavailableError `provider_unavailable`, RefusedError `provider_refused`.
        """
        if issuer is not None and issuer != self._settings.issuer:
            raise refusal("the answer is of another issuer")
        metadata = self._current().metadata
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect,
            "client_id": self._settings.client_id,
            "code_verifier": flow.verifier,
        }
        headers = {"Accept": "application/json"}
        if self._settings.client_secret:
            pair = f"{quote(self._settings.client_id)}:{quote(self._settings.client_secret)}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        form = urlencode(asked).encode()
        answer = self._ask(metadata.token_endpoint, form, headers)
        if answer.status != 200:
            raise refusal(f"it gives no token for this code (HTTP {answer.status})")
        told = decoded(answer.body, dict[str, Any])
        token = told.get("id_token")
        if not isinstance(token, str):
            raise refusal("it sends no ID token")
        return self.identity(token, flow.nonce, now_s=now_s)

    def identity(self, token: str, nonce: str, *, now_s: int) -> Identity:
        """Return who an ID token is about, verified; raise RefusedError `provider_refused`."""
        if len(token) > MAX_TOKEN_CHARS:
            raise refusal("its token is too long")
        header = header_of(token)
        known = self._current()
        if not candidates(known.keys, header):
            known = self._current(older_s=REFETCH_S)
        fitting = candidates(known.keys, header)
        if len(fitting) != 1:
            raise refusal("its token names no key of its own")
        claims = verified(token, header.alg, fitting[0])
        self._require_ours(claims, nonce, now_s)
        email = claims.email if claims.email_verified is True else None
        name = claims.preferred_username or email
        groups = claims.groups if isinstance(claims.groups, list) else []
        if len(groups) > MAX_GROUPS:
            groups = []  # a directory that says so much is compared by SCIM alone
        return Identity(claims.sub, _shown(name), tuple(filter(None, map(_shown, groups))))

    def _require_ours(self, claims: IdClaims, nonce: str, now_s: int) -> None:
        client = self._settings.client_id
        audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        if claims.iss != self._settings.issuer:
            raise refusal("its token is of another issuer")
        if client not in audience or claims.azp not in (None, client):
            raise refusal("its token is for another client")
        if len(audience) > 1 and claims.azp is None:
            raise refusal("its token is for several clients")
        if not secrets.compare_digest(claims.nonce.encode(), nonce.encode()):
            raise refusal("its token is of another sign-in")
        if not now_s - MAX_AGE_S <= claims.iat <= now_s + LEEWAY_S:
            raise refusal("its token is of another time")
        if claims.exp <= now_s - LEEWAY_S:
            raise refusal("its token is over")
        if not _shown(claims.sub):
            raise refusal("its token names nobody")

    def _current(self, *, older_s: float = FRESH_S) -> _Known:
        """Return the provider's metadata and keys, read again if they are older than this."""
        known = self._known
        if known is not None and time.monotonic() - known.at_s <= older_s:
            return known
        if not self._lock.acquire(timeout=PATIENCE_S):
            raise _unavailable("it does not answer")
        try:
            known, now_s = self._known, time.monotonic()
            if known is not None and now_s - known.at_s <= older_s:
                return known
            if now_s < self._failed_s + FAILED_S:
                raise _unavailable("it did not answer")
            try:
                known = self._known = self._read()
            except UnavailableError:
                self._failed_s = time.monotonic()
                raise
            return known
        finally:
            self._lock.release()

    def _read(self) -> _Known:
        issuer = self._settings.issuer
        metadata = self._document(issuer.rstrip("/") + _DISCOVERY, _Metadata)
        if metadata.issuer != issuer:
            raise _unavailable("its metadata names another issuer")
        hosts = self._settings.private_hosts
        try:
            for each in (metadata.authorization_endpoint, metadata.token_endpoint):
                parse_target(each, hosts)
        except MalformedError as error:
            raise _unavailable("its metadata has addresses without https") from error
        found = self._document(metadata.jwks_uri, dict[str, Any]).get("keys")
        if not isinstance(found, list) or len(found) > MAX_KEYS:
            raise _unavailable(f"it has no keys, or more than {MAX_KEYS}")
        keys = [each for each in found if isinstance(each, dict)]
        return _Known(metadata, keys, time.monotonic())

    def _document(self, url: str, type_: Any) -> Any:
        answer = self._ask(url, None, {"Accept": "application/json"})
        if answer.status != 200:
            raise _unavailable(f"it answers HTTP {answer.status}")
        try:
            return msgspec.json.decode(answer.body, type=type_)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise _unavailable("its metadata cannot be read") from error

    def _ask(self, url: str, form: bytes | None, headers: Mapping[str, str]) -> HttpResponse:
        hosts = self._settings.private_hosts
        if not self._asking.acquire(timeout=PATIENCE_S):
            raise _unavailable("it does not answer")
        try:
            target = parse_target(url, hosts)
            address = checked_address(target, hosts)
            client = HttpClient(target.prefix, max_bytes=MAX_BYTES, address=address)
            try:
                if form is None:
                    return client.get(target.path)
                media_type = "application/x-www-form-urlencoded"
                return client.post(target.path, form, media_type, headers=headers)
            finally:
                client.close()
        except LedgerError as error:
            raise _unavailable(error.code) from error
        finally:
            self._asking.release()


def _unavailable(detail: str) -> UnavailableError:
    words = "the organisation's sign-in cannot be used now"
    return UnavailableError("provider_unavailable", f"{words}: {detail}")


def _shown(name: Any) -> str:
    """Return what a provider calls somebody or something, empty if no page could show it."""
    is_text = isinstance(name, str) and len(name) <= MAX_NAME_CHARS
    return name if is_text and may_be_name(name) else ""
