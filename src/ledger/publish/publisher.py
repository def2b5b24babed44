"""Publish checkpoints in a background thread, within a second of the newest commit.

It makes at most two checkpoints a second, however much is committed. Of several servers one has the
turn to publish, and the others follow; they stand in for one that is late. `publication` makes a
checkpoint; this module decides when. If the log differs from what was signed, or the log keys are
not found, nothing is signed or appended, and the health check gives the reason. Everything can
still be read. Missing keys are looked for again until they are there, or others are announced.

A passing error (a lock, a full disk, another publisher that is always first) is retried. While it
lasts, the committed tail that no checkpoint covers grows older: after ALARM_S the health check says
so, and after the bound of the settings nothing is appended until it is published.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

from ledger.errors import LedgerError, UnavailableError
from ledger.publish.log_keys import LogKeys
from ledger.publish.publication import Publication
from ledger.publish.tail import Tail
from ledger.store.ports.signer_memory import SignerMemory
from ledger.store.ports.tree import TreeTables
from ledger.store.ports.turn import OwnTurn, PublishingTurn
from ledger.system.worker import Backoff, Listener, Listeners, StoppedError, Worker, WorkerState

INTERVAL_S = 0.5  # between two checkpoints
SETTLE_S = 0.05  # from the first commit to its checkpoint, while idle
POLL_S = 0.25  # how often to look for other processes' commits
FIRST_RETRY_S, LAST_RETRY_S = 0.5, 5.0
STAND_IN_S = 1.0  # the age of the tail from which a server without the turn publishes
ALARM_S = 30.0  # the age of the tail from which the health check reports it
MOST_TAIL_S = 300.0  # the age of the tail from which nothing is appended

# The most checkpoints of a stop: an unfulfilled promise, then the rest.
LAST_STEPS = 2

# What strangers may read. The errors themselves name files and devices, and are in the log.
_SAID = {
    "log_keys_missing": "a log key that this log announces is not found: put it back, or announce "
    "new ones with `ledger log rotate-keys`",
    "signer_unavailable": "the HSM or agent that keeps a log key does not answer",
}

_log = logging.getLogger("ledger.publisher")


class PublishingTimes(NamedTuple):
    """The time between two checkpoints, and the age of the tail from which nothing is appended."""

    interval_s: float = INTERVAL_S
    most_tail_s: float = MOST_TAIL_S


class Publisher:
    """Publishes one log. Several processes may do so; the signer's memory orders them."""

    def __init__(
        self,
        tree: TreeTables,
        memory: SignerMemory,
        keys: LogKeys,
        now_ms: Callable[[], int],
        *,
        times: PublishingTimes | None = None,
        turn: PublishingTurn | None = None,
    ) -> None:
        self._tree = tree
        self._times = times or PublishingTimes()
        self._tail = Tail()
        self._turn_to_publish = turn or OwnTurn()
        backoff = Backoff(FIRST_RETRY_S, LAST_RETRY_S)
        self._worker = Worker("publisher", self._turn, backoff=backoff)
        self._keys = keys
        self._publication = Publication(tree, memory, keys, now_ms, rest=self._worker.rest)
        self._sound = False
        self._not_signing: UnavailableError | None = None
        self._size = 0
        self._listeners = Listeners()

    # --- status --------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """The size of the newest checkpoint known to this process; 0 before the first."""
        return self._size

    @property
    def failure(self) -> Exception | None:
        """Why nothing is published; None if publication works."""
        return self._worker.failure

    @property
    def is_over(self) -> bool:
        """Whether the failure is permanent."""
        return self._worker.is_over

    def tail_age_s(self) -> float:
        """Return for how long the oldest unpublished entry has been committed; 0 without one."""
        return self._tail.age_s()

    def require_sound(self) -> None:
        """Let a write proceed, or raise UnavailableError if nothing may be appended.

        Codes: `log_rolled_back`, `log_forked`, `log_unsound` if the log is not the signed one;
        `memory_missing` until somebody confirms the newest size; `not_yet` while a start still
        compares; `log_keys_missing`, and `signer_unavailable` until
        an HSM or an agent has answered once since the start. Later it may fail for a while: what
        is appended meanwhile is signed when it answers again. `publication_late` while the
        unpublished tail is too old.
        """
        if self.is_over:
            failure = self.failure
            code = failure.code if isinstance(failure, LedgerError) else ""
            known = code in ("log_rolled_back", "log_forked")
            detail = failure.detail if isinstance(failure, LedgerError) else repr(failure)
            raise UnavailableError(
                code if known else "log_unsound", f"nothing is appended: {detail}"
            )
        failure = self.failure
        if isinstance(failure, UnavailableError) and failure.code == "memory_missing":
            raise UnavailableError(failure.code, f"nothing is appended: {failure.detail}")
        if self._not_signing is not None:
            detail = f"nothing is appended: {self._not_signing.detail}"
            raise UnavailableError(self._not_signing.code, detail)
        if not self._sound:
            raise UnavailableError(
                "not_yet", "the log is still being compared with its signed checkpoints"
            )
        age_s = self.tail_age_s()
        if age_s > self._times.most_tail_s:
            detail = f"entries have had no checkpoint for {age_s:.0f} s; nothing is appended"
            raise UnavailableError("publication_late", detail)

    def reasons(self) -> list[str]:
        """Return why publication is not healthy; empty if it is."""
        trouble = self._worker.trouble
        if trouble is None and self._not_signing is not None:
            trouble = str(self._not_signing)
        if trouble is not None:
            return [f"the log is not published: {trouble}"]
        age_s = self.tail_age_s()
        if age_s > ALARM_S:
            return [f"the log has not been published for {age_s:.0f} s"]
        return []

    def listening(self, listener: Listener) -> AbstractContextManager[None]:
        """Call `listener` with every new size inside the block, in the publisher's thread."""
        return self._listeners.listening(listener)

    # --- running -------------------------------------------------------------------------------

    def open(self) -> None:
        """Compare the log with the signer's memory at once, and look for the log keys.

        A mismatch is stored in `failure`.
        """
        try:
            published, stated = self._publication.compare()
            missing = self._why_not_signing()
        except UnavailableError as error:
            _log.warning("the comparison with the signed checkpoints is postponed: %s", error)
            return
        except LedgerError as error:
            self._worker.fail(error)
            return
        if missing is not None:
            self._not_signing = self._told(missing)
        self._size = 0 if published is None else published.size
        self._sound = stated is None or self._size == stated.size

    def start(self) -> None:
        """Start publishing in a background thread."""
        self._worker.start()

    def committed(self, newest: int) -> None:
        """Signal that the log has this many entries. Any thread may call it."""
        self._tail.committed(newest)
        self._worker.wake()

    def look_again(self) -> None:
        """Signal that another component changed the signer's memory. Any thread may call it."""
        self._publication.look_again()
        self._worker.wake()

    def stop(self) -> None:
        """End the thread, then publish the committed rest if it is small.

        The rest is limited to about 1,000 entries, so that a stop takes no longer than one
        checkpoint; the next start publishes a longer one.
        """
        was_started = self._worker.health.state is not WorkerState.NEW
        self._worker.stop()
        if self.is_over or not was_started:
            return
        try:
            for _ in range(LAST_STEPS):
                self._publication.step()
                self._tell(self._publication.size)
        except StoppedError:
            _log.info("the next start will publish the rest of the log")
        except LedgerError as error:
            _log.warning("the rest of the log was not published: %s", error)

    def _why_not_signing(self) -> UnavailableError | None:
        """Return why the next checkpoint cannot be signed; a frozen log needs no other one."""
        if self._keys.charter.frozen:
            return None
        return self._keys.why_not_signing(self._tree.head() + 1)

    def _told(self, error: UnavailableError) -> UnavailableError:
        """Return an error about keys in words for strangers; log its own words once."""
        if error.code not in _SAID:
            return error
        if self.failure is None:
            _log.warning("the log is not signed: %s", error)
        return UnavailableError(error.code, _SAID[error.code])

    def _turn(self) -> None:
        self._tail.committed(self._tree.head())
        missing = self._why_not_signing()
        if missing is not None:
            # A device that has answered since the start is waited for; writes go on meanwhile.
            has_answered = self._not_signing is None
            told = self._told(missing)
            if missing.code != "signer_unavailable" or not has_answered:
                self._not_signing = told
            raise told
        self._not_signing = None
        if not (self._turn_to_publish.take() or self._tail.age_s() > STAND_IN_S):
            self._publication.follow()
            self._tell(self._publication.size)
            self._worker.wait(POLL_S)
            self._worker.rest(SETTLE_S)
            return
        try:
            moved = self._publication.step()
        except UnavailableError as error:
            raise self._told(error) from error
        self._tell(self._publication.size)
        if moved:
            self._worker.rest(self._times.interval_s)
            return
        while not self._worker.wait(POLL_S) and self._tree.head() == self._size:
            pass
        self._worker.rest(SETTLE_S)

    def _tell(self, size: int) -> None:
        self._sound = True
        self._worker.succeeded()
        self._tail.published(size)
        if size != self._size:
            self._size = size
            self._listeners.tell(size)
