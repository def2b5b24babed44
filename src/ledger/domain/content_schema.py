"""The schema of a type: a subset of JSON Schema 2020-12, and whether content meets it. Pure.

The subset is `type`, `properties`, `required`, `additionalProperties`, `items`, `enum`, `const`,
lengths, bounds, `title` and `description`. Every other keyword is refused, never ignored: a rule
that one reader applies and another skips is no rule. web/static/js/lib/content-schema.js decides
the same; tests/vectors/schemas has cases for both.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from ledger.domain.content import ContentPlace
from ledger.errors import MalformedError

MAX_SUBSCHEMAS = 500
MAX_DEPTH = 16
MAX_ENUM = 256
TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
# By keyword: the type whose values it bounds.
LENGTHS = {"minLength": "string", "maxLength": "string", "minItems": "array", "maxItems": "array"}
BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
NESTED = ("additionalProperties", "items")


class ContentSchema(msgspec.Struct, frozen=True):
    """A parsed schema; `never` is the schema `false`, which no value meets.

    `enum` and `const` have the values in a form that is equal where JSON Schema says so.
    """

    types: frozenset[str] = TYPES
    properties: Mapping[str, "ContentSchema"] = {}
    required: tuple[str, ...] = ()
    additional: "ContentSchema | None" = None
    items: "ContentSchema | None" = None
    enum: frozenset[Any] | None = None
    const: tuple[Any, ...] | None = None
    limits: Mapping[str, int | float] = {}
    never: bool = False


class Unmet(NamedTuple):
    """What content does not meet: the place of a value, and a keyword of the schema."""

    place: ContentPlace
    keyword: str


def parse_schema(given: Any) -> ContentSchema:
    """Return the schema of parsed JSON.

    Raises MalformedError `schema_invalid` for a keyword outside the subset, a value that the
    keyword cannot have, more than 500 schemas within each other, or more than 16 levels.
    """
    return _Parser().parse(given, 0)


class _Parser:
    def __init__(self) -> None:
        self._count = 0

    def parse(self, given: Any, depth: int) -> ContentSchema:
        self._count += 1
        if depth > MAX_DEPTH or self._count > MAX_SUBSCHEMAS:
            raise _invalid(f"at most {MAX_SUBSCHEMAS} schemas, {MAX_DEPTH} levels deep")
        if isinstance(given, bool):
            return ContentSchema(never=not given)
        if not isinstance(given, dict):
            raise _invalid("a schema is an object, true or false")
        members: dict[str, Any] = {}
        for keyword, value in given.items():
            if keyword in NESTED:
                name = "items" if keyword == "items" else "additional"
                members[name] = self.parse(value, depth + 1)
            elif keyword == "properties":
                if not isinstance(value, dict):
                    raise _invalid("properties is an object of schemas")
                members[keyword] = {
                    each: self.parse(nested, depth + 1) for each, nested in value.items()
                }
            elif keyword in LENGTHS or keyword in BOUNDS:
                limits = members.setdefault("limits", {})
                limits[keyword] = _limit(keyword, value)
            elif keyword in _PLAIN:
                _PLAIN[keyword](value, members)
            else:
                raise _invalid(f"the keyword {keyword!r} is not supported")
        return ContentSchema(**members)


def _limit(keyword: str, value: Any) -> int | float:
    if not _is_number(value):
        raise _invalid(f"{keyword} is a number")
    if keyword in LENGTHS and not (value >= 0 and value == int(value)):
        raise _invalid(f"{keyword} is a whole number from 0")
    found: int | float = value
    return found


def _types(value: Any, members: dict[str, Any]) -> None:
    named = [value] if isinstance(value, str) else value
    if not _are_names(named) or not named or not TYPES.issuperset(named):
        raise _invalid("type is one type or a list of different types")
    members["types"] = frozenset(named)


def _required(value: Any, members: dict[str, Any]) -> None:
    if not _are_names(value):
        raise _invalid("required is a list of different names")
    members["required"] = tuple(value)


def _enum(value: Any, members: dict[str, Any]) -> None:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_ENUM:
        raise _invalid(f"enum is a list of 1 to {MAX_ENUM} values")
    members["enum"] = frozenset(map(_key, value))


def _const(value: Any, members: dict[str, Any]) -> None:
    members["const"] = _key(value)


def _words(value: Any, _: dict[str, Any]) -> None:
    if not isinstance(value, str):
        raise _invalid("title and description are text")


_PLAIN: dict[str, Callable[[Any, dict[str, Any]], None]] = {
    "type": _types,
    "required": _required,
    "enum": _enum,
    "const": _const,
    "title": _words,
    "description": _words,
}


def _are_names(value: Any) -> bool:
    return (
        isinstance(value, list)
        and all(isinstance(each, str) for each in value)
        and len(set(value)) == len(value)
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _key(value: Any) -> tuple[Any, ...]:
    """Return a value in a form that is equal exactly where JSON Schema says so: 1 is 1.0."""
    if isinstance(value, dict):
        return ("object", frozenset((name, _key(member)) for name, member in value.items()))
    if isinstance(value, list):
        return ("array", tuple(map(_key, value)))
    kind = "number" if _is_number(value) else type(value).__name__
    return (kind, value)


def unmet(schema: ContentSchema, value: Any, place: ContentPlace = ()) -> Unmet | None:
    """Return the first thing that a value of parsed JSON does not meet, None if it meets all."""
    keyword = _unmet_here(schema, value)
    if keyword is not None:
        return Unmet(place, keyword)
    if isinstance(value, dict):
        for name, member in value.items():
            nested = schema.properties.get(name, schema.additional)
            found = None if nested is None else unmet(nested, member, (*place, name))
            if found is not None:
                return found
    if isinstance(value, list) and schema.items is not None:
        for number, item in enumerate(value):
            found = unmet(schema.items, item, (*place, str(number)))
            if found is not None:
                return found
    return None


def _unmet_here(schema: ContentSchema, value: Any) -> str | None:
    """Return the keyword that a value does not meet, apart from its members and items."""
    if schema.never:
        return "false"
    if schema.types is not TYPES and not schema.types & _types_of(value):
        return "type"
    if schema.enum is not None and _key(value) not in schema.enum:
        return "enum"
    if schema.const is not None and _key(value) != schema.const:
        return "const"
    for keyword, limit in schema.limits.items():
        if not _is_within(keyword, limit, value):
            return keyword
    if isinstance(value, dict) and not value.keys() >= {*schema.required}:
        return "required"
    return None


def _types_of(value: Any) -> frozenset[str]:
    if value is None:
        return frozenset({"null"})
    if isinstance(value, bool):
        return frozenset({"boolean"})
    if isinstance(value, int | float):
        is_integer = isinstance(value, int) or value.is_integer()
        return frozenset({"number", "integer"}) if is_integer else frozenset({"number"})
    names: dict[type, str] = {dict: "object", list: "array", str: "string"}
    return frozenset({names[type(value)]})


def _is_within(keyword: str, limit: float, value: Any) -> bool:
    """Tell whether a value is within a limit; values of other types always are."""
    if keyword in LENGTHS:
        if not isinstance(value, str if LENGTHS[keyword] == "string" else list):
            return True
        size = len(value)  # of a text, in code points
        return size >= limit if keyword.startswith("min") else size <= limit
    if not _is_number(value):
        return True
    match keyword:
        case "minimum":
            return bool(value >= limit)
        case "maximum":
            return bool(value <= limit)
        case "exclusiveMinimum":
            return bool(value > limit)
        case _:
            return bool(value < limit)


def _invalid(detail: str) -> MalformedError:
    return MalformedError("schema_invalid", detail)
