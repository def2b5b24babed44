"""Find the places of a statement's content that a reviewer should look at twice.

web/static/js/lib/cautions.js finds the same; tests/vectors/web/cautions.json tests both.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Set
from typing import Literal, get_args

import msgspec

from ledger.domain.content import ContentPlace, Value
from ledger.domain.visible import (
    foreign_letters,
    has_odd_spaces,
    hides,
    is_turned,
    look_alike_signs,
    looks_of,
    stray_marks,
)

CautionKind = Literal[
    "alike", "nameless", "letters", "signs", "unseen", "marks", "turned", "space", "form"
]
MOST = 50  # places that a page lists; a statement with more is suspicious as a whole


class Caution(msgspec.Struct, frozen=True):
    """A place in the content, and why to look at it.

    The text of a member or its name has characters that nobody sees (`unseen`), unusual spaces
    (`space`), letters of another alphabet that look like Latin ones (`letters`), signs that look
    like others or like this page's own (`signs`), marks that strike letters out or lie on other
    lines (`marks`), both directions of writing (`turned`), or is not in Unicode's composed form
    (`form`). Its name looks like another one beside it (`alike`), or is empty (`nameless`).
    """

    place: ContentPlace
    kinds: tuple[CautionKind, ...]


def of_statement(title: str, content: Value) -> list[Caution]:
    """Return the places of a statement; that of its title is empty."""
    of_title = _in_order(set(kinds_of(title, line=True)))
    return [*([Caution((), of_title)] if of_title else []), *cautions(content)]


def listed(found: list[Caution]) -> list[Caution]:
    """Return the places that a page lists: all, or the gravest, so that none is lost among many."""
    if len(found) <= MOST:
        return found
    return sorted(found, key=lambda each: _ORDER.index(each.kinds[0]))[:MOST]


def cautions(content: Value, place: ContentPlace = ()) -> Iterator[Caution]:
    """Yield the places in the order of the content."""
    is_named = content.kind == "object"
    looks = [looks_of(name) for name, _ in content.members] if is_named else []
    counts = Counter(looks)
    for at, (name, member) in enumerate(content.members):
        found = set(kinds_of(member.text) if member.kind == "string" else ())
        if is_named:
            found |= set(kinds_of(name, line=True))
            found |= {"alike"} if counts[looks[at]] > 1 else set()
            found |= set() if name else {"nameless"}
        here = (*place, name if is_named else str(at))
        if found:
            yield Caution(here, _in_order(found))
        yield from cautions(member, here)


_ORDER: tuple[CautionKind, ...] = get_args(CautionKind)


def _in_order(found: Set[CautionKind]) -> tuple[CautionKind, ...]:
    return tuple(each for each in _ORDER if each in found)


def kinds_of(text: str, *, line: bool = False) -> Iterator[CautionKind]:
    """Yield why to look at a text by itself; `line` tells that pages show it as one line."""
    if foreign_letters(text):
        yield "letters"
    if look_alike_signs(text):
        yield "signs"
    if stray_marks(text):
        yield "marks"
    if is_turned(text):
        yield "turned"
    if hides(text):
        yield "unseen"
    if has_odd_spaces(text, line=line):
        yield "space"
    if unicodedata.normalize("NFC", text) != text:
        yield "form"


def count_values(content: Value) -> int:
    """Return how many values a reader meets: texts, numbers, words, empty objects and lists."""
    return sum(count_values(member) for _, member in content.members) or 1
