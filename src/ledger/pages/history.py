"""The audit page: what happened, and the world as it was at any position."""

from litestar import get
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from ledger.pages.web import AnyRequest, FromWeb, page, to_sign_in
from projections import statements, timeline, users

_EVENTS = 20
_ROWS = 25


def _position(asked: str | None, newest: int) -> int:
    """Return the position to look at: the newest for anything that is not an earlier one."""
    if asked and asked.isascii() and asked.isdigit() and len(asked) < 16:
        return min(max(int(asked), 1), newest)
    return newest


@get("/audit", sync_to_thread=True)
def history(
    request: AnyRequest,
    web: FromWeb,
    at: FromQuery[str | None] = None,
    kind: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Template | Redirect:
    """Show the events up to a position, and statements and people as of it."""
    me = web.session_user(request)
    if me is None:
        return to_sign_in(request)
    wanted = kind if kind in timeline.TYPES else None
    with web.views() as (db, newest):
        seen = _position(at, newest)
        now = web.now() if seen == newest else timeline.time_of(db, seen)
        told = timeline.page(db, at=seen, limit=_EVENTS, cursor=cursor or None, type=wanted)
        then = statements.page(
            db, at=seen, now=now, limit=_ROWS, cursor=None, status=None, q=None, creator=None
        )
        people = users.page(db, at=seen, now=now, limit=_ROWS)
    return page(
        "audit",
        web,
        me=me,
        position=newest,
        seen=seen,
        time_then=now,
        told=told,
        then=then,
        people=people,
        kind=wanted,
        kinds=timeline.TYPES,
        cursor=cursor,
    )
