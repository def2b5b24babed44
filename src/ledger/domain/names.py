"""People's names: the one form in which a name is written, and which scripts it may mix.

Scripts mix as UTS #39 allows at the level "highly restrictive": one script, or Latin with those of
Japanese, of Chinese (Han and Bopomofo) or of Korean. So no name hides a letter of another script.
"""

import re
import unicodedata
from bisect import bisect_right

from ledger.domain.scripts import SCRIPTS
from ledger.domain.text import require_text
from ledger.errors import MalformedError

ERASED = "Erased name"  # how every text begins that stands in place of an erased name
MAX_NAME_CHARS = 100
MAX_MARKS = 4  # nonspacing ones on a character

# Separators other than the space, and code points whose meaning is private.
_REFUSED_CATEGORIES = frozenset({"Zs", "Co"})


def without_name(user: str) -> str:
    """Return what stands in place of a person's name that is erased, or not there."""
    return f"{ERASED} ({user[:8]})"


def begins_as_erased(name: str) -> bool:
    """Tell whether a name begins with the letters of `ERASED`; signs and marks do not count.

    `skeletons` refuses more, by tables of letters that look alike. This is what every verifier
    refuses: what it prints in place of an erased name is nobody's name.
    """
    letters = re.sub(r"[^A-Za-z]", "", unicodedata.normalize("NFKD", name))
    return letters.lower().startswith(ERASED.replace(" ", "").lower())


def require_name(name: str) -> None:
    """Raise MalformedError unless a name is in its one form.

    `name_invalid`: not 1 to 100 characters, one that `begins_as_erased`, another separator than
    single inner spaces, a private code point, not in Normalization Form C, a word that begins with
    a combining mark, too many marks on one character, or scripts that may not mix. `text_refused`:
    see `require_text`.
    """
    if not 1 <= len(name) <= MAX_NAME_CHARS:
        raise MalformedError("name_invalid", f"a name has 1 to {MAX_NAME_CHARS} characters")
    require_text(name, "name")
    if begins_as_erased(name):
        raise MalformedError("name_invalid", f"no name begins as erased names do: {ERASED}")
    if name.split(" ") != name.split():
        raise MalformedError("name_invalid", "a name has single spaces, between words only")
    if any(unicodedata.category(each) in _REFUSED_CATEGORIES for each in name.replace(" ", "")):
        raise MalformedError("name_invalid", "a name has no other space, and no private character")
    if not unicodedata.is_normalized("NFC", name):
        raise MalformedError("name_invalid", "a name is in Unicode Normalization Form C")
    if any(unicodedata.category(word[0]).startswith("M") for word in name.split(" ")):
        raise MalformedError("name_invalid", "a word of a name begins with no combining mark")
    if not name.isascii() and _piles(name):
        detail = f"a character of a name has at most {MAX_MARKS} marks, and no mark twice in a row"
        raise MalformedError("name_invalid", detail)
    if not name.isascii() and not _may_mix(name):
        raise MalformedError(
            "name_invalid",
            "a name has letters of one script, or Latin with it for Japanese, Chinese or Korean",
        )


def _piles(name: str) -> bool:
    """Tell whether marks pile up on a character (UTS #39 section 5.4), so that they hide others."""
    before, count = "", 0
    for each in unicodedata.normalize("NFD", name):
        is_mark = unicodedata.category(each) in ("Mn", "Me")
        count = count + 1 if is_mark else 0
        if count > MAX_MARKS or (is_mark and each == before):
            return True
        before = each
    return False


def _may_mix(name: str) -> bool:
    """Tell whether the scripts of a name mix as UTS #39 section 5.2 allows."""
    found = [scripts for each in name if (scripts := _scripts_of(each))]
    if not found or frozenset.intersection(*found):
        return True
    return any(all(scripts & {"Latn", writing} for scripts in found) for writing in _WRITINGS)


def _scripts_of(character: str) -> frozenset[str]:
    """Return the augmented script set of a character (UTS #39 section 5.1)."""
    at = bisect_right(_FIRST, ord(character)) - 1
    if at < 0 or ord(character) > _RANGES[at][1]:
        return frozenset()
    return _RANGES[at][2]


def _parse() -> list[tuple[int, int, frozenset[str]]]:
    ranges, scripts = [], frozenset[str]()
    for word in SCRIPTS.split():
        code = word[1:]
        if word.startswith("@"):
            scripts = frozenset({code, *_AUGMENTED.get(code, ())})
        elif word.startswith("+"):
            scripts |= {code, *_AUGMENTED.get(code, ())}
        else:
            first, _, last = word.partition("-")
            ranges.append((int(first, 16), int(last or first, 16), scripts))
    return sorted(ranges, key=lambda each: each[0])


# The writing systems that use several scripts, and to which of them a script belongs.
_WRITINGS = ("Hanb", "Jpan", "Kore")
_AUGMENTED = {
    "Hani": ("Hanb", "Jpan", "Kore"),
    "Hira": ("Jpan",),
    "Kana": ("Jpan",),
    "Hang": ("Kore",),
    "Bopo": ("Hanb",),
}
_RANGES = _parse()
_FIRST = [first for first, _, _ in _RANGES]
