"""The page of people: who is here and who is invited, for those who administer."""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from litestar import get
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from ledger import clock
from ledger.http.requests import AnyRequest
from ledger.pages.administration import by_grant_only, frame, governs, require_administration
from ledger.pages.change_words import summaries
from ledger.pages.governors import with_passkeys
from ledger.pages.web import ROWS, FromWeb, Web, page, to_sign_in
from projections import changes, invitations, rules, service_accounts, timeline, users
from projections.users import User

_WAITING = 10


@get("/people")
async def people(
    request: AnyRequest,
    web: FromWeb,
    cursor: FromQuery[str | None] = None,
    invited: FromQuery[str | None] = None,
) -> Template | Redirect:
    """Show people and invitations to those who administer; the browser makes the changes."""
    me = await asyncio.to_thread(web.session_user, request)
    if me is None:
        return to_sign_in(request)
    shown = await asyncio.to_thread(_people, web, me, _Pages(cursor, invited))
    fallen = await web.people.passkeys.fallen()
    seen_ms = await _seen_ms(web, shown["people"].items)
    return page(
        "people",
        web,
        me=me,
        fallen={each: clock.to_text(at_ms) for each, at_ms in fallen.items()},
        seen={user: clock.to_text(at_ms) for user, at_ms in seen_ms.items()},
        **shown,
    )


class _Pages(NamedTuple):
    """The pages of the two lists that are asked for."""

    people: str | None
    invited: str | None


async def _seen_ms(web: Web, people: Sequence[User]) -> dict[str, int]:
    """Return when a session or a passkey of each person was last used, as far as it is known."""
    seen_ms = await web.sessions.last_seen([each.id for each in people])
    credentials = [credential for each in people for credential in each.credential_ids]
    used_ms = await web.people.passkeys.last_uses(credentials)
    for each in people:
        times = [used_ms[id_] for id_ in each.credential_ids if id_ in used_ms]
        if times:
            seen_ms[each.id] = max(*times, seen_ms.get(each.id, 0))
    return seen_ms


def _people(web: Web, me: User, asked: _Pages) -> dict[str, Any]:
    with web.models.views() as (db, at):
        now = web.models.now()
        in_force = rules.in_force(db, at=at)
        require_administration(me, in_force)
        found = users.page(db, at=at, now=now, limit=ROWS, cursor=asked.people or None)
        recovering = users.recovering(db, at=at, now=now, limit=ROWS)
        issued = invitations.page(db, at=at, now=now, limit=ROWS, cursor=asked.invited or None)
        pending = changes.pending(db, at=at, now=now, limit=_WAITING).items
        services = service_accounts.page(db, at=at, now=now, limit=ROWS).items
        words = summaries(db, [each.id for each in pending], at=at)
        shown = with_passkeys(db, web.models.log, found.items, at=at, now=now)
        acted = timeline.last_acts(db, [each.position for each in found.items], at=at)
        roles = rules.roles(db, at=at)
        context = frame(db, me, in_force, at=at)
    return context | {
        "position": at,
        "people": found,
        "recovering": recovering,
        "shown": shown,
        "governing": {each.id for each in found.items if governs(each, in_force)},
        "granted": by_grant_only(roles, in_force),
        "suspends": governs(me, in_force),
        "cursor": asked.people,
        "acted": {each.id: acted.get(each.position) for each in found.items},
        "invitations": issued,
        "invited": asked.invited,
        "services": services,
        "waiting": [(each, words[each.id]) for each in pending],
        "roles": roles,
    }
