"""The audit page: the events, and the state of the ledger at any position."""

from litestar import get
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from ledger.http.requests import AnyRequest
from ledger.pages.change_words import summaries
from ledger.pages.past import shown_at
from ledger.pages.web import ROWS, FromWeb, page, to_sign_in
from projections import readers, statements, timeline, types, users

_EVENTS = 20


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
        then_or_now = shown_at(db, web, newest, at, time)
        seen, now = then_or_now.seen, then_or_now.time
        first = timeline.time_of(db, 1)
        reader = readers.of(db, me.id)
        told = timeline.page(db, reader, at=seen, limit=_EVENTS, cursor=cursor or None, type=wanted)
        then = statements.page(db, reader, at=seen, now=now, limit=ROWS)
        web.access.note_events(db, reader, told.items)
        web.access.note(db, reader, "list", [each.position for each in then.items])
        people = users.page(db, at=seen, now=now, limit=ROWS)
        shown = [each.id for each in then.items]
        shown += [each.statement_id for each in told.items if each.statement_id is not None]
        asked = summaries(db, shown, at=seen)
        named = types.named_by(db, [each.position for each in then.items])
    return page(
        "audit",
        web,
        me=me,
        position=newest,
        shown_at=then_or_now,
        seen=seen,
        first=first,
        told=told,
        asked=asked,
        types=named,
        then=then,
        people=people,
        kind=wanted,
        kinds=timeline.TYPES,
        cursor=cursor,
    )
