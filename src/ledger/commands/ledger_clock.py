"""The time of decisions: the computer's clock, and never before the newest event.

A clock that is wrong for a moment must not mark a log that is kept for ever. So writing stops while
the clock disagrees with itself or, after a start, with the log. Reading goes on.
"""

from ledger import clock
from ledger.errors import UnavailableError
from ledger.store.ports.log import Head
from ledger.system.wall_clock import Instant, WallClock

MOST_STEP_MS = 30_000
MOST_BEFORE_MS = 30_000
MOST_AFTER_MS = 400 * 24 * 3600 * 1000


class LedgerClock:
    """The clock of one process, and the newest time that it saw in the log."""

    def __init__(self, wall: WallClock, head: Head, confirmed: int | None = None) -> None:
        """Start at this head of the log.

        `confirmed` is the position at which the operator confirmed the clock. It confirms nothing
        once the log has another event, so it can stay in the settings.
        """
        self._wall = wall
        self._newest_ms = head.at_ms
        # What the clock is compared with until it agrees; None once it does.
        self._start = None if head.stored in (0, confirmed) else head
        self.problem()  # compare now: what happens to the clock later is a step

    def saw(self, at_ms: int) -> None:
        """Note the time of an event of the log."""
        self._newest_ms = max(self._newest_ms, at_ms)

    def now_ms(self) -> int:
        """Return the time in milliseconds since 1970, for reading."""
        return max(self._wall.read().now_ms, self._newest_ms)

    def steady_ms(self) -> int:
        """Return the time in milliseconds since 1970 without the steps since the start.

        For what ends by itself and is then forgotten: a clock that jumps ahead for a moment would
        end every session, and forget which names were used.
        """
        instant = self._wall.read()
        return instant.now_ms - instant.step_ms

    def decision_ms(self) -> int:
        """Return the time in milliseconds since 1970, for a decision.

        Raises UnavailableError `clock_stepped`, `clock_unconfirmed`.
        """
        instant = self._wall.read()
        problem = self._problem(instant)
        if problem is not None:
            raise problem
        return max(instant.now_ms, self._newest_ms)

    def problem(self) -> UnavailableError | None:
        """Return why nothing can be written, None if the clock agrees."""
        return self._problem(self._wall.read())

    @property
    def step_s(self) -> float:
        """How far the clock was stepped since the start, in seconds; negative for a step back."""
        return self._wall.read().step_ms / 1000

    def _problem(self, instant: Instant) -> UnavailableError | None:
        if self._start is not None:
            apart_ms = instant.now_ms - self._start.at_ms
            if not -MOST_BEFORE_MS <= apart_ms <= MOST_AFTER_MS:
                return _unconfirmed(self._start, apart_ms)
            # The step that corrected the clock is no reason to stop.
            self._wall.forget_steps()
            self._start = None
            return None
        if abs(instant.step_ms) > MOST_STEP_MS:
            detail = (
                f"nothing is written, because the server's clock was stepped by"
                f" {instant.step_ms / 1000:+,.0f} s: correct the clock, or restart the server if"
                " it is right now"
            )
            return UnavailableError("clock_stepped", detail)
        return None


def _unconfirmed(start: Head, apart_ms: int) -> UnavailableError:
    where = "after" if apart_ms > 0 else "before"
    detail = (
        f"nothing is written, because the server's clock is {abs(apart_ms) / 1000:,.0f} s {where}"
        f" the newest event, of {clock.to_text(start.at_ms)}: correct the clock, or restart the"
        f" server with LEDGER_CLOCK_CONFIRMED={start.stored} if the clock is right"
    )
    return UnavailableError("clock_unconfirmed", detail)
