"""Routes of types: which kinds of statements an administration defined, and each definition."""

from litestar import get
from litestar.params import FromPath

from ledger.encoding import SHA256_HEX
from ledger.errors import NotFoundError
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
from projections import types
from projections.paging import Page
from projections.types import TypeDetail, TypeSummary


@get("/api/types", responses=READ, sync_to_thread=True)
def list_types(
    models: FromReadModels, user: SignedIn, moment: Moment, paging: FromPaging
) -> Page[TypeSummary]:
    """List the newest version of each type, also of retired ones, newest first."""
    with models.views(moment) as (db, shown):
        return types.page(db, at=shown, limit=paging.limit, cursor=paging.cursor)


@get("/api/types/{sha256:str}", responses=READ, sync_to_thread=True)
def type_by_digest(
    sha256: FromPath[str], models: FromReadModels, user: SignedIn, moment: Moment
) -> TypeDetail:
    """Show the version of a type whose definition has this digest."""
    found = None
    if SHA256_HEX.fullmatch(sha256):
        with models.views(moment) as (db, shown):
            found = types.by_digest(db, bytes.fromhex(sha256), at=shown)
    if found is None:
        raise NotFoundError("type_unknown", "there is no type with this digest")
    return found


router = Routes(
    "/",
    route_handlers=[list_types, type_by_digest],
    dependencies=MEMBERS,
    security=BY_SESSION,
    tags=["types"],
)
