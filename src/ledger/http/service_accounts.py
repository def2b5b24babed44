"""Routes of service accounts: add one, list them all, end one."""

from typing import Annotated

from litestar import get, post
from litestar.di import Provide
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from ledger.domain.service_accounts import MAX_TYPES, ServiceSubmission
from ledger.domain.vocabulary import ServiceAct
from ledger.http import devices
from ledger.http.answers import READ, Created, KeyRecorded, recorded
from ledger.http.context import (
    BY_SESSION,
    MEMBERS,
    FromPaging,
    FromPeople,
    FromReadModels,
    Moment,
    SignedIn,
    signed_in,
)
from ledger.http.passkey_responses import Assertion
from ledger.http.requests import (
    ActText,
    ActWithAssertion,
    AnyRequest,
    Jwk,
    OpaqueId,
    Strict,
    TimeText,
)
from ledger.http.routes import Routes
from projections import service_accounts
from projections.paging import Page
from projections.service_accounts import ServiceAccount

TypeName = Annotated[str, Meta(max_length=64)]


class NewAccount(Strict, frozen=True):
    """A service account: its key with both proofs, its name, its scope, and its end."""

    jwk: Jwk
    assertion: Assertion
    possession: ActText
    name: TypeName
    acts: tuple[ServiceAct, ...]
    types: Annotated[tuple[TypeName, ...], Meta(max_length=MAX_TYPES)]
    untyped: bool
    expires_at: TimeText

    def submission(self) -> ServiceSubmission:
        """Return the evidence; raise MalformedError `credential_invalid`."""
        members = {name: getattr(self, name) for name in self.__struct_fields__}
        return ServiceSubmission(**members | {"assertion": self.assertion.evidence()})


class CompleteAccount(Strict, frozen=True):
    """The responses of a ceremony that `/api/jwt-keys/options` began."""

    ceremony: OpaqueId
    account: NewAccount


@post("/api/service-accounts", responses=recorded(KeyRecorded, 401))
async def add_service_account(
    data: JSONBody[CompleteAccount], request: AnyRequest, people: FromPeople, user: SignedIn
) -> Created:
    """Add a service account of one's own; a passkey confirms its key, scope and end."""
    account = data.account.submission()
    answer = await people.service_accounts.add(user, data.ceremony, account)
    await devices.note_browser(request, people, user, answer)
    return Created(answer)


@get("/api/service-accounts", responses=READ, sync_to_thread=True)
def list_service_accounts(
    models: FromReadModels, user: SignedIn, moment: Moment, paging: FromPaging
) -> Page[ServiceAccount]:
    """List everybody's service accounts, also ended ones, newest first."""
    with models.views(moment) as (db, shown):
        now = models.time_of(db, moment)
        return service_accounts.page(
            db, at=shown, now=now, limit=paging.limit, cursor=paging.cursor
        )


@post("/api/service-accounts/{kid:str}/end", responses=recorded(KeyRecorded))
async def end_service_account(
    kid: FromPath[str], data: JSONBody[ActWithAssertion], people: FromPeople
) -> Created:
    """End a service account: one's own, or another person's as an administrator."""
    return Created(await people.service_accounts.end(kid, data.act, data.evidence()))


by_signature = Routes("/", route_handlers=[end_service_account], tags=["people"])
members_only = Routes(
    "/",
    route_handlers=[list_service_accounts],
    dependencies=MEMBERS,
    security=BY_SESSION,
    tags=["people"],
)
# Without the parameters of a read.
owners_only = Routes(
    "/",
    route_handlers=[add_service_account],
    dependencies={"user": Provide(signed_in, sync_to_thread=False)},
    security=BY_SESSION,
    tags=["people"],
)
routes = [by_signature, members_only, owners_only]
