"""Query parameters: each route takes those that it names, each of them once, plainly written.

A parameter that is ignored is a request that is not answered as it was meant: a misspelt `at` would
show the present, and of two `status` the last would count.

The framework converts what is not a text loosely: `1e1` and `5.0` would be whole numbers, and
`null` would be as if the parameter were not there.
"""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_plus

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.typing import FieldDefinition

from ledger.errors import MalformedError
from ledger.http.requests import AnyRequest

MAX_SHOWN_CHARS = 32
_NUMBER = re.compile(r"0|-?[1-9][0-9]*")
_NOT_NULL = re.compile(r"(?!null\Z).*", re.IGNORECASE | re.DOTALL)


class Parameters(NamedTuple):
    """A route's parameters: query names with whether it needs them, and names in the request.

    `plain` has a pattern for each parameter that the framework converts.
    """

    query: dict[str, bool]
    told: dict[str, str]
    plain: dict[str, re.Pattern[str]]


async def refuse_stray_parameters(request: AnyRequest) -> None:
    """Raise MalformedError `query_unknown`, `query_repeated`, or `request_invalid`."""
    query: bytes = request.scope["query_string"]
    if not query:
        return
    known, _, plain = parameters(request)
    seen: set[str] = set()
    for part in query.decode("latin-1").split("&"):
        coded, _, value = part.partition("=")
        name = unquote_plus(coded)
        shown = repr(name[:MAX_SHOWN_CHARS])
        if name not in known:
            raise MalformedError("query_unknown", f"this address takes no parameter {shown}")
        if name in seen:
            raise MalformedError("query_repeated", f"the parameter {shown} is there twice")
        seen.add(name)
        if name in plain and not plain[name].fullmatch(unquote_plus(value)):
            raise MalformedError("request_invalid", f"{name}: write its value plainly")


def parameters(request: AnyRequest) -> Parameters:
    """Return the parameters of the route that answers a request."""
    handler = request.scope.get("route_handler")
    return _by_handler(request.app).get(handler, Parameters({}, {}, {}))


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
                plain = _plain(handler)
                patterns = {told[name]: plain[name] for name in told if name in plain}
                found[handler] = Parameters(query, told, patterns)
    return found


def _plain(handler: HTTPRouteHandler) -> dict[str, re.Pattern[str]]:
    """Return the patterns of the parameters of a route and its dependencies that are no texts."""
    signatures = [handler.parsed_fn_signature]
    signatures += [each.parsed_fn_signature for each in handler.resolve_dependencies().values()]
    fields = {name: field for each in signatures for name, field in each.parameters.items()}
    return {
        name: _NUMBER if int in types else _NOT_NULL
        for name, types in ((name, _types(field)) for name, field in fields.items())
        if str not in types
    }


def _types(field: FieldDefinition) -> set[object]:
    return {each.annotation for each in field.inner_types} | {field.annotation}
