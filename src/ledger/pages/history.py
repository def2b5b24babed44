"""The audit page: the events, and the state of the ledger at any position."""

import sqlite3

from litestar import get
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from ledger import clock
from ledger.errors import MalformedError
from ledger.http.requests import AnyRequest
from ledger.pages.change_words import summaries
from ledger.pages.web import ROWS, FromWeb, page, to_sign_in
from projections import readers, statements, timeline, users

_EVENTS = 20


def _position(db: sqlite3.Connection, at: str | None, time: str | None, newest: int) -> int:
    """Return the requested position, or the newest if none or a later one is requested."""
    if time:  # a form field's format has no offset
        try:
            return max(timeline.position_at(db, clock.from_rfc3339(f"{time}Z"), newest=newest), 1)
        except MalformedError:
            return newest
    if at and at.isascii() and at.isdigit() and len(at) < 16:
        return min(max(int(at), 1), newest)
    return newest


@get("/audit", sync_to_thread=True)
def history(
    request: AnyRequest,
    web: FromWeb,
    at: FromQuery[str | None] = None,
    time: FromQuery[str | None] = None,
    kind: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Template | Redirect:
    """Show the events up to a position, and statements and people as of it."""
    me = web.session_user(request)
    if me is None:
        return to_sign_in(request)
    wanted = kind if kind in timeline.TYPES else None
    with web.models.views() as (db, newest):
        seen = _position(db, at, time, newest)
        first = timeline.time_of(db, 1)
        now = web.models.now() if seen == newest else timeline.time_of(db, seen)
        reader = readers.of(db, me.id)
        told = timeline.page(db, reader, at=seen, limit=_EVENTS, cursor=cursor or None, type=wanted)
        then = statements.page(db, reader, at=seen, now=now, limit=ROWS)
        web.access.note_events(db, reader, told.items)
        web.access.note(db, reader, "list", [each.position for each in then.items])
        people = users.page(db, at=seen, now=now, limit=ROWS)
        shown = [each.id for each in then.items]
        shown += [each.statement_id for each in told.items if each.statement_id is not None]
        asked = summaries(db, shown, at=seen)
    return page(
        "audit",
        web,
        me=me,
        position=newest,
        seen=seen,
        first=first,
        time_then=now,
        told=told,
        asked=asked,
        then=then,
        people=people,
        kind=wanted,
        kinds=timeline.TYPES,
        cursor=cursor,
    )
