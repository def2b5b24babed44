"""Eight words for a digest, which two people read to each other by telephone.

Each word stands for 11 bits, so the eight stand for the first 88 bits of a SHA-256: enough that
nobody finds another key with the same words. web/static/js/lib/spoken.js writes the same;
tests/vectors/web/spoken.json holds both.
"""

from collections.abc import Callable

WORDS = 8
BITS = 11


def speaker(listed: str) -> Callable[[str], str]:
    """Return the function that turns a digest (64 hex characters) into words.

    `listed` is the content of web/static/words.txt: 2,048 words, one a line.
    """
    words = listed.split()
    if len(words) != 2**BITS:
        raise ValueError(f"web/static/words.txt has {len(words)} words, not {2**BITS}")

    def spoken(digest: str) -> str:
        first = int(digest, 16) >> (256 - WORDS * BITS)
        parts = (first >> (BITS * n) & (2**BITS - 1) for n in reversed(range(WORDS)))
        return " ".join(words[part] for part in parts)

    return spoken
