"""A refusal as a page for people, for the refusals that come before the application is asked.

It needs no session and no template, so it can be given when nothing else can.
"""

from collections.abc import Iterable, Mapping
from html import escape

from ledger.errors import LedgerError
from ledger.http.catalogue import catalogue, sentence_of
from ledger.http.languages import language
from ledger.http.problems import LASTING

PAGE_TYPE = "text/html; charset=utf-8"
# The statuses with a text of their own: what went wrong, and what the person can do.
_KNOWN = frozenset((401, 403, 404, 408, 413, 429, 431, 503))


def says(status: int) -> tuple[str, str]:
    """Return what went wrong, and what the person can do."""
    texts = catalogue(language())
    name = str(status) if status in _KNOWN else "failed" if status >= 500 else "request"
    return texts[f"error.title.{name}"], texts[f"error.advice.{name}"]


def told(error: LedgerError) -> tuple[str, str]:
    """Return the sentence of a refusal and the language that it is in.

    A `refusal.…` answers what a page's script sent; where that is wrong of a whole page, the page
    has an `error.…` of its own. A code without a sentence has its English detail.
    """
    own = catalogue(language()).get(f"error.{error.code}")
    sentence = own or sentence_of(error.code, error.evidence)
    if sentence:
        return sentence, language()
    return f"{error.detail[:1].upper()}{error.detail[1:]}.", "en"


def wants_page(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Return whether the client is a browser that asks for a page; names are in lower case."""
    return any(name == b"accept" and b"text/html" in value for name, value in headers)


def refusal_page(status: int, error: LedgerError | None = None) -> bytes:
    """Return a whole page; without an error it says only what the status says."""
    texts: Mapping[str, str] = catalogue(language())
    title, advice = (escape(each) for each in says(status))
    lasts = error is not None and error.code in LASTING
    sentence, spoken = ("", "") if error is None else told(error)
    why = f'<p lang="{spoken}">{escape(sentence)}</p>\n' if sentence else ""
    again, inbox, start = (escape(texts[f"error.{each}"]) for each in ("again", "inbox", "start"))
    retry = "" if lasts else f'<a href="">{again}</a> · '
    return f"""<!doctype html>
<html lang="{language()}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · Ledger</title>
</head>
<body>
<main>
<p>{status}</p>
<h1>{title}</h1>
{why}{"" if lasts else f"<p>{advice}</p>"}
<p>{retry}<a href="/inbox">{inbox}</a> · <a href="/">{start}</a></p>
</main>
</body>
</html>
""".encode()
