"""The texts of pages and messages, in the language of the present answer.

Templates and page modules name a text by its key; the scripts of a page get the texts that the page
names. A text has places for values, `{until}`. Names that people chose stand in quotation marks:
`{who}`, `{title}` and `{passkey}`. A text that counts has two keys, `.one` and `.other`.
"""

from collections.abc import Callable, Iterable

from ledger.domain.quoting import quoted
from ledger.http.catalogue import catalogue
from ledger.http.languages import language, speaking

_CHOSEN = frozenset({"who", "title", "passkey"})
# What every script may say: times, lists, policies, states, and how its requests end.
_ALWAYS = ("ceremony", "list", "page", "policy", "status", "time")


def text(key: str, /, **values: object) -> str:
    """Return a text with its values; raise KeyError for an unknown key or a missing value.

    With `count`, the text is that of one or of several.
    """
    chosen = {each: quoted(str(values[each])) for each in _CHOSEN & values.keys()}
    return composed(key, **values | chosen)


def composed(key: str, /, **values: object) -> str:
    """Return a text as `text` does, with names that stand in quotation marks already."""
    if "count" in values:
        key += ".one" if values["count"] == 1 else ".other"
    return catalogue(language())[key].format(**values)


def texts_in(tag: str) -> Callable[..., str]:
    """Return `text` in one language, for what is no answer to a request, such as a letter."""

    def said(key: str, /, **values: object) -> str:
        with speaking(tag):
            return text(key, **values)

    return said


def texts_of(prefixes: Iterable[str]) -> dict[str, str]:
    """Return the texts for a page's scripts: those that begin with these parts of keys."""
    named = {*prefixes}
    wanted = tuple(f"{prefix}." for prefix in (*_ALWAYS, *prefixes))
    texts = catalogue(language())
    return {key: said for key, said in texts.items() if key in named or key.startswith(wanted)}
