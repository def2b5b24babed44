"""The page of people: who is here, who is invited, which roles there are, for administrators."""

import asyncio
from typing import NamedTuple

from litestar import get
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from ledger import clock
from ledger.domain import policy
from ledger.domain.vocabulary import ADMINISTRATOR
from ledger.errors import ForbiddenError
from ledger.http.requests import AnyRequest
from ledger.pages.change_words import governors, summaries
from ledger.pages.texts import text
from ledger.pages.web import ROWS, FromWeb, Web, page, to_sign_in
from ledger.pages.words import node_phrase
from projections import changes, invitations, rules, timeline, users
from projections.rules import RulesInForce
from projections.users import User

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
        _require_governor(me, in_force)
        found = users.page(db, at=at, now=now, limit=ROWS, cursor=asked.cursor or None)
        recovering = users.recovering(db, at=at, now=now, limit=ROWS)
        issued = invitations.page(db, at=at, now=now, limit=ROWS, cursor=asked.invited or None)
        pending = changes.pending(db, at=at, now=now, limit=_WAITING).items
        words = summaries(db, [each.id for each in pending], at=at)
        names = users.names(db, sorted(governors(in_force)), at=at)
        acted = timeline.last_acts(db, [each.position for each in found.items], at=at)
        roles = rules.roles(db, at=at)
    return page(
        "people",
        web,
        me=me,
        position=at,
        people=found,
        recovering=recovering,
        cursor=asked.cursor,
        acted={each.id: acted.get(each.position) for each in found.items},
        invitations=issued,
        invited=asked.invited,
        fallen={each: clock.to_text(at_ms) for each, at_ms in asked.fallen.items()},
        waiting=[(each, words[each.id]) for each in pending],
        roles=roles,
        most_counted=rules.MOST_COUNTED,
        governance=node_phrase(in_force.governance, names),
        registration=text(f"registration.{in_force.registration}"),
        suspends=ADMINISTRATOR in me.roles,
    )


def _require_governor(me: User, in_force: RulesInForce) -> None:
    """Raise ForbiddenError `governance_only` unless the person can administer something."""
    roles = frozenset(me.roles)
    asked = any(policy.covers(each, me.id, roles) for each in policy.members(in_force.governance))
    if not (asked or ADMINISTRATOR in roles):
        raise ForbiddenError("governance_only", "this page is for people who administer the ledger")
