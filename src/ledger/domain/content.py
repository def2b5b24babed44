"""Turn a statement's JSON into a tree for templates that shows every value exactly as written.

Numbers keep their digits: a reader must see what was signed, not the nearest double.
"""

import json
from collections.abc import Iterable
from typing import Any

import msgspec


class Value(msgspec.Struct, frozen=True):
    """One JSON value; `kind` is object, array, string, number or word (true, false, null).

    `left_out` counts the members, or the characters of its text, that a page does not show.
    """

    kind: str
    text: str = ""
    members: tuple[tuple[str, "Value"], ...] = ()
    left_out: int = 0


class _Number(str):
    """The digits of a number as written in the source."""

    __slots__ = ()


# The way from the whole content to one value: names of members, and numbers of items from 0. As a
# text, the places below a name of half a megabyte would hold that name once for each of them.
ContentPlace = tuple[str, ...]
MOST_SHOWN_CHARS = 300


def pointer(place: Iterable[str]) -> str:
    """Return a place as a JSON pointer (RFC 6901, section 3)."""
    steps = [each.replace("~", "~0").replace("/", "~1") for each in place]
    return "".join([f"/{each}" for each in steps])


def shown_pointer(place: ContentPlace) -> str:
    """Return a place as a JSON pointer for people, without the middle of one that is long."""
    most, half = MOST_SHOWN_CHARS, MOST_SHOWN_CHARS // 2
    # The ends of a name are enough for the ends of the whole: many places can share a long one.
    short = [each if len(each) <= 2 * most else f"{each[:most]}{each[-most:]}" for each in place]
    text = pointer(short)
    return text if len(text) <= MOST_SHOWN_CHARS else f"{text[:half]}…{text[-half:]}"


def parse_content(content: str) -> Value:
    """Return the tree of a statement's content, which was validated when it was recorded."""
    return _value(json.loads(content, parse_int=_Number, parse_float=_Number))


def _value(source: Any) -> Value:
    match source:
        case dict():
            members = tuple((name, _value(member)) for name, member in source.items())
            return Value("object", members=members)
        case list():
            members = tuple((str(n), _value(item)) for n, item in enumerate(source, start=1))
            return Value("array", members=members)
        case _Number():
            return Value("number", str(source))
        case str():
            return Value("string", source)
    return Value("word", json.dumps(source))
