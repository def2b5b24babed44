"""When an attempt that failed is repeated, and when it is not. Pure, but for the jitter."""

import random
from collections.abc import Sequence

from ledger.system.message_settings import LONGEST_PAUSE_S

_JITTER = 0.2


def next_ms(pauses: Sequence[int], tries: int, *, now_ms: int, asked_s: int = 0) -> int | None:
    """Return when to try again after this many tries, None if that was the last one.

    `asked_s` is for how long the receiver asked to wait; it lengthens the pause up to a day.
    """
    if tries > len(pauses):
        return None
    pause_s = pauses[tries - 1] * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311  # jitter, not a secret
    return now_ms + round(max(pause_s, min(asked_s, LONGEST_PAUSE_S)) * 1000)
