"""The texts of pages, from one catalogue: web/locale/en.json.

Templates and page modules name a text by its key; the scripts of a page get the texts that the page
names. A text has places for values, `{until}`. Names that people chose stand in quotation marks:
`{who}`, `{title}` and `{passkey}`. A text that counts has two keys, `.one` and `.other`.
"""

from collections.abc import Iterable, Mapping
from functools import cache

import msgspec

from ledger.domain.quoting import quoted
from ledger.http.assets import find_web

_CHOSEN = frozenset({"who", "title", "passkey"})


@cache
def catalogue() -> Mapping[str, str]:
    """Return every text by its key."""
    raw = (find_web() / "locale" / "en.json").read_bytes()
    return msgspec.json.decode(raw, type=dict[str, str])


def text(key: str, /, **values: object) -> str:
    """Return a text with its values; raise KeyError for an unknown key or a missing value.

    With `count`, the text is that of one or of several.
    """
    if "count" in values:
        key += ".one" if values["count"] == 1 else ".other"
    chosen = {each: quoted(str(values[each])) for each in _CHOSEN & values.keys()}
    return catalogue()[key].format(**values | chosen)


def texts_of(prefixes: Iterable[str]) -> dict[str, str]:
    """Return the texts whose keys begin with one of these words, for a page's scripts."""
    wanted = tuple(f"{prefix}." for prefix in prefixes)
    return {key: text for key, text in catalogue().items() if key.startswith(wanted)}
