"""The projection: follows the log and folds it into the views, in its own thread.

A batch, all views and their tracking are one transaction. Under load a batch is what arrived
during the one before, at most 50 of them a second; an idle follower folds at once. An error
stops it and stays in `failure`, and only an outage is retried; it never skips an event.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from ledger.domain.entry import leaf_hash
from ledger.errors import CorruptError
from ledger.system.worker import Backoff, Listener, Listeners, Worker
from projections import facts, views
from projections.facts import LogReader, Streams
from projections.views import VIEWS, Views

__all__ = ["Follower", "LogReader", "Views", "rebuild"]

POLL_S = 0.05
LOOK_S = 0.05  # for a failure, while somebody waits for a position
# The pause after a batch: fifty transactions a second cost a twentieth of a core under load.
SETTLE_S = 0.02
FIRST_RETRY_S, LAST_RETRY_S = 0.5, 5.0
# A batch while catching up: many enough that its fixed cost is nothing, and still in the
# processor's cache when the last view folds it; 4,000 events take a fifth longer each.
MOST_EVENTS = 512
MOST_BYTES = 16 * 1024 * 1024
# Batches a transaction while catching up: pages that fill slowly are written once.
MOST_BATCHES = 160

_log = logging.getLogger("ledger.projections")


class Follower:
    """Keeps the views at the head of the log.

    `changed` tells whether other processes may have appended; by default the log's head is asked.
    """

    def __init__(
        self,
        opened: Views,
        log: LogReader,
        *,
        changed: Callable[[], bool] | None = None,
        poll_s: float = POLL_S,
    ) -> None:
        self._views = opened
        self._log = log
        self._changed = changed or self._is_late
        self._poll_s = poll_s
        self._streams = Streams()
        self._limit = MOST_EVENTS // 4
        self._folded = 0
        self._aligned = False
        self._moved = threading.Condition()
        self._position = 0
        self._listeners = Listeners()
        backoff = Backoff(FIRST_RETRY_S, LAST_RETRY_S)
        self._worker = Worker("follower", self._turn, backoff=backoff)

    # --- what others see -----------------------------------------------------------------------

    @property
    def position(self) -> int:
        """The newest position that readers can see; 0 while the views are being rebuilt."""
        return self._position

    @property
    def folded(self) -> int:
        """The newest position that is in all views, also while they are being rebuilt."""
        return self._folded

    @property
    def failure(self) -> str | None:
        """Why the views do not follow the log, None while they do."""
        trouble = self._worker.trouble
        return None if trouble is None else f"after position {self._folded}: {trouble}"

    def listening(self, listener: Listener) -> AbstractContextManager[None]:
        """Call `listener` with every new position inside the block, in the follower's thread."""
        return self._listeners.listening(listener)

    def wait_for(self, position: int, timeout_s: float) -> bool:
        """Block until readers can see a position or the follower fails; tell whether they can."""
        give_up_s = time.monotonic() + timeout_s
        with self._moved:
            while self._position < position and self._worker.failure is None:
                left_s = give_up_s - time.monotonic()
                if left_s <= 0:
                    break
                self._moved.wait(min(left_s, LOOK_S))  # a failure does not notify
        return self._position >= position

    # --- running -------------------------------------------------------------------------------

    def start(self) -> None:
        """Follow the log in a thread of its own."""
        self._worker.start()

    def wake(self) -> None:
        """Say that there is something new in the log; callable from any thread."""
        self._worker.wake()

    def stop(self) -> None:
        """Finish the batch under way and end the thread."""
        self._worker.stop()

    def catch_up(self, told: Listener | None = None) -> int:
        """Fold all there is, in this thread, and return the position; for use without `start`.

        `told` hears the position after each transaction. Raises what the log or a view raises.
        """
        while self._step():
            if told is not None:
                told(self._folded)
        return self._position

    def _turn(self) -> None:
        if self._step():
            return
        # What arrives in this pause is the next batch; an idle follower is past it.
        self._worker.rest(SETTLE_S)
        while not self._worker.wait(self._poll_s) and not self._changed():
            pass

    def _is_late(self) -> bool:
        return self._log.head() > self._folded

    # --- folding -------------------------------------------------------------------------------

    def _step(self) -> bool:
        """Fold one batch; return False at the head of the log, where the indexes are made."""
        if not self._aligned:
            self._align()
        with self._views.writing() as db:
            full = True
            batches = 0
            while full and batches < MOST_BATCHES:
                full = self._fold(db)
                batches += 1
            tracked = views.tracking(db)
            if not full and not all(each.complete for each in tracked):
                views.complete(db)
                tracked = views.tracking(db)
        self._folded = min(each.position for each in tracked)
        if all(each.complete for each in tracked):
            self._publish(self._folded)
        return full

    def _align(self) -> None:
        """Begin again every view that does not continue this log: one restored from a backup."""
        head = self._log.head()
        with self._views.writing() as db:
            for each in views.tracking(db):
                if each.position and (
                    each.position > head or each.leaf != self._leaf(each.position)
                ):
                    _log.warning(
                        "the view %s knows position %d of another log than this one, whose head is"
                        " %d, and is rebuilt",
                        each.name,
                        each.position,
                        head,
                    )
                    views.reset(db, each.name)
        self._aligned = True

    def _leaf(self, position: int) -> bytes:
        ((_, state),) = self._log.read(position - 1, 1)
        return leaf_hash(state)

    def _fold(self, db: sqlite3.Connection) -> bool:
        """Fold the next entries into the views that have folded the least."""
        positions = {each.name: each.position for each in views.tracking(db)}
        after = min(positions.values())
        further = min((each for each in positions.values() if each > after), default=None)
        limit = self._limit if further is None else min(self._limit, further - after)
        rows = self._log.read(after, limit)
        if not rows:
            return False
        position, state = rows[-1]
        if (rows[0][0], position) != (after + 1, after + len(rows)):
            raise CorruptError("position_missing", f"the log has a gap after position {after}")
        batch = facts.decode(db, self._streams, rows)
        for view in VIEWS:
            if positions[view.NAME] == after:
                view.fold(db, batch)
        views.advance(db, after=after, position=position, leaf=leaf_hash(state))
        mean_bytes = sum(len(state) for _, state in rows) // len(rows)
        self._limit = max(1, min(MOST_EVENTS, MOST_BYTES // mean_bytes))
        return len(rows) == limit

    def _publish(self, position: int) -> None:
        self._worker.succeeded()
        if position == self._position:
            return
        with self._moved:
            self._position = position
            self._moved.notify_all()
        self._listeners.tell(position)


def rebuild(path: Path, log: LogReader, told: Listener | None = None) -> int:
    """Make all views in the file at `path` again from the log and return their position.

    `told` hears the position after each transaction of some 80,000 events.
    """
    opened = Views(path)
    try:
        with opened.writing() as db:
            for view in VIEWS:
                views.reset(db, view.NAME)
        return Follower(opened, log).catch_up(told)
    finally:
        opened.close()
