"""Who asks: sessions of signed-in people, as cookies."""

import hashlib
from collections.abc import Callable, Sequence

from litestar.datastructures import Cookie
from litestar.types import HTTPScope

from ledger.errors import UnauthenticatedError
from ledger.http.requests import AnyRequest
from ledger.http.user_agents import browser_of
from ledger.store.async_state import SESSION_MS, AsyncState, IsInForce
from ledger.store.ports.operations import OpenSession, session_id

COOKIE = "ledger_session"
# Browsers take a cookie of this name from the host itself only, over HTTPS, for the path / (RFC
# 6265bis section 4.1.3.2): no other host of the domain can plant one.
HOST_COOKIE = f"__Host-{COOKIE}"
_FOUND = "ledger.member"  # in a scope's state: what `identify` found


class Sessions:
    """The sessions of one ledger; with `secure`, cookies travel over HTTPS only."""

    def __init__(
        self,
        state: AsyncState,
        now_ms: Callable[[], int],
        is_in_force: IsInForce,
        *,
        secure: bool,
    ) -> None:
        self._state = state
        self._is_in_force = is_in_force
        self._now_ms = now_ms
        self._secure = secure
        self.cookie = HOST_COOKIE if secure else COOKIE

    def user(self, request: AnyRequest) -> str | None:
        """Return the id of the signed-in person, None for anybody else, as `identify` found it."""
        found: str | None = request.scope["state"][_FOUND]
        return found

    async def identify(self, scope: HTTPScope) -> str | None:
        """Look up whose session a request's cookie opens, and remember it for `user`."""
        token, now_ms = self._token(scope), self._now_ms()
        found = None
        if token is not None:
            found = self._state.fresh_session(token, now_ms=now_ms)
            found = found or await self._look_up(token)
        scope.setdefault("state", {})[_FOUND] = found
        return found

    async def is_open(self, request: AnyRequest) -> bool:
        """Tell whether the request's session is still open: looked up anew."""
        token = self._token(request.scope)
        return token is not None and await self._look_up(token) is not None

    async def _look_up(self, token: str) -> str | None:
        now_ms, is_in_force = self._now_ms(), self._is_in_force
        return await self._state.session_user(token, now_ms=now_ms, is_in_force=is_in_force)

    def _token(self, scope: HTTPScope) -> str | None:
        start = f"{self.cookie}=".encode()
        for name, value in scope["headers"]:
            if name == b"cookie" and start in value:
                for cookie in value.split(b";"):
                    if cookie.strip().startswith(start):
                        return cookie.strip().removeprefix(start).decode("latin-1")
        return None

    def require(self, request: AnyRequest) -> str:
        """Return the signed-in person's id; raise UnauthenticatedError `sign_in_required`."""
        user = self.user(request)
        if user is None:
            raise UnauthenticatedError("sign_in_required", "sign in first")
        return user

    async def open(self, request: AnyRequest, user: str, opened_by: str) -> Cookie:
        """Open a session by a passkey or key, and return its cookie."""
        browser = browser_of(request.headers.get("user-agent", ""))
        token = await self._state.open_session(
            user, opened_by=opened_by, browser=browser, now_ms=self._now_ms()
        )
        return self._cookie(token, SESSION_MS)

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
        if token is not None:
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
