"""A computer whose clock a test can set."""

from dataclasses import dataclass

from ledger.system.wall_clock import WallClock

NOW_MS = 1_795_230_245_678


@dataclass
class Computer:
    """A computer's two clocks: the one that people set, and the one that nobody sets."""

    ms: int = NOW_MS
    up_ms: int = 5_000

    def passes(self, ms: int) -> None:
        self.ms += ms
        self.up_ms += ms

    def clock(self) -> WallClock:
        return WallClock(lambda: self.ms * 1_000_000, lambda: self.up_ms * 1_000_000)
