"""Ask the witnesses to cosign new checkpoints, in background threads.

The publisher does not wait for them. In each round, every witness is asked about the newest
checkpoint, so that under steady load their cosignatures are on the same checkpoint. A witness that
is slow or fails is left out and asked again later. A checkpoint between two rounds gets no
cosignature: the next cosigned one covers it.
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
from ledger.store.ports.endorsements import EndorsementTables
from ledger.store.ports.tree import Published, TreeTables
from ledger.system.worker import Backoff, Worker
from ledger.tlog.checkpoint import verify_note
from ledger.tlog.merkle import Prover
from ledger.tlog.vkeys import parse_vkey

ROUND_S = 2.0  # how long a round waits for slow witnesses
FIRST_RETRY_S, LAST_RETRY_S = 1.0, 60.0
LAG_MS = 60_000
ALARMS = ("witness_ahead", "witness_sees_fork")

_log = logging.getLogger("ledger.witnesses")


class _Link:
    """What this process knows about one witness."""

    def __init__(self, client: WitnessClient) -> None:
        self.client = client
        # The size cosigned since the start. After a start, ask also about sizes cosigned before:
        # only the witness knows whether the log was longer then.
        self.size = 0
        self.is_asked = False
        self.failures = 0  # since the start
        self.failure: LedgerError | None = None
        self.backoff = Backoff(FIRST_RETRY_S, LAST_RETRY_S)
        self.due_s = 0.0

    @property
    def name(self) -> str:
        return self.client.witness.name

    def succeeded(self, size: int) -> None:
        self.size = max(self.size, size)
        self.failure = None
        self.backoff.reset()
        self.due_s = 0.0

    def failed(self, error: LedgerError) -> None:
        self.failure = error
        self.failures += 1
        self.due_s = time.monotonic() + self.backoff.next_s()


class WitnessRounds:
    """The witnesses of one log's policy, which any number of processes may ask."""

    def __init__(
        self,
        quorum: ServedCheckpoint,
        tree: TreeTables,
        endorsements: EndorsementTables,
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
        backoff = Backoff(FIRST_RETRY_S, LAST_RETRY_S)
        self._worker = Worker("witnesses", self._turn, backoff=backoff)

    # --- status --------------------------------------------------------------------------------

    @property
    def asks(self) -> bool:
        """Whether the policy has a witness with an address."""
        return bool(self._links)

    @property
    def failures(self) -> int:
        """How many requests to witnesses have failed since the start."""
        return sum(link.failures for link in self._links)

    def alarms(self) -> list[str]:
        """Return the witnesses that report a log other than this one."""
        return [f"witness {name}: {error}" for name, error in self._failures(alarming=True)]

    def warnings(self) -> list[str]:
        """Return the witnesses that fail or lag, and whether the quorum is missing."""
        found = [f"witness {name}: {error}" for name, error in self._failures(alarming=False)]
        if self._worker.trouble is not None:
            found.append(f"witnesses are not asked: {self._worker.trouble}")
        newest = self._tree.latest()
        if newest is None or self._now_ms() - clock.to_ms(newest.published_at) < LAG_MS:
            return found
        if not self._quorum.covers(newest.size):
            found.append(f"size {newest.size} is served without the policy's quorum")
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
        """Start the threads, if there is a witness to ask."""
        if self.asks:
            self._worker.start()

    def wake(self) -> None:
        """Signal a new checkpoint. Any thread may call it."""
        self._worker.wake()

    def stop(self) -> None:
        """Stop soon: running requests are cut off and nothing of them is stored."""
        self._worker.stop(0)
        with self._changed:
            self._changed.notify_all()
        for link in self._links:
            link.client.close()
        self._worker.stop()

    def _turn(self) -> None:
        self._round()
        self._worker.wait(self._pause_s())

    def _pause_s(self) -> float:
        """Return how long to wait for a new checkpoint: until the next retry is due."""
        waits = [link.due_s - time.monotonic() for link in self._links if link.failure is not None]
        return min([max(0.05, wait) for wait in waits], default=LAST_RETRY_S)

    def _round(self) -> None:
        """Ask every available witness about the newest checkpoint; do not wait for slow ones."""
        newest = self._tree.latest()
        # After a restore, the first checkpoint under the new origin is the first to be asked about.
        if newest is None or self._keys.origin_of(newest.size) != self._keys.origin:
            return
        now_s = time.monotonic()
        for link in self._links:
            if not link.is_asked and link.size < newest.size and link.due_s <= now_s:
                link.is_asked = True
                try:
                    threading.Thread(target=self._ask, args=(link, newest), daemon=True).start()
                except RuntimeError as error:  # the system has no thread left
                    link.is_asked = False
                    raise UnavailableError("system_failed", f"{error}") from error
        with self._changed:
            self._changed.wait_for(self._is_round_over, timeout=ROUND_S)

    def _is_round_over(self) -> bool:
        return self._worker.is_stopping or not any(link.is_asked for link in self._links)

    def _ask(self, link: _Link, newest: Published) -> None:
        """Ask one witness and store its cosignature; record any failure for this witness."""
        try:
            self._cosign(link, newest)
        except LedgerError as error:
            self._failed(link, error)
        except Exception as error:  # noqa: BLE001  # a bug must not end the thread unseen
            _log.exception("witness %s", link.name)
            fault = UnavailableError("peer_unreachable", f"internal error: {type(error).__name__}")
            self._failed(link, fault)
        finally:
            link.is_asked = False
            with self._changed:
                self._changed.notify_all()
            self._worker.wake()  # there may be a newer checkpoint by now

    def _cosign(self, link: _Link, newest: Published) -> None:
        prover = Prover(newest.size, self._tree.tile)
        line = link.client.cosign(newest, self._keys.origin, prover.consistency)
        if not self._worker.is_stopping:
            self._endorsements.cosign(newest.size, link.client.witness.key, line)
        link.succeeded(newest.size)

    def _failed(self, link: _Link, error: LedgerError) -> None:
        """Record a failure; investigate it if the witness reports another log."""
        if self._worker.is_stopping:
            return
        link.failed(error)  # first, so that an error below does not cause an immediate retry
        try:
            if error.code == "witness_ahead" and self._is_published(error):
                # Another process has published a larger size, which the witness has seen.
                link.succeeded(0)
                return
            level = logging.ERROR if error.code in ALARMS else logging.WARNING
            _log.log(level, "witness %s: %s", link.name, error)
            if error.code in ALARMS:
                self._confront(link.client.latest(self._keys.origin))
        except LedgerError as silence:
            _log.warning("witness %s gives no proof: %s", link.name, silence)
        except Exception:  # noqa: BLE001  # a bug must not end the thread unseen
            _log.exception("cannot investigate what witness %s reports", link.name)

    def _is_published(self, error: LedgerError) -> bool:
        newest = self._tree.latest()
        return newest is not None and newest.size >= int(str(error.evidence["size"]))

    def _confront(self, note: bytes) -> None:
        """Compare a witness's checkpoint with this log; report it if our own keys signed it.

        A witness's unsigned claim never stops the ledger: it could be made to do harm.
        """
        keys = [parse_vkey(key.vkey) for key in self._keys.charter.log_keys]
        signed = verify_note(note, keys, expected_origin=self._keys.origin).checkpoint
        newest = self._tree.latest()
        if signed.size > self._tree.head():
            self._conflicts.report(note, signed)
            return
        if newest is None or signed.size > newest.size:
            return  # cannot be decided before the rest is published
        if Prover(newest.size, self._tree.tile).root(signed.size) != signed.root:
            self._conflicts.report(note, signed)
