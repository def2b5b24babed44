"""Routes of the organisation's sign-in: to the provider and back, one's own link, proposals."""

import asyncio
from typing import Annotated

from litestar import Response, get, post
from litestar.di import Provide
from litestar.params import JSONBody
from msgspec import Meta

from ledger.commands.people import PeopleCommands
from ledger.domain.document import parse_uuid
from ledger.errors import ConflictError, ForbiddenError
from ledger.http.context import (
    BY_SESSION,
    FromOrganisation,
    FromPeople,
    FromReadModels,
    SignedIn,
    signed_in,
)
from ledger.http.mailboxes import CHANGED
from ledger.http.organisation_gate import Organisation
from ledger.http.organisation_proposals import OrganisationView, view
from ledger.http.passkey_responses import Assertion
from ledger.http.problems import answers
from ledger.http.requests import UUID_TEXT, AnyRequest, OpaqueId, Strict
from ledger.http.routes import Routes
from ledger.http.webhooks import Administrator, administrator


class LinkAccount(Strict, frozen=True):
    """A fresh assertion by one of one's own passkeys, as for a sign-in."""

    ceremony: OpaqueId
    assertion: Assertion


class UnlinkPerson(Strict, frozen=True):
    """Whose link is forgotten, with a fresh assertion by a passkey of the administrator."""

    user: Annotated[str, Meta(max_length=64, extra_json_schema=UUID_TEXT)]
    ceremony: OpaqueId
    assertion: Assertion


def require_organisation(organisation: Organisation | None) -> Organisation:
    """Return the organisation's sign-in; raise ConflictError `organisation_off` without one."""
    if organisation is None:
        raise ConflictError("organisation_off", "this ledger has no sign-in of an organisation")
    return organisation


async def require_own_passkey(
    people: PeopleCommands, data: LinkAccount | UnlinkPerson, user: str
) -> None:
    """Raise ForbiddenError `not_yours` unless a passkey of this person signed the ceremony."""
    if await people.sign_in.with_passkey(data.ceremony, data.assertion.evidence()) != user:
        raise ForbiddenError("not_yours", "the passkey is of another person than the session")


@get("/api/organisation", responses=answers(401, 403, 409, 429, 503), sync_to_thread=True)
def look_at_organisation(
    organisation: FromOrganisation, models: FromReadModels, admin: Administrator
) -> OrganisationView:
    """Show who is linked and blocked, and what the directory would have changed."""
    return view(require_organisation(organisation), models)


@post("/api/organisation/link", status_code=204, responses=CHANGED)
async def link_account(
    data: JSONBody[LinkAccount],
    request: AnyRequest,
    organisation: FromOrganisation,
    people: FromPeople,
    user: SignedIn,
) -> Response[None]:
    """Link one's own person to the account at the provider that this browser shows."""
    found = require_organisation(organisation)
    await require_own_passkey(people, data, user)
    await found.link(request, user)
    return Response(None, status_code=204, cookies=[found.cookies.ended(found.cookies.proof)])


@post("/api/organisation/unlink", status_code=204, responses=CHANGED)
async def unlink_person(
    data: JSONBody[UnlinkPerson],
    organisation: FromOrganisation,
    people: FromPeople,
    admin: Administrator,
) -> Response[None]:
    """Forget another person's link, and with it a block by the provider."""
    found, person = require_organisation(organisation), str(parse_uuid(data.user))
    if person == admin:
        raise ForbiddenError("own_account", "another administrator unlinks your account")
    await require_own_passkey(people, data, admin)
    await asyncio.to_thread(found.unlink, person)
    return Response(None, status_code=204)


router = Routes(
    "/",
    route_handlers=[look_at_organisation, link_account, unlink_person],
    dependencies={
        "user": Provide(signed_in, sync_to_thread=False),
        "admin": Provide(administrator),
    },
    security=BY_SESSION,
)
