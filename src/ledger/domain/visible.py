"""Show a text so that nothing in it hides: each character that would mislead has a label.

web/static/js/lib/visible.js does the same; tests/vectors/web/visible.json tests both.
"""

import re
from itertools import groupby
from unicodedata import category, normalize

import msgspec

# Control, format and default-ignorable characters, fillers, variation selectors, tags, and private
# use: what a reader does not see, or what another font shows as something else.
_UNSEEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u2800\u2d7f\u3164\ue000-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff0-\ufffc\ufffe\uffff\U00013430-\U0001343f\U00016fe4\U0001bca0-\U0001bca3"
    "\U0001d159\U0001d173-\U0001d17a\U000e0000-\U0010ffff"
)
_SPACES = "\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"  # spaces other than that of the keyboard
# Plain spaces where nobody looks for one, and lines that push what follows out of sight. The
# lookbehinds try each run once only.
_EDGES = r"\A[ \t\n]+\Z|\A[ \t]+|(?<![ \t])[ \t]+\Z|(?<!\n)\n{4,}"
# In a name or a title, which a page shows as one line, every space but a single one between words.
_IN_A_LINE = r"[\t\n]+|(?<! ) {2,}"
_LATIN = (
    "A-Za-z\xaa\xba\xc0-\xd6\xd8-\xf6\xf8-\u017e\u0180-\u01bf\u01c4-\u0250\u0252-\u0260"
    "\u0262-\u02b8\u1d2c-\u1d5c\u1d62-\u1d65\u1d6b-\u1d77\u1d79-\u1dbe\u1e00-\u1eff\u2071\u207f"
    "\u2090-\u209c\u212a\u212b\u2132\u214e\u2c60-\u2c7f\ua722-\ua7ff\uab30-\uab64\ufb00-\ufb06\uff21-\uff3a"
    "\uff41-\uff5a"
)
# Greek, Cyrillic, Armenian, Cherokee, Coptic, Lisu; letters for mathematics, phonetics and Roman
# numbers.
_OTHER = (
    "\u017f\u01c0-\u01c3\u0251\u0261\u1d00-\u1d25\u2102\u210a-\u2113\u2115\u2119-\u211d\u2124\u2128"
    "\u212c-\u2131\u2133\u2134\u2139\u2145-\u2149\u2160-\u2188\u0370-\u0373\u0376\u0377\u037b-\u037d"
    "\u037f\u0386\u0388-\u03ff\u1f00-\u1fff\u0400-\u0482\u048a-\u052f\u1c80-\u1c8f\ua640-\ua66e"
    "\ua680-\ua69d\u0531-\u0556\u0560-\u0588\u13a0-\u13ff\uab70-\uabbf\u2c80-\u2cf3\ua4d0-\ua4fd"
    "\U0001d400-\U0001d7ff"
)
# For each letter of ASCII, letters of other alphabets that look like it in common fonts.
_LOOKS = (
    "A\u0391\u0410\u13aa\ua4ee B\u0392\u0412\u13f4\ua4d0 C\u03f9\u0421\u13df\ua4da "
    "D\u13a0\ua4d3 E\u0395\u0415\u13ac\ua4f0 F\ua4dd G\u13c0\ua4d6 H\u0397\u041d\u13bb\ua4e7 "
    "I\u0399\u0406\ua4f2 J\u0408\u13ab\ua4d9 K\u039a\u041a\u13e6\ua4d7 L\u13de\ua4e1 "
    "M\u039c\u041c\u13b7\ua4df N\u039d\ua4e0 O\u039f\u041e\u0555\ua4f3 "
    "P\u03a1\u0420\u13e2\ua4d1 R\u13a1\u13d2\ua4e3 S\u0405\u13da\ua4e2 "
    "T\u03a4\u0422\u13a2\ua4d4 U\u054d\ua4f4 V\u0474\u13d9\ua4e6 W\u051c\u13b3\ua4ea "
    "X\u03a7\u0425\ua4eb Y\u03a5\u0423\u04ae\ua4ec Z\u0396\u13c3\ua4dc a\u03b1\u0430\u0251 "
    "c\u03f2\u0441\u1d04 d\u0501 e\u0435 g\u0581\u0261 h\u04bb\u0570 i\u03b9\u0456\u13a5 "
    "j\u03f3\u0458 k\u03ba l\u04c0\u04cf\u01c0 n\u0578 o\u03bf\u043e\u0585\u1d0f p\u03c1\u0440 "
    "q\u051b s\u0455 u\u03c5\u057d\u1d1c v\u03bd\u0475\u1d20 w\u051d\u1d21 x\u03c7\u0445 "
    "y\u0443 z\u1d22"
)
_LIKE = {ord(other): each[0] for each in _LOOKS.split() for other in each[1:]}

# Signs that look like `.`, `/`, `:` or `,`, where they stand between characters of ASCII.
_SIGNS = (
    "\u066b\u066c\u201a\u2024\u2044\u2215\u2236\u29f8\ua4f8\ua4fa\ua4fd\ua789\uff0e\uff0f\uff1a"
)
# What pages say of a signature: check marks, crosses and locks, which here are only text.
_SEALS = (
    "\u2611-\u2612\u2705\u2713-\u2718\u274c\u274e\u26bf\U0001f50f-\U0001f513\U0001f5f8-\U0001f5f9"
)
# Marks that strike a letter out, underline it, or stand around it.
_OVER = (
    "\u0305\u0332-\u0338\u033f\u0488\u0489\u1abe\u20d2\u20d3\u20d8-\u20da\u20dd-\u20e6\u20ea\u20eb"
)
# Hebrew, Arabic, Syriac, Thaana, N'Ko and the further scripts that run from right to left.
_LEFTWARD = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
_MOST_MARKS = 4  # above and below one letter; more of them would paint over the lines beside it

_MARKED = re.compile(f"([{_UNSEEN}{_SPACES}]|{_EDGES})")
_MARKED_LINE = re.compile(f"([{_UNSEEN}{_SPACES}]|{_IN_A_LINE}|{_EDGES})")
_HIDES = re.compile(f"[{_UNSEEN}]")
_ODD_SPACE = re.compile(f"[{_SPACES}]|{_EDGES}")
_ODD_LINE = re.compile(f"[{_SPACES}]|{_IN_A_LINE}|{_EDGES}")
_NOT_READ = re.compile(f"[{_UNSEEN}{_SPACES}\\s]")
_WORD = re.compile(f"[{_LATIN}{_OTHER}\u0300-\u036f]+")
_IS_LATIN = re.compile(f"[{_LATIN}]")
_IS_OTHER = re.compile(f"[{_OTHER}]")
_SIGN = re.compile(f"(?<=[!-~{_SIGNS}])[{_SIGNS}](?=[!-~{_SIGNS}])")
_SEAL = re.compile(f"[{_SEALS}]")
_IS_OVER = re.compile(f"[{_OVER}]")
_DIGIT_RUN = re.compile(r"\d+")
_TO_THE_LEFT = re.compile(f"[{_LEFTWARD}]")
_TO_THE_RIGHT = re.compile("[0-9A-Za-z]")


class Text(msgspec.Struct, frozen=True):
    """A run of characters as they are, or the label of one that would mislead."""

    text: str
    is_mark: bool = False


def visible(text: str, *, line: bool = False) -> list[Text]:
    r"""Return the text in runs, with a mark for what a reader would not see or take for another.

    A mark names a character that is not seen (`U+202E`), spaces at an end (`2 × U+0020`), or shows
    a letter or sign that looks like another one with its name (`\u0430 U+0430`). With `line` the
    text is one that pages show as one line: every space that it would swallow is named as well.
    """
    foreign = foreign_letters(text) | look_alike_signs(text)
    stray = stray_marks(text)
    runs, at = list[Text](), 0
    for index, part in enumerate((_MARKED_LINE if line else _MARKED).split(text)):
        if index % 2:
            runs += [Text(_label([*same]), is_mark=True) for _, same in groupby(part)]
        else:
            runs += _letters(part, at, foreign, stray)
        at += len(part)
    return runs


def _label(same: list[str]) -> str:
    name = f"U+{ord(same[0]):04X}"
    return f"{len(same)} × {name}" if len(same) > 1 else name


def _letters(part: str, start: int, foreign: set[int], stray: set[int]) -> list[Text]:
    """Return the runs of a part that begins at `start` in the text."""
    runs = list[Text]()
    kinds = groupby(enumerate(part, start), key=lambda each: (each[0] in foreign, each[0] in stray))
    for (is_foreign, is_stray), group in kinds:
        letters = [letter for _, letter in group]
        if is_stray:
            runs += [Text(_label([letter]), is_mark=True) for letter in letters]
        elif is_foreign:
            runs += [Text(f"{letter} {_label([letter])}", is_mark=True) for letter in letters]
        else:
            runs.append(Text("".join(letters)))
    return runs


def foreign_letters(text: str) -> set[int]:
    """Return where letters and digits stand that a reader may take for Latin ones.

    Letters are those of another alphabet in a word with Latin letters, and all of another alphabet
    if each of them looks like a Latin letter; digits are those of another script among digits of
    ASCII, or where the text has no letters but Latin ones.
    """
    if text.isascii():
        return set()
    others = {each.start() for each in _IS_OTHER.finditer(text)}
    if not all(like_latin(text[at]) != text[at] for at in others):
        others = {
            word.start() + at
            for word in _WORD.finditer(text)
            if _IS_LATIN.search(word[0])
            for at, character in enumerate(word[0])
            if _IS_OTHER.match(character)
        }
    return others | _foreign_digits(text)


def _foreign_digits(text: str) -> set[int]:
    if all(run.isascii() for run in _DIGIT_RUN.findall(text)):
        return set()
    only_latin = all(_IS_LATIN.match(each) for each in text if each.isalpha())
    return {
        run.start() + at
        for run in _DIGIT_RUN.finditer(text)
        if only_latin or any(each.isascii() for each in run[0])
        for at, each in enumerate(run[0])
        if not each.isascii()
    }


def look_alike_signs(text: str) -> set[int]:
    """Return where signs stand that a reader may take for a sign of ASCII, or of this page."""
    if text.isascii():
        return set()
    return {each.start() for sign in (_SIGN, _SEAL) for each in sign.finditer(text)}


def stray_marks(text: str) -> set[int]:
    """Return where accents and other marks stand that belong to no letter or hide one.

    They follow no letter, strike one out, or are more than a letter carries.
    """
    found = set[int]()
    if not any(category(each)[0] == "M" for each in set(text)):
        return found
    on_letter, count = False, 0
    for at, character in enumerate(text):
        kind = category(character)
        if kind[0] != "M":
            on_letter, count = kind[0] == "L", 0
        elif not _HIDES.match(character):
            count += kind != "Mc"
            if not on_letter or count > _MOST_MARKS or _IS_OVER.match(character):
                found.add(at)
    return found


def is_turned(text: str) -> bool:
    """Return whether a text runs in both directions, so that its parts stand in another order."""
    return _TO_THE_LEFT.search(text) is not None and _TO_THE_RIGHT.search(text) is not None


def like_latin(text: str) -> str:
    """Return the text with each letter of another alphabet replaced by the one it looks like."""
    return normalize("NFKC", text).translate(_LIKE)


def hides(text: str) -> bool:
    """Return whether a text has a character that is not seen."""
    return _HIDES.search(text) is not None


def has_odd_spaces(text: str, *, line: bool = False) -> bool:
    """Return whether a text has an unusual space, one at an end, or many empty lines."""
    return (_ODD_LINE if line else _ODD_SPACE).search(text) is not None


def looks_of(name: str) -> str:
    """Return what names have in common that a reader takes for each other."""
    seen = like_latin(_NOT_READ.sub("", name)).lower()
    return _SECOND_DOT.sub("", seen).translate(_DIGITS).replace("rn", "m").replace("vv", "w")


_SECOND_DOT = re.compile("(?<=[ij])\u0307")
_DIGITS = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l"})


def is_quoted(text: str) -> bool:
    """Return whether a text could be taken for another kind of value without its quotes.

    Those are a number, a word of JSON, and what the page says of an empty value.
    """
    return _OF_OTHER_TYPE.fullmatch(text) is not None


_OF_OTHER_TYPE = re.compile(
    r"[-+]?[0-9.][0-9.,eE+ -]*|true|false|null|empty (?:object|list|text|name)",
    re.ASCII | re.IGNORECASE,
)


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
