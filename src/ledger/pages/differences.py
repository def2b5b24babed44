"""What differs between two versions of a statement, by JSON pointer (RFC 6901).

web/static/js/lib/differences.js finds the same; tests/vectors/web/differences.json tests both.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

import msgspec

from ledger.domain.content import ContentPlace, Value

# Numbers of this form have a difference; others are compared as they are written.
_PLAIN = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,12})?")


class Difference(msgspec.Struct, frozen=True):
    """One value that changed, was added or was removed; `by` is how much a number changed."""

    kind: Literal["changed", "added", "removed"]
    place: ContentPlace
    before: str = ""
    after: str = ""
    by: str = ""


def differences(before: Value, after: Value, place: ContentPlace = ()) -> Iterator[Difference]:
    """Yield what differs, in the order of the members before, then of those that were added."""
    if before == after:
        return
    if before.kind != after.kind or before.kind not in ("object", "array"):
        by = _difference(before, after)
        yield Difference("changed", place, as_json(before), as_json(after), by)
        return
    shift = 1 if before.kind == "array" else 0  # `Value` counts items from 1, a pointer from 0
    old, new = dict(before.members), dict(after.members)
    for name in [*old, *(name for name in new if name not in old)]:
        here = (*place, str(int(name) - shift) if shift else name)
        if name not in new:
            yield Difference("removed", here, before=as_json(old[name]))
        elif name not in old:
            yield Difference("added", here, after=as_json(new[name]))
        else:
            yield from differences(old[name], new[name], here)


def _difference(before: Value, after: Value) -> str:
    numbers = [each.text for each in (before, after) if each.kind == "number"]
    if len(numbers) < 2 or not all(map(_PLAIN.fullmatch, numbers)):
        return ""
    return f"{Decimal(numbers[1]) - Decimal(numbers[0]):+f}"


def as_json(value: Value) -> str:
    """Return a value as JSON on one line, with each number as it is written."""
    match value.kind:
        case "object":
            inner = [f"{_quoted(name)}:{as_json(member)}" for name, member in value.members]
            return f"{{{','.join(inner)}}}"
        case "array":
            return f"[{','.join(as_json(member) for _, member in value.members)}]"
        case "string":
            return _quoted(value.text)
        case _:
            return value.text


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
