"""The clock of this computer, and how far it was stepped.

A step is what somebody set the clock by, as opposed to time that passed. It is the difference
between the clock and one that nobody sets, which also runs while the computer sleeps.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

# macOS has no CLOCK_BOOTTIME; its CLOCK_MONOTONIC runs while the computer sleeps.
_UNSET_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_NS_PER_MS = 1_000_000


def _elapsed_ns() -> int:
    return time.clock_gettime_ns(_UNSET_CLOCK)


class Instant(NamedTuple):
    """The time in milliseconds since 1970, and the sum of all steps; negative for a step back."""

    now_ms: int
    step_ms: int


class WallClock:
    """The computer's clock, compared with one that nobody sets."""

    def __init__(
        self,
        wall_ns: Callable[[], int] = time.time_ns,
        elapsed_ns: Callable[[], int] = _elapsed_ns,
    ) -> None:
        self._wall_ns = wall_ns
        self._elapsed_ns = elapsed_ns
        self._started_ns = wall_ns() - elapsed_ns()

    def read(self) -> Instant:
        """Return the time, and how far the clock was stepped since the start."""
        wall_ns = self._wall_ns()
        step_ns = wall_ns - self._elapsed_ns() - self._started_ns
        return Instant(wall_ns // _NS_PER_MS, round(step_ns / _NS_PER_MS))

    def forget_steps(self) -> None:
        """Count steps from now on only."""
        self._started_ns = self._wall_ns() - self._elapsed_ns()
