"""The page of roles: what each is for, who holds it, and which of them govern."""

from litestar import get
from litestar.response import Redirect, Template

from ledger.domain import policy
from ledger.domain.quoting import quoted
from ledger.http.requests import AnyRequest
from ledger.pages.administration import frame, require_administration
from ledger.pages.web import FromWeb, page, to_sign_in
from projections import rules, users

_NAMED = 12  # holders whom a card names


@get("/roles", sync_to_thread=True)
def roles(request: AnyRequest, web: FromWeb) -> Template | Redirect:
    """Show the roles to those who administer; the browser defines and closes them by changes."""
    me = web.session_user(request)
    if me is None:
        return to_sign_in(request)
    with web.models.views() as (db, at):
        in_force = rules.in_force(db, at=at)
        require_administration(me, in_force)
        found = rules.roles(db, at=at)
        holders = {
            each.name: [
                quoted(person.name)
                for person in users.people(
                    db, users.holding(db, each.name, at=at, limit=_NAMED)
                ).values()
            ]
            for each in found
        }
        context = frame(db, me, in_force, at=at)
    return page(
        "roles",
        web,
        me=me,
        position=at,
        roles=found,
        holders=holders,
        most_counted=rules.MOST_COUNTED,
        asked=policy.members(in_force.governance),
        **context,
    )
