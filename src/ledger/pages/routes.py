"""The routes of the pages. Each reads the views once and renders one template; none writes.

The HTML contains everything a page shows, so it can be read without scripts. Signing needs scripts,
because the keys live in the browser.
"""

from functools import partial
from operator import attrgetter
from typing import Annotated, get_args

import msgspec
from litestar import get
from litestar.params import FromQuery, QueryParameter
from litestar.response import Redirect, Template

from ledger.domain.readers import unknown_statement
from ledger.domain.vocabulary import AUDITOR, CREATOR, OPEN_ROLES, Status
from ledger.http.context import FromOrganisation
from ledger.http.organisation_gate import state_of
from ledger.http.requests import AnyRequest
from ledger.pages.change_words import summaries
from ledger.pages.draft_types import drafted_by, next_version, people_named
from ledger.pages.past import shown_at
from ledger.pages.readers import carried_executors, carried_readers
from ledger.pages.setup import is_alone
from ledger.pages.web import ROWS, FromWeb, Next, local_path, page, to_sign_in
from ledger.pages.words import wait
from projections import devices, inbox, readers, statements, types, users
from projections import rules as rules_set
from projections.involved import involved
from projections.not_needed import changed_since_approval, not_needed

STATUSES: tuple[Status, ...] = get_args(Status)
_ENDED = ("rejected", "withdrawn", "expired")  # without an approval
_MOST_FINISHED = 10
_MOST_PEOPLE = 200


@get("/", sync_to_thread=True)
def home(request: AnyRequest, web: FromWeb) -> Template:
    """Explain the ledger, with links to registration or the inbox."""
    return page("home", web, me=web.session_user(request), registration=web.registration_mode())


@get("/register", sync_to_thread=True)
def register(
    request: AnyRequest,
    web: FromWeb,
    role: FromQuery[str | None] = None,
    onward: Next = None,
) -> Template:
    """Register a person: a passkey, and a signing key that it attests."""
    return page(
        "register",
        web,
        registration=web.registration_mode(),
        role=role if role in OPEN_ROLES else None,
        next=local_path(onward) or "/inbox",
    )


@get("/signin", sync_to_thread=True)
def sign_in(
    request: AnyRequest, web: FromWeb, organisation: FromOrganisation, onward: Next = None
) -> Template | Redirect:
    """Sign in with a passkey."""
    target = local_path(onward) or "/inbox"
    if web.session_user(request) is not None:
        return Redirect(target)
    mode, needs = web.registration_mode(), state_of(organisation, request)
    return page("signin", web, registration=mode, next=target, organisation=needs)


@get("/statements", sync_to_thread=True)
def statement_list(  # noqa: PLR0913  # the parameters of its address
    request: AnyRequest,
    web: FromWeb,
    status: FromQuery[str | None] = None,
    q: FromQuery[str | None] = None,
    where: Annotated[str | None, QueryParameter(name="in", max_length=8)] = None,
    cursor: FromQuery[str | None] = None,
    at: FromQuery[str | None] = None,
) -> Template | Redirect:
    """List the statements that a person may read as of a position, newest first."""
    me = web.session_user(request)
    if me is None:
        return to_sign_in(request)
    wanted = status if status in STATUSES else None
    with web.models.views() as (db, newest):
        reader, then = readers.of(db, me.id), shown_at(db, web, newest, at)
        found = statements.page(
            db,
            reader,
            at=then.seen,
            now=then.time,
            limit=ROWS,
            cursor=cursor or None,
            status=wanted,
            q=q or None,
            creator=None,
            contents=partial(statements.content, web.models.log) if where == "contents" else None,
        )
        web.access.note(db, reader, "list", [each.position for each in found.items])
        words = summaries(db, [each.id for each in found.items], at=then.seen)
        kinds = types.named_by(db, [each.position for each in found.items])
    return page(
        "statements",
        web,
        me=me,
        position=newest,
        shown_at=then,
        found=found,
        words=words,
        kinds=kinds,
        status=wanted,
        q=q or "",
        where="contents" if where == "contents" else "",
        cursor=cursor,
        statuses=STATUSES,
    )


@get("/inbox", sync_to_thread=True)
def inbox_list(
    request: AnyRequest, web: FromWeb, cursor: FromQuery[str | None] = None
) -> Template | Redirect:
    """List what waits for the signed-in person, and what they drafted or decided on."""
    me = web.session_user(request)
    if me is None:
        return to_sign_in(request)
    with web.models.views() as (db, at):
        now = web.models.now()
        waiting = inbox.page(db, user_id=me.id, at=at, now=now, limit=ROWS, cursor=cursor or None)
        mine = involved(db, me.id, at=at, now=now)
        spared = not_needed(db, me.id, at=at, now=now, limit=_MOST_FINISHED)
        every = [*waiting.items, *mine, *spared]
        words = summaries(db, [each.id for each in every], at=at)
        kinds = types.named_by(db, [each.position for each in every])
        changed = changed_since_approval(db, me.position, waiting.items, at=at)
        alone = is_alone(db, me, at=at)
        one_way = len(me.credential_ids) == 1 and not devices.has_codes(
            db, me.position, at=at, now=now
        )
    return page(
        "inbox",
        web,
        me=me,
        position=at,
        found=waiting,
        has_acted=bool(mine),
        others=sorted(
            (each for each in mine if each.status == "pending" and each not in waiting.items),
            key=attrgetter("expires_at"),
        ),
        finished=[each for each in mine if each.status != "pending"][:_MOST_FINISHED],
        spared=spared,
        changed=changed,
        words=words,
        kinds=kinds,
        alone=alone,
        one_way=one_way and not alone,
        cursor=cursor,
    )


@get("/draft", sync_to_thread=True)
def draft(
    request: AnyRequest,
    web: FromWeb,
    supersedes: FromQuery[str | None] = None,
    kind: Annotated[str | None, QueryParameter(name="type", max_length=64)] = None,
) -> Template | Redirect:
    """Write a statement, of a type or with a policy of its own; the browser signs the document."""
    me = web.session_user(request)
    if me is None:
        return to_sign_in(request)
    with web.models.views() as (db, at):
        people = users.page(db, at=at, now=web.models.now(), limit=_MOST_PEOPLE, cursor=None)
        base = None
        if supersedes:
            reader = readers.of(db, me.id)
            now = web.models.now()
            base = statements.by_id(db, web.models.log, supersedes, reader, at=at, now=now)
            if base is None:
                raise unknown_statement()
            web.access.note(db, reader, "statement", [base.position])
            if base.replaced is not None and base.status in _ENDED:
                # Nothing supersedes it: what comes next is to replace the approved one, too.
                return Redirect(f"/draft?supersedes={base.supersedes}")
            way = next_version(db, me, base, at=at)
            if way is None:
                base = None  # this person may not supersede it
            elif kind is None:
                kind = way.sha256
        roles = [each.name for each in rules_set.roles(db, at=at) if not each.is_closed]
        carried = carried_readers(db, base, people.items, at=at)
        executors = carried_executors(db, base, people.items, at=at)
        values = rules_set.values(db, at=at)
        kinds = drafted_by(db, me, at=at)
        of_kind = next((each for each in kinds if each.about.sha256 == kind), None)
        names = people_named(db, base, of_kind, at=at)
    return page(
        "draft",
        web,
        me=me,
        position=at,
        people=people,
        base=base,
        registration=values.registration,
        reader_roles=[each for each in roles if each != AUDITOR],
        reader_people=[*people.items, *carried],
        signing_roles=[each for each in roles if each != AUDITOR],
        executor_people=[*people.items, *executors],
        floor=msgspec.to_builtins(values.floor),
        age=wait(values.max_age),
        kinds=kinds,
        kind=of_kind,
        names=names,
        untyped=values.untyped and CREATOR in me.roles,
    )
