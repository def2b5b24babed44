"""Title search: words and what people type, brought to the same form.

FTS5's own Unicode tables are older than Python's and its query language is a language; so titles
and questions are both split here, and SQLite only sees runs of letters and digits.
"""

import re
from unicodedata import combining, normalize

MAX_TERMS = 16
# A prefix that has its own list is answered newest first at once; a longer one is put together
# from the lists of all words that begin with it.
TABLE = (
    "CREATE VIRTUAL TABLE title_word USING fts5(words, content='', columnsize=0, detail=none,"
    " tokenize='ascii', prefix='1 2 3 4 5 6 7 8 9 10 11 12')"
)
_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> str:
    """Return a title as the index takes it: without case, accents and other signs.

    The tokenizer does the same to ASCII by itself and takes everything else for letters.
    """
    if text.isascii():
        return text
    plain = "".join(char for char in normalize("NFKD", text) if not combining(char))
    return " ".join(_WORD.findall(plain.casefold()))


def match(question: str) -> str | None:
    """Return the FTS5 expression for titles with all of these words or beginnings of words.

    None if the question has no letter or digit at all; then nothing matches.
    """
    terms = _WORD.findall(words(question))[:MAX_TERMS]
    return " ".join(f'"{term}"*' for term in terms) or None
