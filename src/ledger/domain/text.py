"""Text that people write and read: refuse what nobody can see, or what shows text as another.

It says of titles, names and reasons which code points they may have. It does not change a text.
"""

from bisect import bisect_right
from typing import Literal

from ledger.domain.code_points import NEWER, REFUSED
from ledger.errors import MalformedError

REASON_CHARS = (10, 2000)
TextKind = Literal["title", "name", "reason", "label", "reference"]

# U+200C, U+200D, U+FE0E and U+FE0F: some scripts and emoji need them. In a name they would hide.
_JOINERS = frozenset("\u200c\u200d\ufe0e\ufe0f")


class _CodePoints:
    """A set of code points, from ranges of hexadecimal numbers in order."""

    def __init__(self, table: str) -> None:
        ranges = [each.split("-") for each in table.split()]
        self._first = [int(each[0], 16) for each in ranges]
        self._last = [int(each[-1], 16) for each in ranges]

    def __contains__(self, character: object) -> bool:
        point = ord(str(character))
        at = bisect_right(self._first, point) - 1
        return at >= 0 and point <= self._last[at]


_REFUSED, _NEWER = _CodePoints(REFUSED), _CodePoints(NEWER)


def require_text(text: str, kind: TextKind) -> None:
    """Raise MalformedError `text_refused` for the first character that such a text may not have.

    A reason may have newlines.
    """
    if text.isascii() and text.isprintable():  # most texts
        return
    for number, character in enumerate(text, start=1):
        if character == "\n" and kind == "reason":
            continue
        if character in _REFUSED or (kind == "name" and not _may_name(character)):
            raise MalformedError(
                "text_refused",
                f"character {number} of the {kind} is U+{ord(character):04X}: invisible, a control"
                " character, or not assigned",
            )


def may_be_name(text: str) -> bool:
    """Tell whether a text of others has only characters that a name may have."""
    try:
        require_text(text, "name")
    except MalformedError:
        return False
    return True


def plain(text: str) -> str:
    """Return a text of others for a terminal or a table, without what controls either."""
    if text.isprintable():  # most texts
        return text
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def _may_name(character: str) -> bool:
    return character not in _JOINERS and character not in _NEWER


def require_reason(reason: str) -> None:
    """Raise MalformedError for a reason: `reason_invalid` for its length, `text_refused`."""
    least, most = REASON_CHARS
    if not least <= len(reason.strip()) <= len(reason) <= most:
        raise MalformedError("reason_invalid", "a reason must have 10 to 2,000 characters")
    require_text(reason, "reason")


def require_optional_reason(reason: str | None) -> None:
    """Raise MalformedError as `require_reason`, for a reason that may be left out or short."""
    if reason is not None and len(reason) > REASON_CHARS[1]:
        raise MalformedError("reason_invalid", "a reason must have at most 2,000 characters")
    require_text(reason or "", "reason")
