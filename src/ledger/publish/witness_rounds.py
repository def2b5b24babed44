"""The ledger's witnesses: asked about every new checkpoint, in threads of their own.

The publisher does not wait for them. They are asked in rounds, all about the newest checkpoint, so
that under steady load their cosignatures meet on the same one; whoever is slow or fails is left
behind and asked again later. Checkpoints between two rounds are not cosigned: the later one covers
them.
"""

import logging
import threading
import time
from collections.abc import Callable

from ledger import clock
from ledger.errors import LedgerError, UnavailableError
from ledger.publish.conflicts import Conflicts
from ledger.publish.log_keys import LogKeys
from ledger.publish.served import ServedCheckpoint
from ledger.publish.witness_client import WitnessClient
from ledger.store.sqlite.endorsements import Endorsements
from ledger.store.sqlite.tree import Published, TreeStore
from ledger.tlog.checkpoint import verify_note
from ledger.tlog.merkle import Prover
from ledger.tlog.vkeys import parse_vkey

ROUND_S = 2.0  # after this, a round leaves the slow ones behind
FIRST_RETRY_S, LAST_RETRY_S = 1.0, 60.0
LAG_MS = 60_000
ALARMS = ("witness_ahead", "witness_sees_fork")

_log = logging.getLogger("ledger.witnesses")


class _Link:
    """What this process knows of one witness."""

    def __init__(self, client: WitnessClient) -> None:
        self.client = client
        # What it has cosigned since the start: at first it is asked even about what it cosigned
        # before, for only it knows if the log was longer then.
        self.size = 0
        self.is_asked = False
        self.failure: LedgerError | None = None
        self.retry_s = FIRST_RETRY_S
        self.due_s = 0.0

    @property
    def name(self) -> str:
        return self.client.witness.name

    def succeeded(self, size: int) -> None:
        self.size = max(self.size, size)
        self.failure = None
        self.retry_s = FIRST_RETRY_S
        self.due_s = 0.0

    def failed(self, error: LedgerError) -> None:
        self.failure = error
        self.due_s = time.monotonic() + self.retry_s
        self.retry_s = min(self.retry_s * 2, LAST_RETRY_S)


class Witnesses:
    """The witnesses of one log by its policy; any number of processes may ask them."""

    def __init__(
        self,
        quorum: ServedCheckpoint,
        tree: TreeStore,
        endorsements: Endorsements,
        *,
        keys: LogKeys,
        conflicts: Conflicts,
        now_ms: Callable[[], int],
    ) -> None:
        """Raise MalformedError `url_invalid`."""
        self._quorum = quorum
        self._tree = tree
        self._endorsements = endorsements
        self._keys = keys
        self._conflicts = conflicts
        self._now_ms = now_ms
        self._links = [
            _Link(WitnessClient(each, each.url, known=endorsements.cosigned_by(each.key)))
            for each in quorum.policy.witnesses
            if each.url is not None
        ]
        self._changed = threading.Condition()
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    # --- what others see -----------------------------------------------------------------------

    @property
    def asks(self) -> bool:
        """Whether there is anybody to ask."""
        return bool(self._links)

    def alarms(self) -> list[str]:
        """Return which witnesses say that this log is not the one that they know."""
        return [f"witness {name}: {error}" for name, error in self._failures(alarming=True)]

    def warnings(self) -> list[str]:
        """Return which witnesses fail or lag, and whether the quorum is missing."""
        found = [f"witness {name}: {error}" for name, error in self._failures(alarming=False)]
        newest = self._tree.latest()
        if newest is None or self._now_ms() - clock.to_ms(newest.published_at) < LAG_MS:
            return found
        if not self._quorum.covers(newest.size):
            found.append(f"size {newest.size} is shown without the quorum of the policy")
        return found

    def _failures(self, *, alarming: bool) -> list[tuple[str, LedgerError]]:
        failures = [(link.name, link.failure) for link in self._links]
        return [
            (name, error)
            for name, error in failures
            if error is not None and (error.code in ALARMS) is alarming
        ]

    # --- running -------------------------------------------------------------------------------

    def start(self) -> None:
        """Ask in threads of their own, if there is anybody to ask."""
        if self.asks:
            self._thread = threading.Thread(target=self._run, name="witnesses", daemon=True)
            self._thread.start()

    def wake(self) -> None:
        """Say that there is a new checkpoint; callable from any thread."""
        self._woken.set()

    def stop(self) -> None:
        """End soon; a request under way is left to its end and stores nothing any more."""
        self._stopping.set()
        self._woken.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        for link in self._links:
            link.client.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                self._round()
            except LedgerError as error:
                _log.warning("checkpoints are not shown to witnesses: %s", error)
            self._woken.wait(self._pause_s())

    def _pause_s(self) -> float:
        """Return how long to wait for a new checkpoint: until somebody who failed is due."""
        waits = [link.due_s - time.monotonic() for link in self._links if link.failure is not None]
        return min([max(0.05, wait) for wait in waits], default=LAST_RETRY_S)

    def _round(self) -> None:
        """Ask all who can be asked about the newest checkpoint; leave the slow ones behind."""
        newest = self._tree.latest()
        if newest is None:
            return
        now_s = time.monotonic()
        for link in self._links:
            if not link.is_asked and link.size < newest.size and link.due_s <= now_s:
                link.is_asked = True
                threading.Thread(target=self._ask, args=(link, newest), daemon=True).start()
        with self._changed:
            self._changed.wait_for(self._is_round_over, timeout=ROUND_S)

    def _is_round_over(self) -> bool:
        return self._stopping.is_set() or not any(link.is_asked for link in self._links)

    def _ask(self, link: _Link, newest: Published) -> None:
        """Ask one witness and store what it signs."""
        try:
            prover = Prover(newest.size, self._tree.tile)
            line = link.client.cosign(newest, self._keys.origin, prover.consistency)
            if not self._stopping.is_set():
                self._endorsements.cosign(newest.size, link.client.witness.key, line)
            link.succeeded(newest.size)
        except LedgerError as error:
            self._failed(link, error)
        except Exception as error:  # noqa: BLE001  # a bug here must not end the others' rounds
            if not self._stopping.is_set():  # then it is only that the log is closed
                _log.exception("witness %s", link.name)
            self._failed(link, UnavailableError("peer_unreachable", f"a fault of ours: {error!r}"))
        finally:
            link.is_asked = False
            with self._changed:
                self._changed.notify_all()
            self._woken.set()  # there may be a newer checkpoint by now

    def _failed(self, link: _Link, error: LedgerError) -> None:
        if self._stopping.is_set():
            return
        if error.code == "witness_ahead":
            newest = self._tree.latest()
            # Another process has published more, and the witness has seen it.
            if newest is not None and newest.size >= int(str(error.evidence["size"])):
                self.wake()
                return
        level = logging.ERROR if error.code in ALARMS else logging.WARNING
        _log.log(level, "witness %s: %s", link.name, error)
        link.failed(error)
        if error.code in ALARMS:
            try:
                self._confront(link.client.latest(self._keys.origin))
            except LedgerError as silence:
                _log.warning("witness %s does not prove it: %s", link.name, silence)

    def _confront(self, note: bytes) -> None:
        """Hold a witness's checkpoint against this log; report it if our own keys contradict us.

        A witness's word alone stops nobody: it could say so to harm us.
        """
        keys = [parse_vkey(key.vkey) for key in self._keys.charter.log_keys]
        signed = verify_note(note, keys, expected_origin=self._keys.origin).checkpoint
        newest = self._tree.latest()
        if signed.size > self._tree.head():
            self._conflicts.report(note, signed)
            return
        if newest is None or signed.size > newest.size:
            return  # it is not to be told before the rest is published
        if Prover(newest.size, self._tree.tile).root(signed.size) != signed.root:
            self._conflicts.report(note, signed)
