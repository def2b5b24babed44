"""Names of roles and types that look alike: nobody takes `lnvestor` for `investor`. Pure.

These names have small letters, digits, hyphens and slashes only, so a short table says what looks
alike. The offline verifier has the same one; `tests/vectors/alike-names.json` holds both.
"""

from collections.abc import Iterable

# In this order: several letters that look like one, then one that looks like another.
_LOOKS = (
    ("rn", "m"),
    ("nn", "m"),
    ("vv", "w"),
    ("cl", "d"),
    ("0", "o"),
    ("1", "l"),
    ("i", "l"),
    ("5", "s"),
    ("-", ""),
)


def find_alike(name: str, known: Iterable[str]) -> str | None:
    """Return the first of the known names, in order, that looks like this one; None if none does.

    Hyphens and an `s` at the end of a part count for nothing: `investors` looks like `investor`.
    """
    looks = _looks(name)
    return next((each for each in sorted(known) if _looks(each) == looks), None)


def _looks(name: str) -> str:
    for seen, shown in _LOOKS:
        name = name.replace(seen, shown)
    return "/".join(part.rstrip("s") for part in name.split("/"))
