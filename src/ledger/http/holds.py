"""The route of holds: what changes keep from being erased."""

from litestar import get

from ledger.http.answers import READ
from ledger.http.context import (
    BY_SESSION,
    MEMBERS,
    FromPaging,
    FromReadModels,
    Moment,
    SignedIn,
)
from ledger.http.routes import Routes
from projections import holds
from projections.holds import HoldInForce
from projections.paging import Page


@get("/api/holds", responses=READ, sync_to_thread=True)
def list_holds(
    models: FromReadModels, user: SignedIn, moment: Moment, paging: FromPaging
) -> Page[HoldInForce]:
    """List the holds in force, newest first: the changes that placed them are for everyone."""
    with models.views(moment) as (db, shown):
        return holds.page(db, at=shown, limit=paging.limit, cursor=paging.cursor)


router = Routes(
    "/", route_handlers=[list_holds], dependencies=MEMBERS, security=BY_SESSION, tags=["changes"]
)
