"""Names that look alike: what a person's name is compared by, so that nobody imitates another.

In a skeleton, characters that look alike become one character (UTS #39 section 4). Case, spaces
and punctuation are dropped too. The server computes it once and the event keeps its hash: a later
Unicode version may lead to another skeleton, so no reader recomputes it.
"""

import re
import unicodedata
from functools import cache

import msgspec

from ledger.domain.code_points import UNICODE
from ledger.domain.confusables import CONFUSABLES
from ledger.domain.names import ERASED, require_name
from ledger.encoding import SHA256_HEX, sha256_hex
from ledger.errors import MalformedError

_VERSION = re.compile(r"[1-9][0-9]{0,3}\.[0-9]{1,4}\.[0-9]{1,4}", re.ASCII)
_MOST = 3  # as written, in small letters, in capitals
_DOT, _ABOVE, _DOTTED = "\u0307", 230, ("i", "j")
_RIGHT_TO_LEFT = frozenset({"R", "AL"})


class Skeletons(msgspec.Struct, frozen=True):
    """The SHA-256 (hex) of a name's skeletons, in order, and the Unicode version of the tables."""

    unicode: str
    sha256: tuple[str, ...]


def skeletons(name: str) -> Skeletons:
    """Return the skeletons of a name as written, in small letters and in capitals.

    Two names look alike if they have one skeleton in common. Some letters look alike in capitals
    only, such as Latin b and Greek beta. Raises as `require_name` does; and MalformedError
    `name_invalid` for a name that looks like what stands in place of an erased one.
    """
    require_name(name)
    forms = _forms(name)
    if any(each.startswith(tuple(_forms(ERASED))) for each in forms):
        raise MalformedError("name_invalid", f"no name begins as erased names do: {ERASED}")
    return Skeletons(UNICODE, tuple(sorted(sha256_hex(each.encode()) for each in forms)))


def _forms(name: str) -> set[str]:
    return {_skeleton(each) for each in (name, name.casefold(), name.upper())}


def require_skeletons(given: Skeletons) -> None:
    """Raise MalformedError `name_skeletons_invalid` for what is no result of `skeletons`.

    Looks at the form only, and not at whether they are those of the name.
    """
    hashes = given.sha256
    if not (
        1 <= len(hashes) <= _MOST
        and all(map(SHA256_HEX.fullmatch, hashes))
        and sorted(set(hashes)) == list(hashes)
        and _VERSION.fullmatch(given.unicode)
    ):
        raise MalformedError(
            "name_skeletons_invalid",
            f"a registration has 1 to {_MOST} different hashes of skeletons, in order, and the"
            " Unicode version",
        )


def _skeleton(text: str) -> str:
    """Return what a text looks like. Names have no default-ignorable characters to remove."""
    seen = _without_second_dots(_looks(_looks(_in_one_order(text)).casefold()))
    # Of a name with nothing else, spaces and punctuation count.
    return "".join(each for each in seen if unicodedata.category(each)[0] not in "PZ") or seen


def _without_second_dots(text: str) -> str:
    """Return a decomposed text without the dot above that an i or j has already (UTS #39, 5.4)."""
    found: list[str] = []
    base = ""
    for each in text:
        above = unicodedata.combining(each) in (0, _ABOVE)  # another one stands elsewhere
        if each == _DOT and base in _DOTTED:
            continue
        base = each if above else base
        found.append(each)
    return "".join(found)


def _in_one_order(text: str) -> str:
    """Return a name with right-to-left letters with all that display may move at its end, sorted.

    Bidirectional display moves digits and symbols: two orders can look the same. UTS #39 computes
    the order that is shown; this is shorter, and finds more names alike.
    """
    classes = [unicodedata.bidirectional(each) for each in text]
    if _RIGHT_TO_LEFT.isdisjoint(classes):
        return text
    stays = _RIGHT_TO_LEFT | {"NSM"}
    moved = [each for each, kind in zip(text, classes, strict=True) if kind not in stays]
    fixed = [each for each, kind in zip(text, classes, strict=True) if kind in stays]
    return "".join([*fixed, *sorted(moved)])


def _looks(text: str) -> str:
    """Return the text with each character as its prototype."""
    letters = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFD", "".join(map(_prototype, letters)))


def _prototype(character: str) -> str:
    seen = _prototypes().get(character) or unicodedata.normalize("NFKD", character)
    return character if seen == character else "".join(map(_prototype, seen))


@cache
def _prototypes() -> dict[str, str]:
    found, prototype = {}, ""
    for word in CONFUSABLES.split():
        if word.startswith("@"):
            prototype = "".join(chr(int(each, 16)) for each in word[1:].split("+"))
        else:
            first, _, last = word.partition("-")
            for each in range(int(first, 16), int(last or first, 16) + 1):
                found[chr(each)] = prototype
    return found
