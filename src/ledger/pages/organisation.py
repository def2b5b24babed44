"""The organisation's sign-in: to its provider and back, one's own link, and what it proposes."""

from hmac import compare_digest
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from litestar.response import Redirect, Template

from ledger.errors import ForbiddenError
from ledger.http.context import FromOrganisation
from ledger.http.languages import language_headers
from ledger.http.organisation import require_organisation
from ledger.http.organisation_proposals import view
from ledger.http.requests import AnyRequest
from ledger.organisation.provider import MAX_AGE_S
from ledger.pages.administration import frame
from ledger.pages.web import FromWeb, local_path, page, to_sign_in
from projections import rules

# Providers add more to their answer than its code and state; of the rest only `iss` is read.
ProviderText = Annotated[str | None, QueryParameter(max_length=4096)]
ProviderState = Annotated[str | None, QueryParameter(name="state", max_length=4096)]
ProviderScope = Annotated[str | None, QueryParameter(name="scope", max_length=4096)]
OnwardAfter = Annotated[str | None, QueryParameter(name="next", max_length=2048)]
NO_STORE = {"Cache-Control": "no-store"}


@get("/organisation/begin")
async def begin(
    request: AnyRequest, organisation: FromOrganisation, onward: OnwardAfter = None
) -> Redirect:
    """Send a browser to the organisation's provider."""
    found = require_organisation(organisation)
    target = local_path(onward) or "/organisation"
    where, flow = await found.begin(request, target)
    cookie = found.cookies.begun(flow, MAX_AGE_S)
    return Redirect(where, status_code=303, cookies=[cookie], headers=NO_STORE)


@get("/organisation/callback")
async def callback(  # noqa: PLR0913  # what providers send
    request: AnyRequest,
    web: FromWeb,
    organisation: FromOrganisation,
    code: ProviderText = None,
    given_state: ProviderState = None,
    iss: ProviderText = None,
    error: ProviderText = None,
    error_description: ProviderText = None,
    error_uri: ProviderText = None,
    session_state: ProviderText = None,
    given_scope: ProviderScope = None,
    authuser: ProviderText = None,
    hd: ProviderText = None,
    prompt: ProviderText = None,
) -> Template:
    """Take a browser back from the provider, and lead it on from a page of this site.

    A cookie of a session is not sent with a redirect from another site, so the page leads on.
    """
    found = require_organisation(organisation)
    flow = found.cookies.flow_of(request, now_s=found.now_s)
    if flow is None or given_state is None or not _is_same(given_state, flow.state):
        raise ForbiddenError("provider_refused", "this sign-in was not begun here; begin again")
    if error is not None or not code:
        raise ForbiddenError("provider_refused", "the organisation's provider signed nobody in")
    proof = await found.returned(request, flow, code, iss)
    shown = page("organisation_back", web, onward=flow.onward)
    cookies = [found.cookies.shown(proof), found.cookies.ended(found.cookies.flow)]
    return Template(
        template_name=shown.template_name,
        context=shown.context,
        cookies=cookies,
        headers=NO_STORE | language_headers(),
    )


@get("/organisation", sync_to_thread=True)
def organisation_page(
    request: AnyRequest, web: FromWeb, organisation: FromOrganisation
) -> Template | Redirect:
    """Show one's own link, and to administrators what the directory says."""
    me = web.session_user(request)
    if me is None:
        return to_sign_in(request)
    found = require_organisation(organisation)
    with web.models.views() as (db, at):
        context = frame(db, me, rules.in_force(db, at=at), at=at)
    shown = view(found, web.models) if context["administers"] else None
    mine = found.people.link_of(me.id)
    is_shown = found.is_shown(request)
    return page("organisation", web, me=me, mine=mine, is_shown=is_shown, shown=shown, **context)


def _is_same(given: str, kept: str) -> bool:
    return compare_digest(given.encode(), kept.encode())
