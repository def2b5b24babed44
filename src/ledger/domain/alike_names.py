"""Names of roles and types that look alike: nobody takes `lnvestor` for `investor`. Pure.

These names have small letters, digits, hyphens and slashes only, so a short table says what looks
alike. The offline verifier has the same one; `tests/vectors/alike-names.json` holds both.
"""

import re
from collections.abc import Iterable

from ledger.domain.vocabulary import RESERVED

# One letter for another first. Then a letter stands as the several that look like it, so that the
# order in which they follow each other does not matter: `rnn` may be read `rm`, `mn` or `nm`.
_LOOKS = (
    (re.compile("0"), "o"),
    (re.compile("[1i]"), "l"),
    (re.compile("5(?=5*[a-z])"), "s"),  # not at the end: there is a `team-5`
    (re.compile("q"), "g"),
    (re.compile("d"), "cl"),
    (re.compile("w"), "vv"),
    (re.compile("m"), "nn"),
    (re.compile("r(?=r*n)"), "n"),
    (re.compile("-"), ""),
)


def find_alike(name: str, known: Iterable[str]) -> str | None:
    """Return the first of the known names, in order, that looks like this one; None if none does.

    Hyphens and an `s` at the end of a part count for nothing: `investors` looks like `investor`.
    """
    looks = _looks(name)
    return next((each for each in sorted(known) if _looks(each) == looks), None)


def looks_built_in(name: str) -> bool:
    """Tell whether a type's name begins so that it looks like one of the built-in types."""
    first, slash, _ = name.partition("/")
    return find_alike(first + slash, [RESERVED]) is not None


def _looks(name: str) -> str:
    for seen, shown in _LOOKS:
        name = seen.sub(shown, name)
    return "/".join(part.rstrip("s") for part in name.split("/"))
