"""Whether the positions of a log respect the order in which its clients saw things happen.

A log is linearizable if each record takes its place at one moment between its request and its
answer. Positions are that order already. So nothing is left to search: a record that was answered
before another was requested has the lower position, or the history is impossible.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple


class Done(NamedTuple):
    """A request that was answered; the times are of one clock, in seconds.

    `sent_s` is that of the first attempt if it was sent several times.
    """

    name: str
    position: int
    sent_s: float
    answered_s: float


def out_of_order(history: Iterable[Done]) -> tuple[Done, Done] | None:
    """Return two requests of which the second was answered before the first was sent.

    The first has the lower position, so no order explains both. None if there are no such two.
    """
    latest: Done | None = None  # of those with lower positions, the one that was sent last
    for each in sorted(history, key=lambda done: done.position):
        if latest is not None and each.answered_s < latest.sent_s:
            return latest, each
        if latest is None or each.sent_s > latest.sent_s:
            latest = each
    return None


def longest_gap_s(history: Iterable[Done]) -> float:
    """Return the longest time between two answers that followed each other."""
    times = sorted(each.answered_s for each in history)
    return max((after - before for before, after in pairwise(times)), default=0)
