"""The OpenAPI document, as strict as the server is.

The framework's document describes what routes take and answer. It leaves out what the types forbid
(further members, patterns, lengths), what the front door answers, and that a parameter of an
address is never null. This module adds that; tests hold the server to the result.
"""

from collections.abc import Iterator

import msgspec
from litestar import Litestar
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.routes import HTTPRoute

from ledger.http.openapi_fit import Schema, fit
from ledger.http.problems import MEDIA_TYPE, phrase
from ledger.http.questions import NAMES
from ledger.http.requests import UUID_TEXT, AnyRequest

# What a connection or the front door can answer to any request.
AT_THE_DOOR = (400, 408, 413, 415, 417, 429, 431, 501, 503, 505)
RETRIED = (429, 503)
_INTEGER = {"pattern": "^(0|[1-9][0-9]{0,15})$"}
_NATURAL = {"minimum": 0}
_PLACE = {
    "pattern": "^(?:0|[1-9][0-9]{0,14}"
    "|(?!0000)[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    "T(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]{1,6})?)?"
    "(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9]))$"
}
_CURSOR = {"pattern": "^[A-Za-z0-9_-]+$", "minLength": 1}
_SECONDS = {
    "description": "The seconds after which to try again",
    "schema": {"type": "integer", "minimum": 1},
}
# What commands and reads require of parameters, where the annotation cannot say it.
_TEXTS: dict[str, Schema] = {
    "statement_id": UUID_TEXT,
    "statement": UUID_TEXT,
    "user_id": UUID_TEXT,
    "kid": {"pattern": "^[A-Za-z0-9_-]{43}$"},
    "credential_id": {"pattern": "^[A-Za-z0-9_-]+$", "maxLength": 1_366},
    "sha256": {"pattern": "^[0-9a-f]{64}$"},
    "position": _INTEGER,
    "level": {"pattern": "^(entries|0|[1-9][0-9]?)$"},
    "question": {"enum": [*NAMES]},
    "size": _INTEGER,
    "index": _INTEGER,
    "cursor": _CURSOR,
    "at": _PLACE,
    "from": _PLACE,
    "to": _PLACE,
}
_NUMBERS: dict[str, Schema] = {"minPosition": _NATURAL, "to": _NATURAL}


class StrictDocument(JsonRenderPlugin):
    """Serves the document; it is written once, at the first request."""

    _written: bytes | None = None

    def render(self, request: AnyRequest, openapi_schema: Schema) -> bytes:
        """Return the document as JSON."""
        if self._written is None:
            self._written = self.render_json(request, strict(openapi_schema, request.app))
        return self._written


def strict(document: Schema, application: Litestar) -> Schema:
    """Return the framework's document with what the server forbids and the front door answers."""
    schemas: Schema = {
        name: _closed(schema) for name, schema in document["components"]["schemas"].items()
    } | _bodies(application)
    paths = {
        path: {method: _operation(operation) for method, operation in methods.items()}
        for path, methods in document["paths"].items()
    }
    responses = {_name(status): _problem(status) for status in AT_THE_DOOR}
    components = document["components"] | {"schemas": schemas, "responses": responses}
    return fit(document | {"components": components, "paths": paths})


def _closed(schema: Schema) -> Schema:
    """Return the schema of an answer's type, which has the members that it names and no others."""
    return schema | {"additionalProperties": False} if "properties" in schema else schema


def _bodies(application: Litestar) -> Schema:
    """Return the schemas of what routes take, as the decoder itself understands the types."""
    place = "#/components/schemas/{name}"
    types = set(_body_types(application))
    found = msgspec.json.schema_components(types, ref_template=place)[1]
    return {name: _optional(schema) for name, schema in found.items()}


def _optional(schema: Schema) -> Schema:
    """Return the schema without defaults of null: generators require a member with a default."""
    members = {
        name: {key: value for key, value in member.items() if (key, value) != ("default", None)}
        for name, member in schema.get("properties", {}).items()
    }
    return schema | {"properties": members} if members else schema


def _body_types(application: Litestar) -> Iterator[type]:
    for route in application.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if handler.parsed_data_field is not None:
                    yield handler.parsed_data_field.annotation


def _operation(operation: Schema) -> Schema:
    own = operation["responses"]
    responses = own | {str(status): _at_the_door(status, own) for status in AT_THE_DOOR}
    found = operation | {"responses": dict(sorted(responses.items()))}
    if "parameters" in operation:
        found["parameters"] = [_parameter(each) for each in operation["parameters"]]
    return found


def _at_the_door(status: int, own: Schema) -> Schema:
    """Return the answer with a status: the front door's, and the route's own if it is another."""
    described, problem = own.get(str(status)), _problem(status)
    if described is None or described["content"] == problem["content"]:
        return {"$ref": f"#/components/responses/{_name(status)}"}
    return {
        "description": f"{described['description']}; or the server does not take the request",
        "content": described["content"] | problem["content"],
    }


def _problem(status: int) -> Schema:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    found = {"description": phrase(status), "content": content}
    # Some reasons for a 503 last until the operator does something.
    seconds = _SECONDS | {"required": status == 429}
    return found | {"headers": {"Retry-After": seconds}} if status in RETRIED else found


def _name(status: int) -> str:
    return phrase(status).replace(" ", "")


def _parameter(parameter: Schema) -> Schema:
    """Return a parameter that is absent or has a value; no address can say null."""
    schema = dict(parameter["schema"])
    if "oneOf" in schema:
        (value,) = [each for each in schema.pop("oneOf") if each != {"type": "null"}]
        schema = value | schema
    if isinstance(schema.get("type"), list):
        schema["type"] = "string"
        schema["enum"] = [word for word in schema["enum"] if word is not None]
    limits = _TEXTS if schema["type"] == "string" else _NUMBERS
    return parameter | {"schema": schema | limits.get(parameter["name"], {})}
