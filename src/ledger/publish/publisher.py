"""The publisher: keeps the newest checkpoint within a second of the newest commit, in a thread.

At most two checkpoints a second, however much is committed. What makes one is `publication`; this
is when, what waits for it, and what happens when the log turns out not to be the one that was
signed: nothing is signed and nothing is appended any more, and the health check says why.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ledger.errors import CorruptError, LedgerError, UnavailableError
from ledger.publish.log_keys import LogKeys
from ledger.publish.publication import Publication, StoppedError
from ledger.store.sqlite.signer_state import SignerState
from ledger.store.sqlite.tree import TreeStore

INTERVAL_S = 0.5  # between two checkpoints
SETTLE_S = 0.05  # from the first of some commits to their checkpoint, while idle
POLL_S = 0.25  # for other processes' commits
RETRY_S = 1.0
STALLED_S = 30.0

SizeListener = Callable[[int], None]
_log = logging.getLogger("ledger.publisher")


class Publisher:
    """Publishes one log; any number of processes may, the signer's state keeps them apart."""

    def __init__(
        self, tree: TreeStore, state: SignerState, keys: LogKeys, *, interval_s: float = INTERVAL_S
    ) -> None:
        self._tree = tree
        self._interval_s = interval_s
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._publication = Publication(tree, state, keys, stopping=self._stopping)
        self._sound = False
        self._failure: LedgerError | None = None
        self._size = 0
        self._moved_s = time.monotonic()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._listeners: list[SizeListener] = []

    # --- what others see -----------------------------------------------------------------------

    @property
    def size(self) -> int:
        """The size of the newest checkpoint that this process knows, 0 before the first."""
        return self._size

    @property
    def failure(self) -> LedgerError | None:
        """Why nothing is published, None while all is well."""
        return self._failure

    @property
    def is_over(self) -> bool:
        """Whether the failure is one that does not pass."""
        return self._failure is not None and not isinstance(self._failure, UnavailableError)

    def require_sound(self) -> None:
        """Let a write pass, or raise UnavailableError: the log is not the one that was signed.

        `log_rolled_back`, `log_forked`, `log_unsound`, or `not_yet` while a start still compares.
        """
        if self.is_over and self._failure is not None:
            known = self._failure.code in ("log_rolled_back", "log_forked")
            code = self._failure.code if known else "log_unsound"
            raise UnavailableError(code, f"nothing is appended: {self._failure.detail}")
        if not self._sound:
            raise UnavailableError("not_yet", "the log is being compared with what was signed")

    def reasons(self) -> list[str]:
        """Return why the log's publication is not healthy; nothing if it is."""
        if self._failure is not None:
            return [f"the log is not published: {self._failure}"]
        idle_s = time.monotonic() - self._moved_s
        if idle_s > STALLED_S and self._tree.head() > self._size:
            return [f"the log was not published for {idle_s:.0f} s"]
        return []

    @contextmanager
    def listening(self, listener: SizeListener) -> Iterator[None]:
        """Call `listener` with every new size inside the block, in the publisher's thread."""
        with self._lock:
            self._listeners.append(listener)
        try:
            yield
        finally:
            with self._lock:
                self._listeners.remove(listener)

    # --- running -------------------------------------------------------------------------------

    def open(self) -> None:
        """Compare the log with what was signed, quickly; what is wrong is then `failure`."""
        try:
            published, stated = self._publication.compare()
        except LedgerError as error:
            self._fail(error)
            return
        self._size = 0 if published is None else published.size
        self._sound = stated is None or self._size == stated.size

    def start(self) -> None:
        """Publish in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that there is something new in the log; callable from any thread."""
        self._woken.set()

    def look_again(self) -> None:
        """Say that the signer's state has moved by itself; callable from any thread."""
        self._publication.look_again()
        self._woken.set()

    def stop(self) -> None:
        """End the thread; what is not published yet is by the next start."""
        self._stopping.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set() and not self.is_over:
            self._woken.clear()
            try:
                moved = self._publication.step()
                self._tell(self._publication.size)
                if moved:
                    self._stopping.wait(self._interval_s)
                else:
                    self._wait()
            except StoppedError:
                return
            except UnavailableError as error:
                # An outage passes; only that is tried again.
                self._failure = error
                self._stopping.wait(RETRY_S)
            except LedgerError as error:
                self._fail(error)
            except Exception as error:  # noqa: BLE001  # a bug here must not sign, nor go unseen
                _log.exception("the publisher stops")
                self._fail(CorruptError("log_unsound", f"the publisher failed: {error!r}"))

    def _wait(self) -> None:
        while not self._woken.wait(POLL_S) and self._tree.head() == self._size:
            self._moved_s = time.monotonic()
        self._stopping.wait(SETTLE_S)

    def _fail(self, error: LedgerError) -> None:
        _log.error("the log is not published any more: %s", error)
        self._failure = error

    def _tell(self, size: int) -> None:
        self._sound = True
        self._failure = None
        self._moved_s = time.monotonic()
        if size == self._size:
            return
        self._size = size
        with self._lock:
            listeners = [*self._listeners]
        for listener in listeners:
            try:
                listener(size)
            except Exception:  # noqa: BLE001  # a listener's end is its own affair
                _log.exception("a listener to checkpoints failed")
