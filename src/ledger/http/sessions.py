"""Who asks: sessions of signed-in people, as cookies."""

from collections.abc import Callable

from litestar.datastructures import Cookie

from ledger.errors import UnauthenticatedError
from ledger.http.requests import AnyRequest
from ledger.store.sqlite.sessions import SESSION_MS, OperationalState

COOKIE = "ledger_session"


class Sessions:
    """The sessions of one ledger; with `secure`, cookies travel over HTTPS only."""

    def __init__(self, state: OperationalState, now_ms: Callable[[], int], *, secure: bool) -> None:
        self._state = state
        self._now_ms = now_ms
        self._secure = secure

    def user(self, request: AnyRequest) -> str | None:
        """Return the id of the signed-in person, None for anybody else."""
        token = request.cookies.get(COOKIE)
        return None if token is None else self._state.session_user(token, now_ms=self._now_ms())

    def require(self, request: AnyRequest) -> str:
        """Return the signed-in person's id; raise UnauthenticatedError `sign_in_required`."""
        user = self.user(request)
        if user is None:
            raise UnauthenticatedError("sign_in_required", "sign in first")
        return user

    def open(self, user: str) -> Cookie:
        """Open a session and return its cookie."""
        return self._cookie(self._state.open_session(user, now_ms=self._now_ms()), SESSION_MS)

    def end(self, request: AnyRequest) -> Cookie:
        """End the request's session, if any, and return the cookie that removes it."""
        token = request.cookies.get(COOKIE)
        if token is not None:
            self._state.close_session(token)
        return self._cookie("", 0)

    def _cookie(self, value: str, max_age_ms: int) -> Cookie:
        return Cookie(
            key=COOKIE,
            value=value,
            max_age=max_age_ms // 1000,
            path="/",
            httponly=True,
            samesite="strict",
            secure=self._secure,
        )
