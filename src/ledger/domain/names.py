"""People's names: the one form in which a name is written, so that no two spellings look alike."""

import unicodedata

from ledger.domain.text import require_text
from ledger.errors import MalformedError

MAX_NAME_CHARS = 100

# Separators other than the space, and code points whose meaning is private.
_REFUSED_CATEGORIES = frozenset({"Zs", "Co"})


def require_name(name: str) -> None:
    """Raise MalformedError unless a name is in its one form.

    `name_invalid`: not 1 to 100 characters, another separator than single inner spaces, a private
    code point, or not in Normalization Form C. `text_refused`: see `require_text`.
    """
    if not 1 <= len(name) <= MAX_NAME_CHARS:
        raise MalformedError("name_invalid", f"a name has 1 to {MAX_NAME_CHARS} characters")
    require_text(name, "name")
    if name.split(" ") != name.split():
        raise MalformedError("name_invalid", "a name has single spaces, between words only")
    if any(unicodedata.category(each) in _REFUSED_CATEGORIES for each in name.replace(" ", "")):
        raise MalformedError("name_invalid", "a name has no other space, and no private character")
    if not unicodedata.is_normalized("NFC", name):
        raise MalformedError("name_invalid", "a name is in Unicode Normalization Form C")
