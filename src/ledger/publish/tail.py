"""The age of the tail: how long the oldest entry that no checkpoint covers has been committed.

Until a checkpoint covers an entry, nobody outside can tell whether it was removed, so the tail must
not grow old unseen. The age is an upper bound by a quarter of a second.
"""

import threading
import time
from collections import deque

SLOT_S = 0.25


class Tail:
    """The unpublished positions of one log, by the time when this process learned of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # (first position, time) of each slot; a slot ends where the next one begins.
        self._slots: deque[tuple[int, float]] = deque()
        self._newest = 0
        self._published = 0

    def committed(self, newest: int) -> None:
        """Note that the log has this many entries."""
        with self._lock:
            known = max(self._newest, self._published)
            if newest <= known:
                return
            now_s = time.monotonic()
            if not self._slots or now_s - self._slots[-1][1] > SLOT_S:
                self._slots.append((known + 1, now_s))
            self._newest = newest

    def published(self, size: int) -> None:
        """Note that a checkpoint covers the first `size` entries."""
        with self._lock:
            self._published = max(self._published, size)
            if self._published >= self._newest:
                self._slots.clear()
            while len(self._slots) > 1 and self._slots[1][0] <= self._published + 1:
                self._slots.popleft()

    def age_s(self) -> float:
        """Return the age of the oldest unpublished entry in seconds, 0 if all are published."""
        with self._lock:
            return time.monotonic() - self._slots[0][1] if self._slots else 0.0
