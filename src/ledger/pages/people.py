"""The page of people: who is here, who is invited, which roles there are, for administrators."""

import asyncio
from typing import NamedTuple

from litestar import get
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from ledger import clock
from ledger.http.requests import AnyRequest
from ledger.pages.administration import by_grant_only, frame, governs, require_administration
from ledger.pages.change_words import summaries
from ledger.pages.governors import with_passkeys
from ledger.pages.texts import text
from ledger.pages.web import ROWS, FromWeb, Web, page, to_sign_in
from projections import changes, invitations, rules, timeline, users

_WAITING = 10


@get("/people")
async def people(
    request: AnyRequest,
    web: FromWeb,
    cursor: FromQuery[str | None] = None,
    invited: FromQuery[str | None] = None,
) -> Template | Redirect:
    """Show people, invitations and roles to those who administer; the browser makes the changes."""
    fallen = await web.people.passkeys.fallen()
    return await asyncio.to_thread(_people, request, web, _Shown(cursor, invited, fallen))


class _Shown(NamedTuple):
    """The pages of the lists that are asked for, and when a passkey's use count went back."""

    cursor: str | None
    invited: str | None
    fallen: dict[str, int]


def _people(request: AnyRequest, web: Web, asked: _Shown) -> Template | Redirect:
    me = web.session_user(request)
    if me is None:
        return to_sign_in(request)
    with web.models.views() as (db, at):
        now = web.models.now()
        in_force = rules.in_force(db, at=at)
        require_administration(me, in_force)
        found = users.page(db, at=at, now=now, limit=ROWS, cursor=asked.cursor or None)
        issued = invitations.page(db, at=at, now=now, limit=ROWS, cursor=asked.invited or None)
        pending = changes.pending(db, at=at, now=now, limit=_WAITING).items
        words = summaries(db, [each.id for each in pending], at=at)
        shown = with_passkeys(db, web.models.log, found.items, at=at)
        acted = timeline.last_acts(db, [each.position for each in found.items], at=at)
        roles = rules.roles(db, at=at)
        context = frame(db, me, in_force, at=at)
    return page(
        "people",
        web,
        me=me,
        position=at,
        people=found,
        shown=shown,
        governing={each.id for each in found.items if governs(each, in_force)},
        granted=by_grant_only(roles, in_force),
        suspends=governs(me, in_force),
        cursor=asked.cursor,
        acted={each.id: acted.get(each.position) for each in found.items},
        invitations=issued,
        invited=asked.invited,
        fallen={each: clock.to_text(at_ms) for each, at_ms in asked.fallen.items()},
        waiting=[(each, words[each.id]) for each in pending],
        roles=roles,
        registration=text(f"registration.{in_force.registration}"),
        **context,
    )
