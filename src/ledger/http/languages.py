"""The language of an answer to a person: their own choice, else one that their browser asks for.

It is always one of `LANGUAGES`. The choice is kept in a cookie, which opens nothing. Programs are
answered in English: they read the stable codes.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Literal

from ledger.http.request_cookies import values

Language = Literal["en", "de"]
# By its tag (RFC 5646), the name of each language in itself.
LANGUAGES: Mapping["Language", str] = {"en": "English", "de": "Deutsch"}
DEFAULT = "en"
COOKIE = "ledger_language"
# What an answer says of its language. Pages and most refusals say no-store, so no cache keeps one.
VARY = "Accept, Accept-Language, Cookie"
# A browser sends a dozen ranges at most; what is longer is no browser's.
MOST_BYTES, MOST_RANGES = 1024, 32
# RFC 9110 sections 12.4.2 and 12.5.4; RFC 4647 section 2.1.
_RANGE = re.compile(
    r"(\*|[a-z]{1,8})((?:-[a-z0-9]{1,8})*)(?:[ \t]*;[ \t]*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?",
    re.ASCII | re.IGNORECASE,
)
Headers = Iterable[tuple[bytes, bytes]]  # of a request; the names are in lower case
_current: ContextVar[str | Headers] = ContextVar("language", default=DEFAULT)


def language() -> str:
    """Return the language of the present answer.

    The request's headers are read when the first text needs it: few answers to programs have one.
    """
    found = _current.get()
    if not isinstance(found, str):
        found = asked_for(found)
        _current.set(found)
    return found


@contextmanager
def speaking(to: str | Headers) -> Iterator[None]:
    """Answer within the block in a language, given by its tag or by a request's headers.

    A tag that is none of `LANGUAGES` is English.
    """
    before = _current.set(DEFAULT if isinstance(to, str) and to not in LANGUAGES else to)
    try:
        yield
    finally:
        _current.reset(before)


def asked_for(headers: Headers) -> str:
    """Return the language for a request with these headers."""
    headers = [*headers]
    for value in values(headers, COOKIE):
        if (chosen := value.decode("latin-1")) in LANGUAGES:
            return chosen
    accepted = [value for name, value in headers if name == b"accept-language"]
    return negotiated(b",".join(accepted)) if accepted else DEFAULT


@lru_cache(maxsize=64)
def negotiated(header: bytes) -> str:
    """Return the language that a browser likes best, of those there are (RFC 4647 section 3.4).

    Parts that are no language ranges are passed over, and so is what is too long.
    """
    if len(header) > MOST_BYTES:
        return DEFAULT
    weights: dict[str, float] = {}
    for part in header.decode("latin-1").split(",", MOST_RANGES)[:MOST_RANGES]:
        found = _RANGE.fullmatch(part.strip(" \t"))
        if found is None:
            continue
        primary, weight = found[1].lower(), float(found[3] or 1)
        # `de;q=0` refuses German; `de-AT;q=0` refuses only a kind of it.
        if weight or not found[2]:
            weights[primary] = max(weight, weights.get(primary, 0))
    liked = {tag: weights.get(tag, weights.get("*", 0)) for tag in LANGUAGES}
    best = max(liked.values())
    order = [*weights]
    return (
        min(
            (tag for tag, weight in liked.items() if weight == best),
            key=lambda tag: (_place(tag, order), tag != DEFAULT),
        )
        if best
        else DEFAULT
    )


def _place(tag: str, order: Sequence[str]) -> int:
    return order.index(tag) if tag in order else len(order)


def language_headers() -> dict[str, str]:
    """Return the headers of a page in the present language."""
    return {"Content-Language": language(), "Vary": VARY}
