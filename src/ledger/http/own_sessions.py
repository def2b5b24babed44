"""Routes of one's own sessions: list them, end one."""

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import JSONBody, PathParameter

from ledger import clock
from ledger.http.answers import NOTHING, READ
from ledger.http.context import FromSessions, SignedIn
from ledger.http.problems import answers
from ledger.http.requests import AnyRequest, Empty, full_pattern

SessionId = Annotated[
    str, PathParameter(pattern=full_pattern("[0-9a-f]{32}"), description="From the list")
]


class OwnSession(msgspec.Struct, rename="camel"):
    """A session of the person who asks; `current` is that of the request."""

    id: str
    browser: str
    opened_by: str
    opened_at: str
    seen_at: str
    ends_at: str
    current: bool


class OwnSessions(msgspec.Struct):
    """The sessions of the person who asks, the newest first."""

    items: list[OwnSession]


@get("/api/sessions", responses=READ)
async def list_sessions(request: AnyRequest, sessions: FromSessions, user: SignedIn) -> OwnSessions:
    """List one's own sessions."""
    current = sessions.current_id(request)
    return OwnSessions(
        [
            OwnSession(
                id=each.id,
                browser=each.browser,
                opened_by=each.opened_by,
                opened_at=clock.to_text(each.opened_ms),
                seen_at=clock.to_text(each.seen_ms),
                ends_at=clock.to_text(each.expires_ms),
                current=each.id == current,
            )
            for each in await sessions.of_user(user)
        ]
    )


@post(
    "/api/sessions/{session_id:str}/end",
    status_code=204,
    responses=NOTHING | answers(400, 401, 403, 413, 415, 429, 503),
)
async def end_session(
    data: JSONBody[Empty], session_id: SessionId, sessions: FromSessions, user: SignedIn
) -> Response[None]:
    """End one of one's own sessions; one that is not there has ended."""
    await sessions.end_one(user, session_id)
    return Response(None, status_code=204)


handlers = [list_sessions, end_session]
