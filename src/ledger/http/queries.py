"""Query parameters: each route takes those that it names, each of them once.

A parameter that is ignored is a request that is not answered as it was meant: a misspelt `at` would
show the present, and of two `status` the last would count.
"""

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_plus

from litestar import Litestar
from litestar.routes import HTTPRoute

from ledger.errors import MalformedError
from ledger.http.requests import AnyRequest

MAX_SHOWN_CHARS = 32


class Parameters(NamedTuple):
    """A route's parameters: query names with whether it needs them, and names in the request."""

    query: dict[str, bool]
    told: dict[str, str]


async def refuse_stray_parameters(request: AnyRequest) -> None:
    """Raise MalformedError `query_unknown` or `query_repeated`."""
    query: bytes = request.scope["query_string"]
    if not query:
        return
    known = parameters(request).query
    seen: set[str] = set()
    for part in query.decode("latin-1").split("&"):
        name = unquote_plus(part.partition("=")[0])
        shown = repr(name[:MAX_SHOWN_CHARS])
        if name not in known:
            raise MalformedError("query_unknown", f"this address takes no parameter {shown}")
        if name in seen:
            raise MalformedError("query_repeated", f"the parameter {shown} is there twice")
        seen.add(name)


def parameters(request: AnyRequest) -> Parameters:
    """Return the parameters of the route that answers a request."""
    handler = request.scope.get("route_handler")
    return _by_handler(request.app).get(handler, Parameters({}, {}))


def missing(request: AnyRequest) -> list[str]:
    """Return the names of the query parameters that a request needs and does not have."""
    needed = parameters(request).query.items()
    return [name for name, required in needed if required and name not in request.query_params]


@lru_cache(maxsize=4)  # one application a process, some in tests
def _by_handler(application: Litestar) -> dict[object, Parameters]:
    found: dict[object, Parameters] = {}
    for route in application.routes:
        if isinstance(route, HTTPRoute):
            for handler, model in route.route_handler_map.values():
                query = {each.field_alias: each.is_required for each in model.expected_query_params}
                every = (
                    *model.expected_query_params,
                    *model.expected_header_params,
                    *model.expected_path_params,
                )
                told = {each.field_name: each.field_alias for each in every}
                found[handler] = Parameters(query, told)
    return found
