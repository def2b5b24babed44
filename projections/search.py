"""Title search: words and what people type, brought to the same form.

FTS5's own Unicode tables are older than Python's and its query language is a language; so titles
and questions are both split here, and SQLite only sees runs of letters and digits.
"""

import re
from unicodedata import combining, normalize

import msgspec

MAX_TERMS = 16
# Beginnings up to this length have lists of their own, which are read newest first at once; a
# longer word is looked up by its first letters and then held against the title itself.
INDEXED = 6
TABLE = (
    "CREATE VIRTUAL TABLE title_word USING fts5(words, content='', columnsize=0, detail=none,"
    " tokenize='ascii', prefix='1 2 3 4 5 6')"
)
_WORD = re.compile(r"[^\W_]+")


class Question(msgspec.Struct, frozen=True):
    """The beginnings of words that a title has to have, all of them."""

    terms: tuple[str, ...]

    @property
    def match(self) -> str:
        """The FTS5 expression that finds the titles, and some more if a term is long."""
        return " ".join(f'"{term[:INDEXED]}"*' for term in self.terms)

    def fits(self, title: str) -> bool:
        """Tell whether each term begins a word of the title."""
        title_words = _split(title)
        return all(any(word.startswith(term) for word in title_words) for term in self.terms)


def ask(text: str) -> Question:
    """Return what a search text asks for: nothing, if it has no letter or digit at all."""
    return Question(tuple(_split(text)[:MAX_TERMS]))


def words(title: str) -> str:
    """Return a title as the index takes it: without case, accents and other signs.

    The tokenizer does the same to ASCII by itself and takes everything else for letters.
    """
    return title if title.isascii() else " ".join(_split(title))


def _split(text: str) -> list[str]:
    if not text.isascii():
        text = "".join(char for char in normalize("NFKD", text) if not combining(char))
    return _WORD.findall(text.casefold())
