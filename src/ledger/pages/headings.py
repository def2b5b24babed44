"""Headings of a statement's values: the titles that the schema of its type gives them."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ledger.domain.content import ContentPlace, Value
from ledger.domain.content_schema import NESTED

# By place: the title of a member, empty without one; None for a member that the schema does not
# name. A member beside which the schema names none has no entry.
Headings = Mapping[ContentPlace, str | None]


class PlacedMember(NamedTuple):
    """A member of an object in the content."""

    name: str
    value: Value
    place: ContentPlace


def headings(schema: Any, content: Value) -> Headings:
    """Return the headings of a content by the schema of its type, as it was parsed."""
    return dict(_headings(schema, content, ()))


def titles(schema: Any) -> dict[str, Any] | None:
    """Return what a schema says of titles, and nothing else of it, for scripts.

    They show the whole content, of which a page can have a part.
    """
    if not isinstance(schema, dict):
        return None
    kept = {"title": schema["title"]} if "title" in schema else {}
    nested = {name: titles(schema[name]) for name in NESTED if name in schema}
    if "properties" in schema:
        nested["properties"] = {name: titles(each) for name, each in schema["properties"].items()}
    return kept | nested


def _headings(
    schema: Any, node: Value, place: ContentPlace
) -> Iterator[tuple[ContentPlace, str | None]]:
    if not isinstance(schema, dict):
        return
    if node.kind == "array":
        for at, (_, item) in enumerate(node.members):
            yield from _headings(schema.get("items"), item, (*place, str(at)))
    if node.kind != "object":
        return
    named = schema.get("properties")
    for name, member in node.members:
        here = (*place, name)
        nested = schema.get("additionalProperties") if named is None else named.get(name)
        if named is not None:
            title = nested.get("title", "") if isinstance(nested, dict) else ""
            yield here, title if name in named else None
        if named is not None and name not in named:
            nested = schema.get("additionalProperties")
        yield from _headings(nested, member, here)


def in_groups(
    node: Value, place: ContentPlace, given: Headings
) -> tuple[list[PlacedMember], list[PlacedMember]]:
    """Return the members of an object, and apart from them those that the schema does not name."""
    known: list[PlacedMember] = []
    others: list[PlacedMember] = []
    for name, value in node.members:
        here = (*place, name)
        group = others if given.get(here, "") is None else known
        group.append(PlacedMember(name, value, here))
    return known, others
