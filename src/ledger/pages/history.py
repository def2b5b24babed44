"""The audit page: the events, and the state of the ledger at any position."""

from typing import Annotated, Any, NamedTuple

from litestar import get
from litestar.params import FromQuery, QueryParameter
from litestar.response import Redirect, Template

from ledger.http.headers import CONTENT_SECURITY_POLICY
from ledger.http.requests import AnyRequest
from ledger.pages.audited_events import AuditFilters, FilteredEvents, filtered
from ledger.pages.change_words import summaries
from ledger.pages.compared_positions import compared_positions
from ledger.pages.past import shown_at
from ledger.pages.told_events import told_event
from ledger.pages.web import ROWS, FromWeb, Web, page, to_sign_in
from projections import readers, statements, timeline, types, users
from projections.users import User

_EVENTS = 20
# The page starts a worker, and a browser that enforces trusted types asks a policy for its address.
# web/static/js/lib/recheck.js makes that policy, for one address.
_POLICY = CONTENT_SECURITY_POLICY.replace("trusted-types 'none'", "trusted-types recheck")

FromPart = Annotated[str | None, QueryParameter(name="from", description="A position or a day")]
ToPart = Annotated[str | None, QueryParameter(name="to", description="A position or a day")]


class AskedAudit(NamedTuple):
    """Which moment somebody asks for, with which other one to compare it, and which page."""

    at: str | None
    time: str | None
    compare: str
    cursor: str | None


@get("/audit", sync_to_thread=True)
def history(  # noqa: PLR0913  # what the page filters by
    request: AnyRequest,
    web: FromWeb,
    at: FromQuery[str | None] = None,
    time: FromQuery[str | None] = None,
    kind: FromQuery[str | None] = None,
    actor: FromQuery[str | None] = None,
    statement: FromQuery[str | None] = None,
    type: FromQuery[str | None] = None,
    first: FromPart = None,
    last: ToPart = None,
    compare: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Template | Redirect:
    """Show the events up to a position, and statements and people as of it."""
    me = web.session_user(request)
    if me is None:
        return to_sign_in(request)
    filters = AuditFilters(
        kind=kind if kind in timeline.TYPES else "",
        actor=(actor or "").strip(),
        statement=(statement or "").strip(),
        type=type or "",
        first=first or "",
        last=last or "",
    )
    asked = AskedAudit(at, time, compare or "", cursor or None)
    found = _found(web, me, filters, asked)
    answer = page(
        "audit", web, me=me, filters=filters, kinds=timeline.TYPES, cursor=cursor, **found
    )
    answer.headers["Content-Security-Policy"] = _POLICY
    return answer


def _found(web: Web, me: User, filters: AuditFilters, asked: AskedAudit) -> dict[str, Any]:
    """Return what the page shows, and note that it is shown."""
    with web.models.views() as (db, newest):
        past = shown_at(db, web, newest, asked.at, asked.time)
        seen, now = past.seen, past.time
        reader = readers.of(db, me.id)
        told = filtered(db, reader, filters, at=seen, now=now, limit=_EVENTS, cursor=asked.cursor)
        here = timeline.items(db, [seen], reader, told_event)
        then = statements.page(db, reader, at=seen, now=now, limit=ROWS)
        other = shown_at(db, web, newest, asked.compare) if asked.compare else None
        compared = None if other is None else compared_positions(db, reader, other.seen, seen)
        web.access.note_events(db, reader, [*told.items, *here])
        web.access.note(db, reader, "list", [each.position for each in then.items])
        if compared is not None:
            web.access.note(db, reader, "list", compared.statements)
        shown = [each.id for each in then.items]
        shown += [each.statement_id for each in told.items if each.statement_id is not None]
        return {
            "position": newest,
            "shown_at": past,
            "seen": seen,
            "told": told,
            "here": here[0] if here else None,
            "then": then,
            "compare": asked.compare,
            "compared": compared,
            "is_auditor": reader.reads_all,
            "trail": _trail(told, filters, seen),
            "first": timeline.time_of(db, 1),
            "people": users.page(db, at=seen, now=now, limit=ROWS),
            "asked_changes": summaries(db, shown, at=seen),
            "types": types.named_by(db, [each.position for each in then.items]),
            "type_names": [each.name for each in types.page(db, at=newest, limit=ROWS).items],
        }


def _trail(told: FilteredEvents, filters: AuditFilters, seen: int) -> dict[str, str] | None:
    """Return the parameters of the trail with the events of these filters, None without such."""
    if told.unknown or filters.type:
        return None
    given = {
        "from": str(told.first) if told.first > 1 else "",
        "to": str(min(seen, told.last)),
        "actor": told.actor or "",
        "statement": told.statement.id if told.statement else "",
        "type": filters.kind,
    }
    return {name: value for name, value in given.items() if value}
