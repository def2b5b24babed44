"""The page of erasures: what changes erased or hold, and a way to draft such a change.

Everyone who is signed in sees it: the changes name the statements, and are for everyone.
"""

from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.params import FromQuery, QueryParameter
from litestar.response import Redirect, Template

from ledger.http.requests import AnyRequest
from ledger.pages.administration import can_change, frame
from ledger.pages.web import FromWeb, page, to_sign_in
from projections import erasures as erased
from projections import holds, retention, rules
from projections.retention import DuePage

_MOST = 200
_AT_ONCE = 32  # items of a change


@get("/erasures", sync_to_thread=True)
def erasures(
    request: AnyRequest,
    web: FromWeb,
    statement: FromQuery[str | None] = None,
    person: FromQuery[str | None] = None,
    after: Annotated[int, QueryParameter(ge=0, le=2**53)] = 0,
) -> Template | Redirect:
    """List what was erased and what is held; an administrator's browser also drafts changes.

    What is due for erasure begins after a position.
    """
    me = web.session_user(request)
    if me is None:
        return to_sign_in(request)
    with web.models.views() as (db, at):
        found = erased.newest(db, at=at, limit=_MOST)
        names = erased.newest_names(db, at=at, limit=_MOST)
        held = holds.newest(db, at=at, limit=_MOST)
        in_force = rules.in_force(db, at=at)
        context = frame(db, me, in_force, at=at)
        due = DuePage([], None)
        if can_change(me, in_force):  # who may propose it; others may not read all of these
            now = web.models.now()
            due = retention.due(db, web.models.log, at=at, now=now, limit=_AT_ONCE, after=after)
    asked = {"asked": statement or "", "whose": person or ""}
    shown: dict[str, Any] = {"found": found, "names": names, "held": held}
    items = [{"erase": {"statement": each.id, "status": each.status}} for each in due.items]
    shown |= {"due": due, "after_due": after}
    shown |= {"due_items": msgspec.json.encode(items).decode()}
    return page("erasures", web, me=me, position=at, **asked, **shown, **context)
