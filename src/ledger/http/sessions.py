"""Who asks: sessions of signed-in people, as cookies."""

import hashlib
from collections.abc import Callable, Sequence

from litestar.datastructures import Cookie
from litestar.types import HTTPScope

from ledger.domain.holdings import beyond_scope
from ledger.errors import UnauthenticatedError
from ledger.http.admission import address_of, site_of
from ledger.http.lanes import Lane
from ledger.http.organisation_gate import Organisation
from ledger.http.request_cookies import values
from ledger.http.requests import AnyRequest
from ledger.http.user_agents import browser_of
from ledger.store.async_state import SESSION_MS, AsyncState, IsInForce
from ledger.store.ports.operations import OpenSession, session_id

COOKIE = "ledger_session"
# Browsers take a cookie of this name from the host itself only, over HTTPS, for the path / (RFC
# 6265bis section 4.1.3.2): no other host of the domain can plant one.
HOST_COOKIE = f"__Host-{COOKIE}"
# How the token of a service account's session begins; without it the token opens nothing.
SERVICE = "service."
_BEYOND = "ledger.beyond-scope"  # in a scope's state: a service account asked for something else
_FOUND = "ledger.member"  # in a scope's state: what `identify` found
# Looks for sessions, which all take one thread: those of each address take turns.
LOOKS, LOOKS_OF_ONE, MOST_WAITING, WAIT_S = 4, 2, 512, 5.0
_BY_SERVICE = "ledger.by-service"  # in a scope's state: whether a service account's session asks


# What a service account's session reads, and where it sends what its key signed. Everything else
# is its owner's alone: their account, messages, devices, the audit and all pages.
_READS = (
    "/api/session",
    "/api/service-accounts",
    "/api/statements",
    "/api/stream",
    "/api/types",
    "/api/jwt-keys/",
    "/.well-known/",
    "/log/",
)
_SENDS = ("/use", "/outcome")


def is_for_services(scope: HTTPScope) -> bool:
    """Tell whether the session of a service account is good for a request."""
    path = scope["path"]
    if scope["method"] in ("GET", "HEAD"):
        return any(
            path == each.rstrip("/") or path.startswith(f"{each.rstrip('/')}/") for each in _READS
        )
    if path in ("/api/statements/create", "/api/logout"):
        return True
    return path.startswith("/api/statements/") and path.endswith(_SENDS)


def stream_holder(scope: HTTPScope, member: str) -> str:
    """Return in whose name an event stream counts: a member's service accounts have one of theirs.

    So programs leave their owner's browser its streams, and more accounts bring no more of them.
    """
    return f"services of {member}" if scope["state"].get(_BY_SERVICE) else member


class Sessions:
    """The sessions of one ledger; with `secure`, cookies travel over HTTPS only."""

    def __init__(
        self,
        state: AsyncState,
        now_ms: Callable[[], int],
        is_in_force: IsInForce,
        organisation: Organisation | None,
        *,
        secure: bool,
    ) -> None:
        self._state = state
        self._organisation = organisation
        self._is_in_force = is_in_force
        self._now_ms = now_ms
        self._secure = secure
        self.cookie = HOST_COOKIE if secure else COOKIE
        self._looks = Lane(
            None, at_once=LOOKS, each=LOOKS_OF_ONE, waiting=MOST_WAITING, wait_s=WAIT_S
        )

    @property
    def has_organisation(self) -> bool:
        """Whether the ledger has a sign-in of an organisation."""
        return self._organisation is not None

    def user(self, request: AnyRequest) -> str | None:
        """Return the id of the signed-in person, None for anybody else, as `identify` found it.

        It is not asked about requests to the probes, which nobody has to sign in for.
        """
        found: str | None = request.scope["state"].get(_FOUND)
        return found

    async def identify(self, scope: HTTPScope) -> str | None:
        """Look up whose session a request's cookie opens, and remember it for `user`.

        Raises UnavailableError `server_busy`, `state_unavailable`.
        """
        token = self._token(scope)
        found = None if token is None else await self._find(scope, token)
        is_service = token is not None and token.startswith(SERVICE)
        scope.setdefault("state", {})[_BY_SERVICE] = is_service
        if found is not None and is_service and not is_for_services(scope):
            found, scope.setdefault("state", {})[_BEYOND] = None, True
        scope.setdefault("state", {})[_FOUND] = found
        return found

    async def _find(self, scope: HTTPScope, token: str) -> str | None:
        """Return whose session a token opens, as of this second.

        Requests that come together wait for the look of the first one: otherwise one member's with
        250 connections would each take the thread that all look up in, before any quota.
        """
        found = self._state.fresh_session(token, now_ms=self._now_ms())
        if found is not None or not self._state.may_open(token):
            return found
        site = site_of(address_of(scope.get("client")))
        await self._looks.take(site)
        try:
            found = self._state.fresh_session(token, now_ms=self._now_ms())
            return found or await self._look_up(token)
        finally:
            self._looks.give_back(site)

    async def is_open(self, request: AnyRequest) -> bool:
        """Tell whether the request's session is still open: looked up anew."""
        token = self._token(request.scope)
        return token is not None and await self._look_up(token) is not None

    async def _look_up(self, token: str) -> str | None:
        now_ms, is_in_force = self._now_ms(), self._is_in_force
        return await self._state.session_user(token, now_ms=now_ms, is_in_force=is_in_force)

    def _token(self, scope: HTTPScope) -> str | None:
        found = next(values(scope["headers"], self.cookie), None)
        return None if found is None else found.decode("latin-1")

    def require(self, request: AnyRequest) -> str:
        """Return the signed-in person's id.

        Raises UnauthenticatedError `sign_in_required`; ForbiddenError `beyond_scope` for a service
        account that asks for what is none of its business.
        """
        user = self.user(request)
        if user is None and _BEYOND in request.scope["state"]:
            raise beyond_scope()
        if user is None:
            raise UnauthenticatedError("sign_in_required", "sign in first")
        return user

    async def open(
        self,
        request: AnyRequest,
        user: str,
        opened_by: str,
        *,
        by_passkey: bool = False,
        is_service: bool = False,
    ) -> Cookie:
        """Open a session by a passkey or key, and return its cookie.

        Raises as `Organisation.admit` where the ledger has an organisation's sign-in.
        """
        if self._organisation is not None:
            await self._organisation.admit(request, user, by_passkey=by_passkey)
        browser = browser_of(request.headers.get("user-agent", ""))
        token = await self._state.open_session(
            user,
            opened_by=opened_by,
            browser=browser,
            now_ms=self._now_ms(),
            prefix=SERVICE if is_service else "",
        )
        return self._cookie(token, SESSION_MS)

    def used_up(self) -> list[Cookie]:
        """Return the cookies that remove what a session by a passkey has used up."""
        found = self._organisation
        if found is None or not found.settings.is_required:
            return []
        return [found.cookies.ended(found.cookies.proof)]

    def current_id(self, request: AnyRequest) -> str:
        """Return the id of the session that a request's cookie opens."""
        token = self._token(request.scope) or ""
        return session_id(hashlib.sha256(token.encode()).digest())

    async def of_user(self, user: str) -> list[OpenSession]:
        """Return a person's sessions, the newest first."""
        return await self._state.sessions_of(user, now_ms=self._now_ms())

    async def last_seen(self, users: Sequence[str]) -> dict[str, int]:
        """Return when these people last used a session, in ms, as far as it is known."""
        return await self._state.last_seen(users)

    async def end_one(self, user: str, ended: str) -> None:
        """End one of a person's sessions; one that is not there has ended."""
        await self._state.close_session_of(user, ended)

    async def end(self, request: AnyRequest) -> Cookie:
        """End the request's session, if any, and return the cookie that removes it."""
        token = self._token(request.scope)
        if token is not None and self.user(request) is not None:  # strangers write nothing
            await self._state.close_session(token)
        return self._cookie("", 0)

    def _cookie(self, value: str, max_age_ms: int) -> Cookie:
        return Cookie(
            key=self.cookie,
            value=value,
            max_age=max_age_ms // 1000,
            path="/",
            httponly=True,
            samesite="strict",
            secure=self._secure,
        )
