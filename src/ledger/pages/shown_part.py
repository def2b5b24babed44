"""How much of a statement a page has in its HTML: a short one as a whole, else the first part.

A member can draft a document of 1 MiB, and a page of all of it would cost every reader's request a
second of processor time. The browser fetches the whole document, checks it, and shows all of it
before anything is signed; the part is what a reader without scripts gets, with the way to the rest.
"""

import msgspec

from ledger.domain.cautions import count_values
from ledger.domain.content import Value

MOST_VALUES = 500
MOST_CHARS = 20_000


class Room:
    """How much a page can still show; several statements on one page share it."""

    def __init__(self) -> None:
        self.values = MOST_VALUES
        self.chars = MOST_CHARS

    @property
    def is_full(self) -> bool:
        """Whether nothing more fits."""
        return self.values <= 0 or self.chars <= 0


class ShownPart(msgspec.Struct, frozen=True):
    """The first part of a content, how many values it has, and how many the whole has."""

    content: Value
    shown: int
    count: int
    is_all: bool


def shown_part(content: Value, room: Room) -> ShownPart:
    """Return the first part of a content that fits, which can be all of it; take its room.

    Where the part ends, `left_out` of a value says how many members, or characters, follow.
    """
    part, count = _part(content, room), count_values(content)
    is_all = part == content
    return ShownPart(part, count if is_all else _shown(part), count, is_all)


def _part(node: Value, room: Room) -> Value:
    room.values -= 1
    kept = max(room.chars, 0)
    room.chars -= len(node.text)
    if node.text and room.chars < 0:
        return msgspec.structs.replace(node, text=node.text[:kept], left_out=len(node.text) - kept)
    members: list[tuple[str, Value]] = []
    for name, member in node.members:
        room.chars -= len(name)
        if room.is_full:
            break
        members.append((name, _part(member, room)))
    left_out = len(node.members) - len(members)
    return msgspec.structs.replace(node, members=tuple(members), left_out=left_out)


def _shown(node: Value) -> int:
    """Return how many values are in a part; a list of which no item is there is none."""
    if node.members:
        return sum(_shown(member) for _, member in node.members)
    return 1 if node.text or not node.left_out else 0
