"""Routes of SCIM 2.0 (RFC 7644), for the organisation's provider with a bearer token.

They change the directory alone: whom the provider ends is blocked here at once. They have an
answer form of their own, and are described at /scim/v2/Schemas instead of the OpenAPI document.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import Response, delete, get, patch, post, put
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, QueryParameter, SkipValidation
from msgspec import Meta

from ledger.errors import (
    ConflictError,
    MalformedError,
    NotFoundError,
    UnauthenticatedError,
    UnsupportedMediaTypeError,
)
from ledger.http.context import FromOrganisation
from ledger.http.organisation_gate import Organisation
from ledger.http.problems import EXCEPTION_HANDLERS
from ledger.http.requests import AnyRequest
from ledger.http.routes import Routes
from ledger.organisation import scim_schemas
from ledger.organisation.scim import LIST, read_json
from ledger.organisation.scim_entries import only
from ledger.organisation.scim_service import Kind, ScimService

MEDIA_TYPE = "application/scim+json"
BASE = "/scim/v2"
MIN_TOKEN_CHARS = 32
_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
_KINDS: dict[str, Kind] = {"Users": "user", "Groups": "group"}
Filter = Annotated[str | None, QueryParameter(name="filter", max_length=4096)]
Start = Annotated[int, QueryParameter(name="startIndex", ge=-(2**31), le=2**31)]
Count = Annotated[int, QueryParameter(name="count", ge=-(2**31), le=2**31)]
Attributes = Annotated[str | None, QueryParameter(name="attributes", max_length=4096)]
ExcludedAttributes = Annotated[
    str | None, QueryParameter(name="excludedAttributes", max_length=4096)
]
FromScim = NamedDependency[SkipValidation[ScimService]]


class SearchQuery(msgspec.Struct, frozen=True):
    """A query in a body; its other members are not asked for here."""

    filter: str | None = None
    start: Annotated[int, Meta(ge=-(2**31), le=2**31)] = msgspec.field(name="startIndex", default=1)
    count: Annotated[int, Meta(ge=-(2**31), le=2**31)] = 100
    attributes: list[str] = []
    excluded: list[str] = msgspec.field(name="excludedAttributes", default_factory=list)


def require_client(request: AnyRequest, organisation: Organisation | None) -> ScimService:
    """Return what serves the provider; raise UnauthenticatedError `scim_token` for others.

    Without a token in the settings there is no SCIM: NotFoundError `not_found`.
    """
    if organisation is None or organisation.scim is None:
        raise NotFoundError("not_found", "there is nothing at this address")
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    digest = hashlib.sha256(token.strip().encode()).digest()
    known = organisation.settings.scim_tokens
    is_known = [hmac.compare_digest(digest, each) for each in known]
    is_long = len(token.strip()) >= MIN_TOKEN_CHARS
    if scheme.lower() != "bearer" or not is_long or not any(is_known):
        raise UnauthenticatedError("scim_token", "send the bearer token of the directory")
    return organisation.scim


async def service(request: AnyRequest, organisation: FromOrganisation) -> ScimService:
    """Provide what serves the provider to a route; everybody else is refused."""
    return require_client(request, organisation)


def kind_of(kind: str) -> Kind:
    """Return the kind of an address; raise NotFoundError `not_found`."""
    if (found := _KINDS.get(kind)) is None:
        raise NotFoundError("not_found", "there is nothing at this address")
    return found


async def told_by(request: AnyRequest) -> dict[str, Any]:
    """Return the body of a request.

    Raises UnsupportedMediaTypeError `json_required`, MalformedError `scim_invalidSyntax`.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in (MEDIA_TYPE, "application/json"):
        raise UnsupportedMediaTypeError("json_required", "send application/scim+json")
    return read_json(await request.body())


def shown(content: Any, status: int = 200) -> Response[bytes]:
    """Return a resource or a list as a response; a resource has its address in Location too."""
    headers = {}
    if isinstance(content, dict) and isinstance(meta := content.get("meta"), dict):
        headers["Location"] = str(meta["location"])
    body = msgspec.json.encode(content)
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


@get("/{kind:str}")
async def find(
    scim: FromScim,
    kind: FromPath[str],
    filter_: Filter = None,
    start: Start = 1,
    count: Count = 100,
    attributes: Attributes = None,
    excluded: ExcludedAttributes = None,
) -> Response[bytes]:
    """List users or groups."""
    asked = partial(scim.find, kind_of(kind), filter_, start=start, count=count)
    found = await asyncio.to_thread(asked)
    found["Resources"] = [only(each, attributes, excluded) for each in found["Resources"]]
    return shown(found)


@post("/.search", status_code=501, sync_to_thread=False)
def search_all(scim: FromScim) -> Response[bytes]:
    """Refuse a query over all types of resources at once, as section 3.4.3 lets a server."""
    body = {"schemas": [_ERROR], "status": "501", "detail": "query Users or Groups"}
    return Response(msgspec.json.encode(body), status_code=501, media_type=MEDIA_TYPE)


@post("/{kind:str}/.search", status_code=200)
async def search(request: AnyRequest, scim: FromScim, kind: FromPath[str]) -> Response[bytes]:
    """List users or groups, by a query in the body (RFC 7644 section 3.4.3)."""
    told = await told_by(request)
    try:
        query = msgspec.convert(told, SearchQuery)
    except msgspec.ValidationError as error:
        raise MalformedError("scim_invalidValue", "the query has another form") from error
    asked = partial(scim.find, kind_of(kind), query.filter, start=query.start, count=query.count)
    found = await asyncio.to_thread(asked)
    wanted, unwanted = ",".join(query.attributes), ",".join(query.excluded)
    found["Resources"] = [only(each, wanted, unwanted) for each in found["Resources"]]
    return shown(found)


@post("/{kind:str}", status_code=201)
async def create(request: AnyRequest, scim: FromScim, kind: FromPath[str]) -> Response[bytes]:
    """Create a user or group."""
    told = await told_by(request)
    return shown(await asyncio.to_thread(scim.create, kind_of(kind), told), 201)


@get("/{kind:str}/{entry_id:str}")
async def read(
    scim: FromScim,
    kind: FromPath[str],
    entry_id: FromPath[str],
    attributes: Attributes = None,
    excluded: ExcludedAttributes = None,
) -> Response[bytes]:
    """Show a user or group."""
    found = await asyncio.to_thread(scim.read, kind_of(kind), entry_id)
    return shown(only(found, attributes, excluded))


@put("/{kind:str}/{entry_id:str}")
async def replace(
    request: AnyRequest, scim: FromScim, kind: FromPath[str], entry_id: FromPath[str]
) -> Response[bytes]:
    """Replace a user or group."""
    told = await told_by(request)
    return shown(await asyncio.to_thread(scim.replace, kind_of(kind), entry_id, told))


@patch("/{kind:str}/{entry_id:str}")
async def change(
    request: AnyRequest, scim: FromScim, kind: FromPath[str], entry_id: FromPath[str]
) -> Response[bytes]:
    """Change parts of a user or group."""
    told = await told_by(request)
    return shown(await asyncio.to_thread(scim.patch, kind_of(kind), entry_id, told))


@delete("/{kind:str}/{entry_id:str}", status_code=204)
async def remove(scim: FromScim, kind: FromPath[str], entry_id: FromPath[str]) -> Response[None]:
    """Delete a user or group."""
    await asyncio.to_thread(scim.delete, kind_of(kind), entry_id)
    return Response(None, status_code=204)


@get("/ServiceProviderConfig", sync_to_thread=False)
def configuration(scim: FromScim) -> Response[bytes]:
    """Show what this server can do."""
    return shown(scim_schemas.configuration(scim.base))


@get(["/ResourceTypes", "/Schemas"], sync_to_thread=False)
def descriptions(request: AnyRequest, scim: FromScim) -> Response[bytes]:
    """List the resource types, or the schemas."""
    found = _described(request.url.path, scim)
    listed = {"schemas": [LIST], "totalResults": len(found), "itemsPerPage": len(found)}
    return shown(listed | {"startIndex": 1, "Resources": found})


@get(["/ResourceTypes/{entry_id:str}", "/Schemas/{entry_id:str}"], sync_to_thread=False)
def description(request: AnyRequest, scim: FromScim, entry_id: FromPath[str]) -> Response[bytes]:
    """Show a resource type, or a schema."""
    for each in _described(request.url.path, scim):
        if each["id"] == entry_id:
            return shown(each)
    raise NotFoundError("scim_unknown", "there is no such resource")


def _described(path: str, scim: ScimService) -> list[dict[str, Any]]:
    makes = scim_schemas.schemas if path.startswith(f"{BASE}/Schemas") else None
    return (makes or scim_schemas.resource_types)(scim.base)


def _refused(
    answer: Callable[[AnyRequest, Any], Response[bytes]],
) -> Callable[[AnyRequest, Any], Response[bytes]]:
    """Return the answer to an error in the form of RFC 7644 section 3.12."""

    def refuse(request: AnyRequest, error: Any) -> Response[bytes]:
        told = answer(request, error)
        problem = msgspec.json.decode(told.content)
        body = {"schemas": [_ERROR], "status": str(told.status_code), "detail": problem["detail"]}
        kind = problem["code"].removeprefix("scim_")
        if isinstance(error, MalformedError | ConflictError) and kind != problem["code"]:
            body["scimType"] = kind
        return Response(
            msgspec.json.encode(body),
            status_code=told.status_code,
            media_type=MEDIA_TYPE,
            headers=told.headers,
        )

    return refuse


router = Routes(
    BASE,
    route_handlers=[
        configuration,
        descriptions,
        description,
        find,
        search,
        search_all,
        create,
        read,
        replace,
        change,
        remove,
    ],
    dependencies={"scim": Provide(service)},
    exception_handlers={kind: _refused(each) for kind, each in EXCEPTION_HANDLERS.items()},
    include_in_schema=False,
)
