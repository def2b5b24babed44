"""Show a text so that nothing in it hides: unseen characters and foreign letters are labelled.

web/static/js/lib/visible.js does the same; tests/vectors/web/visible.json tests both.
"""

import re
import unicodedata
from itertools import groupby

import msgspec

# Control, format and default-ignorable characters, fillers, variation selectors, tags, and private
# use: what a reader does not see, or what another font shows as something else.
_UNSEEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u2800\u3164\ue000-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff"
)
_SPACES = "\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"  # spaces other than that of the keyboard
# Plain spaces where nobody looks for one. The lookbehind tries each run of spaces once only.
_EDGES = r"\A +|(?<! ) +\Z"
_LATIN = (
    "A-Za-z\xaa\xba\xc0-\xd6\xd8-\xf6\xf8-\u02b8\u1d00-\u1d25\u1d2c-\u1d5c\u1d62-\u1d65"
    "\u1d6b-\u1d77\u1d79-\u1dbe\u1e00-\u1eff\u2071\u207f\u2090-\u209c\u212a\u212b\u2132\u214e"
    "\u2160-\u2188\u2c60-\u2c7f\ua722-\ua7ff\uab30-\uab64\ufb00-\ufb06\uff21-\uff3a\uff41-\uff5a"
)
# Greek, Cyrillic, Armenian, Cherokee, Coptic, Lisu, and letters for mathematics.
_OTHER = (
    "\u0370-\u0373\u0376\u0377\u037b-\u037d\u037f\u0386\u0388-\u03ff\u1f00-\u1fff\u0400-\u0482"
    "\u048a-\u052f\u1c80-\u1c8f\ua640-\ua66e\ua680-\ua69d\u0531-\u0556\u0560-\u0588\u13a0-\u13ff"
    "\uab70-\uabbf\u2c80-\u2cf3\ua4d0-\ua4fd\U0001d400-\U0001d7ff"
)
# For each letter of ASCII, letters of other alphabets that look like it in common fonts.
_LOOKS = (
    "A\u0391\u0410\u13aa\ua4ee B\u0392\u0412\u13f4\ua4d0 C\u03f9\u0421\u13df\ua4da "
    "D\u13a0\ua4d3 E\u0395\u0415\u13ac\ua4f0 F\ua4dd G\u13c0\ua4d6 H\u0397\u041d\u13bb\ua4e7 "
    "I\u0399\u0406\ua4f2 J\u0408\u13ab\ua4d9 K\u039a\u041a\u13e6\ua4d7 L\u13de\ua4e1 "
    "M\u039c\u041c\u13b7\ua4df N\u039d\ua4e0 O\u039f\u041e\u0555\ua4f3 "
    "P\u03a1\u0420\u13e2\ua4d1 R\u13a1\u13d2\ua4e3 S\u0405\u13da\ua4e2 "
    "T\u03a4\u0422\u13a2\ua4d4 U\u054d\ua4f4 V\u0474\u13d9\ua4e6 W\u051c\u13b3\ua4ea "
    "X\u03a7\u0425\ua4eb Y\u03a5\u0423\u04ae\ua4ec Z\u0396\u13c3\ua4dc a\u03b1\u0430 "
    "c\u03f2\u0441 d\u0501 e\u0435 g\u0581 h\u04bb\u0570 i\u03b9\u0456\u13a5 j\u03f3\u0458 "
    "k\u03ba l\u04c0\u04cf n\u0578 o\u03bf\u043e\u0585 p\u03c1\u0440 q\u051b s\u0455 "
    "u\u03c5\u057d v\u03bd\u0475 w\u051d x\u03c7\u0445 y\u0443"
)
_LIKE = {ord(other): each[0] for each in _LOOKS.split() for other in each[1:]}

_MARKED = re.compile(f"([{_UNSEEN}{_SPACES}]|{_EDGES})")
_HIDES = re.compile(f"[{_UNSEEN}]")
_ODD_SPACE = re.compile(f"[{_SPACES}]|{_EDGES}")
_NOT_READ = re.compile(f"[{_UNSEEN}{_SPACES} ]")
_WORD = re.compile(f"[{_LATIN}{_OTHER}\u0300-\u036f]+")
_IS_LATIN = re.compile(f"[{_LATIN}]")
_IS_OTHER = re.compile(f"[{_OTHER}]")


class Text(msgspec.Struct, frozen=True):
    """A run of characters as they are, or the label of one that would mislead."""

    text: str
    is_mark: bool = False


def visible(text: str) -> list[Text]:
    r"""Return the text in runs, with a mark for what a reader would not see or take for another.

    A mark names a character that is not seen (`U+202E`), spaces at an end (`2 × U+0020`), or shows
    a letter of another alphabet with its name (`\u0430 U+0430`).
    """
    foreign = foreign_letters(text)
    runs, at = list[Text](), 0
    for index, part in enumerate(_MARKED.split(text)):
        if index % 2:
            runs.append(Text(_label(part), is_mark=True))
        else:
            runs += _letters(part, at, foreign)
        at += len(part)
    return runs


def _label(part: str) -> str:
    name = f"U+{ord(part[0]):04X}"
    return f"{len(part)} × {name}" if len(part) > 1 else name


def _letters(part: str, start: int, foreign: set[int]) -> list[Text]:
    """Return the runs of a part that begins at `start` in the text."""
    runs = list[Text]()
    for is_foreign, group in groupby(enumerate(part, start), key=lambda each: each[0] in foreign):
        letters = [letter for _, letter in group]
        if is_foreign:
            runs += [Text(f"{letter} {_label(letter)}", is_mark=True) for letter in letters]
        else:
            runs.append(Text("".join(letters)))
    return runs


def foreign_letters(text: str) -> set[int]:
    """Return where letters stand that a reader may take for Latin ones.

    They are those of another alphabet in a word with Latin letters, and all of another alphabet
    if each of them looks like a Latin letter.
    """
    others = {each.start() for each in _IS_OTHER.finditer(text)}
    if all(like_latin(text[at]) != text[at] for at in others):
        return others
    return {
        word.start() + at
        for word in _WORD.finditer(text)
        if _IS_LATIN.search(word[0])
        for at, character in enumerate(word[0])
        if _IS_OTHER.match(character)
    }


def like_latin(text: str) -> str:
    """Return the text with each letter of another alphabet replaced by the one it looks like."""
    return unicodedata.normalize("NFKC", text).translate(_LIKE)


def hides(text: str) -> bool:
    """Return whether a text has a character that is not seen."""
    return _HIDES.search(text) is not None


def has_odd_spaces(text: str) -> bool:
    """Return whether a text has an unusual space, or a space at one of its ends."""
    return _ODD_SPACE.search(text) is not None


def looks_of(name: str) -> str:
    """Return what names have in common that a reader takes for each other."""
    seen = like_latin(_NOT_READ.sub("", name)).lower()
    return _SECOND_DOT.sub("", seen).translate(_DIGITS).replace("rn", "m")


_SECOND_DOT = re.compile("(?<=[ij])\u0307")
_DIGITS = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l"})


def is_quoted(text: str) -> bool:
    """Return whether a text could be taken for a number or a word of JSON without its quotes."""
    return _OF_OTHER_TYPE.fullmatch(text) is not None


_OF_OTHER_TYPE = re.compile(r"[-+]?[0-9.][0-9.,eE+-]*|true|false|null", re.ASCII | re.IGNORECASE)


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
