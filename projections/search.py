"""Words of titles, names and questions, all normalized in the same way.

FTS5's Unicode tables are older than Python's, and its query syntax would let a user's text act as
operators. So Python splits titles and queries, and SQLite sees only runs of letters and digits.
"""

import re
from unicodedata import combining, normalize

import msgspec

MAX_TERMS = 16
# FTS5 has a prefix index up to this length, read newest first. A longer word is looked up by its
# first letters, then compared with the title.
INDEXED = 6
TABLE = (
    "CREATE VIRTUAL TABLE title_word USING fts5(words, content='', columnsize=0, detail=none,"
    " tokenize='ascii', prefix='1 2 3 4 5 6')"
)
# Before each word of a person's name, so that titles and names are looked up apart. No word has it.
_OF_NAME = "¶"
_WORD = re.compile(r"[^\W_]+")


class Question(msgspec.Struct, frozen=True):
    """Word prefixes that a title must all contain."""

    terms: tuple[str, ...]

    @property
    def match(self) -> str:
        """The FTS5 expression that finds the titles; with long terms it finds some more."""
        return " ".join(f'"{term[:INDEXED]}"*' for term in self.terms)

    @property
    def names(self) -> str:
        """The FTS5 expression that finds the people; with long terms it finds some more."""
        return " ".join(f'"{_OF_NAME}{term[: INDEXED - 1]}"*' for term in self.terms)

    def fits(self, title: str) -> bool:
        """Tell whether each term is the prefix of a word in the title."""
        title_words = _split(title)
        return all(any(word.startswith(term) for word in title_words) for term in self.terms)


def ask(text: str) -> Question:
    """Return the terms of a search text; none if it has no letter or digit."""
    return Question(tuple(_split(text)[:MAX_TERMS]))


def words(title: str) -> str:
    """Return a title normalized for the index: no case, accents or punctuation.

    FTS5's `ascii` tokenizer normalizes only ASCII and treats every other character as a letter.
    """
    return title if title.isascii() else " ".join(_split(title))


def name_words(name: str) -> str:
    """Return a person's name normalized for the index."""
    return " ".join(f"{_OF_NAME}{word}" for word in _split(name))


def _split(text: str) -> list[str]:
    if not text.isascii():
        text = "".join(char for char in normalize("NFKD", text) if not combining(char))
    return _WORD.findall(text.casefold())
