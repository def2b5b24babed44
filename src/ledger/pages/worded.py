"""Which words of a long text changed between two versions.

web/static/js/lib/worded.js finds the same; tests/vectors/web/worded.json tests both.
"""

import re
from collections.abc import Sequence
from itertools import groupby, takewhile
from operator import eq

from ledger.domain.content import ContentPlace
from ledger.pages.differences import Difference

SHORT = 40  # characters; shorter texts are compared at a glance
MOST_ROWS = 20  # of one page
MOST_STEPS = 250_000  # beyond it, all between the first and the last changed word is one change
_WORDS = re.compile(r"[ \t\n\r]+|[^ \t\n\r]+")

WordRun = tuple[str, bool]  # a run of words, and whether it changed


def compared(rows: Sequence[Difference]) -> dict[ContentPlace, tuple[list[WordRun], list[WordRun]]]:
    """Return the changed words of the first long texts among the rows, by place.

    All rows together take no more steps than one text can.
    """
    found, left = dict[ContentPlace, tuple[list[WordRun], list[WordRun]]](), MOST_STEPS
    for row in [each for each in rows if has_words(each)][:MOST_ROWS]:
        found[row.place], taken = _worded(row.before, row.after, left)
        left -= taken
    return found


def has_words(row: Difference) -> bool:
    """Return whether both values are texts, and one is long enough to look for words."""
    texts = row.before[:1] == row.after[:1] == '"'
    return texts and max(len(row.before), len(row.after)) > SHORT


def worded(before: str, after: str) -> tuple[list[WordRun], list[WordRun]]:
    """Return both texts in parts: what was removed from the first, and added in the second."""
    return _worded(before, after, MOST_STEPS)[0]


def _worded(before: str, after: str, most: int) -> tuple[tuple[list[WordRun], list[WordRun]], int]:
    """Return what `worded` does, within so many steps, and the steps that it took."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    head = _common(old, new)
    shorter = min(len(old), len(new)) - head
    tail = min(shorter, _common(old[::-1], new[::-1]))
    ends = len(old) - tail, len(new) - tail
    steps = (ends[0] - head) * (ends[1] - head)
    kept = _kept(old[head : ends[0]], new[head : ends[1]]) if steps <= most else []
    same_old = {*range(head), *range(ends[0], len(old)), *(head + at for at, _ in kept)}
    same_new = {*range(head), *range(ends[1], len(new)), *(head + at for _, at in kept)}
    parts = _parts(old, same_old), _parts(new, same_new)
    return parts, steps if steps <= most else 0


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    return sum(1 for _ in takewhile(bool, map(eq, old, new)))


def _kept(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places of a longest common subsequence; of several, the one found first."""
    longest = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for one in reversed(range(len(old))):
        for other in reversed(range(len(new))):
            longest[one][other] = (
                longest[one + 1][other + 1] + 1
                if old[one] == new[other]
                else max(longest[one + 1][other], longest[one][other + 1])
            )
    found, one, other = list[tuple[int, int]](), 0, 0
    while one < len(old) and other < len(new):
        if old[one] == new[other]:
            found.append((one, other))
            one, other = one + 1, other + 1
        elif longest[one + 1][other] >= longest[one][other + 1]:
            one += 1
        else:
            other += 1
    return found


def _parts(words: Sequence[str], same: set[int]) -> list[WordRun]:
    runs = groupby(range(len(words)), key=lambda at: at not in same)
    return [("".join(words[at] for at in run), changed) for changed, run in runs]
