"""Keep the views up to date: read new events from the log and fold them into all views.

The follower runs in its own thread. One transaction holds a batch, all views and their tracking.
Under load, a batch is what arrived during the previous one, at most 50 batches a second; an idle
follower folds a new event at once.

After an outage (a lock, a full disk, a deleted file) the follower opens the views anew, compares
them with the log, and goes on. It rebuilds views whose file is damaged. An event that it cannot
fold stops it and stays in `failure`; it never skips an event.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path

from ledger.domain.entry import leaf_hash
from ledger.errors import CorruptError, UnavailableError
from ledger.system.garbage import collected_rarely
from ledger.system.worker import Backoff, Listener, Listeners, Worker
from projections import erasures, facts, views
from projections.facts import LogReader, Streams
from projections.views import VIEWS
from projections.views_file import DAMAGED, Views

__all__ = ["Follower", "LogReader", "Views", "rebuild"]

POLL_S = 0.05
LOOK_S = 0.05  # how often `wait_for` checks for a failure
TEND_S = 1.0  # how often an idle follower looks after the views' file
# The pause after a batch. Fifty transactions a second cost 5 % of one core under load.
SETTLE_S = 0.02
FIRST_RETRY_S, LAST_RETRY_S = 0.5, 5.0
# Events in a batch while catching up: enough to make its fixed cost negligible, few enough to stay
# in the processor's cache until the last view folds them. With 4,000, each event takes a fifth
# longer.
MOST_EVENTS = 512
MOST_BYTES = 16 * 1024 * 1024
# Batches in one transaction while catching up. Larger transactions write slowly filling pages once.
MOST_BATCHES = 160

_log = logging.getLogger("ledger.projections")


class _ErasedError(Exception):
    """The next batch erases what the views show."""


class Follower:
    """Fold the log into the views, up to its head.

    `changed` tells whether another process may have appended. By default, the follower reads the
    log's head to find out.
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
        self._goal: int | None = None  # the log's head when the views began to catch up with it
        self._listeners = Listeners()
        backoff = Backoff(FIRST_RETRY_S, LAST_RETRY_S)
        self.worker = Worker("follower", self._turn, backoff=backoff)

    # --- status --------------------------------------------------------------------------------

    @property
    def position(self) -> int:
        """The newest position that readers can see; 0 during a rebuild."""
        return self._position

    @property
    def folded(self) -> int:
        """The newest position that all views contain, including during a rebuild."""
        return self._folded

    @property
    def has_caught_up(self) -> bool:
        """Whether the views have reached the head that the log had when they were opened.

        Views of before a restart can be far behind, and are not to be shown until then.
        """
        return self._goal is not None and self._position >= max(self._goal, 1)

    @property
    def goal(self) -> int:
        """The position that the views must reach before they are shown."""
        return self._goal or 0

    @property
    def failure(self) -> str | None:
        """Why the views do not follow the log; None while they do."""
        trouble = self.worker.trouble
        return None if trouble is None else f"after position {self._folded}: {trouble}"

    def listening(self, listener: Listener) -> AbstractContextManager[None]:
        """Call `listener` with every new position inside the block, in the follower's thread."""
        return self._listeners.listening(listener)

    def wait_for(self, position: int, timeout_s: float) -> bool:
        """Block until readers can see a position; return False on failure or timeout."""
        give_up_s = time.monotonic() + timeout_s
        with self._moved:
            while self._position < position and self.worker.failure is None:
                left_s = give_up_s - time.monotonic()
                if left_s <= 0:
                    break
                self._moved.wait(min(left_s, LOOK_S))  # a failure does not notify
        return self._position >= position

    # --- running -------------------------------------------------------------------------------

    def start(self) -> None:
        """Start following the log in a background thread."""
        self.worker.start()

    def wake(self) -> None:
        """Signal that the log has new events. Any thread may call it."""
        self.worker.wake()

    def stop(self) -> None:
        """Finish the current batch and end the thread."""
        self.worker.stop()

    def catch_up(self, told: Listener | None = None) -> int:
        """Fold everything in the calling thread and return the position, without `start`.

        `told` is called with the position after each transaction. Raises what the log or a view
        raises.
        """
        while self._step():
            if told is not None:
                told(self._folded)
        return self._position

    def _turn(self) -> None:
        try:
            self._views.require_held()
            if self._step():
                return
            # Events that arrive during this pause form the next batch. An idle follower is not in
            # it.
            self.worker.rest(SETTLE_S)
            self._idle()
        except (UnavailableError, OSError, MemoryError):
            self._start_over()
            raise
        except CorruptError as error:
            if error.code != DAMAGED:
                raise
            self._views.discard()
            self._start_over()
            raise UnavailableError("views_lost", f"{error.detail}; they are rebuilt") from error

    def _idle(self) -> None:
        """Wait for new events."""
        tended_s = 0.0
        while not self.worker.wait(self._poll_s) and not self._changed():
            if time.monotonic() - tended_s > TEND_S:
                self._views.require_held()
                self._views.shrink_wal()
                tended_s = time.monotonic()

    def _start_over(self) -> None:
        """Forget what the file may not contain, so that the next step opens and compares it."""
        self._views.close_writer()
        self._streams = Streams()
        self._aligned = False

    def _is_late(self) -> bool:
        return self._log.head() > self._folded

    # --- folding -------------------------------------------------------------------------------

    def _step(self) -> bool:
        """Fold one batch; at the head of the log, create the indexes and return False.

        Build the views anew if the batch erases what they show.
        """
        try:
            return self._fold_next()
        except _ErasedError:
            _log.warning("a change erased something; the views are built anew without it")
            self._views.discard()
            self._start_over()
            return True

    def _fold_next(self) -> bool:
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
        """Reset every view that does not continue this log, such as one restored from a backup."""
        head = self._log.head()
        with self._views.writing() as db:
            for each in views.tracking(db):
                if each.position and (
                    each.position > head or each.leaf != self._leaf(each.position)
                ):
                    _log.warning(
                        "the view %s is at position %d, which does not match this log (head"
                        " %d); it is rebuilt",
                        each.name,
                        each.position,
                        head,
                    )
                    views.reset(db, each.name)
            is_readable = views.is_complete(db)
        if self._goal is None or not is_readable:
            self._goal = head
        if not is_readable:
            self._position = 0  # until the rebuild is done, nothing can be read
        self._aligned = True

    def _leaf(self, position: int) -> bytes:
        ((_, state),) = self._log.read(position - 1, 1)
        return leaf_hash(state)

    def _fold(self, db: sqlite3.Connection) -> bool:
        """Fold the next entries into the views with the lowest position."""
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
        if erasures.erases(db, batch):
            raise _ErasedError
        for view in VIEWS:
            if positions[view.NAME] == after:
                view.fold(db, batch)
        views.advance(db, after=after, position=position, leaf=leaf_hash(state))
        mean_bytes = sum(len(state) for _, state in rows) // len(rows)
        self._limit = max(1, min(MOST_EVENTS, MOST_BYTES // mean_bytes))
        return len(rows) == limit

    def _publish(self, position: int) -> None:
        self.worker.succeeded()
        if position == self._position:
            return
        with self._moved:
            self._position = position
            self._moved.notify_all()
        self._listeners.tell(position)


def rebuild(path: Path, log: LogReader, told: Listener | None = None) -> int:
    """Rebuild all views in the file at `path` from the log and return their position.

    `told` is called with the position after each transaction of about 80,000 events.
    """
    with closing(Views(path)) as opened, collected_rarely():
        with opened.writing() as db:
            for view in VIEWS:
                views.reset(db, view.NAME)
        return Follower(opened, log).catch_up(told)
