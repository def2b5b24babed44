"""Turn a statement's JSON into a tree for templates that shows every value exactly as written.

Numbers keep their digits: a reader must see what was signed, not the nearest double. Characters
that hide or reorder text become labelled marks.
"""

import json
import re
from typing import Any

import msgspec

# Controls, soft hyphen, zero-width and bidirectional marks, byte order mark, tag characters.
# web/static/js/lib/visible.js has the same set; tests/vectors/web/visible.json tests both.
_UNSEEN = re.compile(
    "([\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f])"
)


class Text(msgspec.Struct, frozen=True):
    """A run of visible characters, or the label of one invisible character."""

    text: str
    is_mark: bool = False


class Value(msgspec.Struct, frozen=True):
    """One JSON value; `kind` is object, array, string, number or word (true, false, null)."""

    kind: str
    text: str = ""
    members: tuple[tuple[str, "Value"], ...] = ()


class _Number(str):
    """The digits of a number as written in the source."""

    __slots__ = ()


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


def visible(text: str) -> list[Text]:
    """Return the text in runs, with a mark such as `U+202E` for each invisible character."""
    return [
        Text(f"U+{ord(part):04X}", is_mark=True) if _UNSEEN.fullmatch(part) else Text(part)
        for part in _UNSEEN.split(text)
        if part
    ]


def digit_groups(number: str) -> list[str]:
    """Return a number's text in parts, with the integer digits in groups of three.

    The concatenated parts are the original text: the page draws the gaps and does not write them.
    """
    match = re.fullmatch(r"(-?)(\d+)(.*)", number)
    if match is None or len(match[2]) < 5:
        return [number]
    sign, digits, rest = match.groups()
    head = len(digits) % 3 or 3
    groups = [digits[:head], *(digits[n : n + 3] for n in range(head, len(digits), 3))]
    return [sign + groups[0], *groups[1:-1], groups[-1] + rest]
