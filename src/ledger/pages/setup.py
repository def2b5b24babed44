"""The page of the first run: what is permanent, whether the address works, and what is to do."""

import sqlite3

from litestar import get
from litestar.response import Redirect, Template

from ledger.domain.vocabulary import ADMINISTRATOR
from ledger.errors import ForbiddenError
from ledger.http.context import FromPublicLog, FromSite
from ledger.http.requests import AnyRequest
from ledger.pages.web import FromWeb, page, to_sign_in
from projections import rules
from projections.users import User


@get("/setup", sync_to_thread=True)
def setup(
    request: AnyRequest, web: FromWeb, site: FromSite, public: FromPublicLog
) -> Template | Redirect:
    """Show the tasks of the first run to administrators; the browser checks the address."""
    me = web.session_user(request)
    if me is None:
        return to_sign_in(request)
    if ADMINISTRATOR not in me.roles:
        raise ForbiddenError("administrator_only", "this page is for administrators")
    with web.models.views() as (db, at):
        alone = is_alone(db, me, at=at)
    settings = site.settings
    return page(
        "setup",
        web,
        me=me,
        position=at,
        alone=alone,
        origin=settings.origin,
        rp_id=settings.rp_id,
        is_private=settings.is_local_http or settings.origin.startswith("https:"),
        now=web.models.now(),
        own_kid=site.charter.kid,
        vkeys=[key.vkey for key in public.keys.keys(at)],
    )


def is_alone(db: sqlite3.Connection, me: User, *, at: int) -> bool:
    """Tell whether a person is the only administrator, with one passkey: one loss from nobody."""
    if ADMINISTRATOR not in me.roles or len(me.credential_ids) > 1:
        return False
    return rules.holders(db, ADMINISTRATOR, at) == 1
