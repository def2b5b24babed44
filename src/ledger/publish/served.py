"""Choose the checkpoint to serve as the newest: one with a quorum, or one that waited long enough.

A newer checkpoint without a quorum must not hide an older one with a quorum from clients that
require it. An outage of the witnesses delays the served checkpoint and does not stop it.
"""

import threading
from collections.abc import Callable
from pathlib import Path

from ledger import clock
from ledger.errors import MalformedError
from ledger.store.ports.endorsements import Cosigned, EndorsementTables, name_of
from ledger.store.ports.tree import Published, TreeTables
from ledger.tlog.vkeys import NoteKey
from ledger.tlog.witness_policy import NONE, WitnessPolicy, parse_policy

MOST_ROWS = 1000
NO_POLICY = WitnessPolicy((), (), (), NONE)


class ServedCheckpoint:
    """A policy, and the newest size that its quorum has cosigned."""

    def __init__(
        self,
        policy: WitnessPolicy,
        endorsements: EndorsementTables,
        *,
        wait_s: float,
        now_ms: Callable[[], int],
    ) -> None:
        self.policy = policy
        self._endorsements = endorsements
        self._wait_ms = round(wait_s * 1000)
        self._now_ms = now_ms
        self._keys = {name_of(key): key for key in policy.keys}
        self._lock = threading.Lock()
        self._seen = 0
        self._met = 0
        self._open: dict[int, set[NoteKey]] = {}

    def covers(self, size: int) -> bool:
        """Tell whether the policy needs no quorum, or this or a larger size has one."""
        return self.policy.quorum == NONE or self._newest() >= size

    def served(self, tree: TreeTables) -> Published | None:
        """Return the checkpoint to serve as the newest; None before the first.

        The newest checkpoint is held back until it has its quorum, at most `wait_s` seconds.
        """
        newest = tree.latest()
        if newest is None or self.policy.quorum == NONE:
            return newest
        met = self._newest()
        if newest.size == met:
            return newest
        overdue = tree.latest(before=clock.to_text(self._now_ms() - self._wait_ms))
        if overdue is not None and overdue.size > met:
            return overdue
        return tree.checkpoint(met) if met else None

    def _newest(self) -> int:
        """Return the newest size with a quorum; 0 if there is none."""
        with self._lock:
            for row in self._endorsements.cosigned_since(self._seen, MOST_ROWS):
                self._take(row)
            return self._met

    def _take(self, row: Cosigned) -> None:
        self._seen = row.id
        key = self._keys.get(row.witness)
        if key is None or row.size <= self._met:
            return
        cosigners = self._open.setdefault(row.size, set())
        cosigners.add(key)
        if self.policy.met(cosigners):
            self._met = row.size
            self._open = {size: keys for size, keys in self._open.items() if size > row.size}
        elif len(self._open) > MOST_ROWS:
            del self._open[min(self._open)]


def read_policy(path: Path | None, origin: str) -> WitnessPolicy:
    """Return the policy in a file, or the empty policy without a file.

    Raises MalformedError `policy_malformed`, also if the policy is for other logs, or if the
    witnesses with an address cannot form the quorum; OSError if the file cannot be read.
    """
    if path is None:
        return NO_POLICY
    policy = parse_policy(path.read_bytes())
    if policy.logs and origin not in {log.key.name for log in policy.logs}:
        raise MalformedError("policy_malformed", f"{path} does not name the log {origin}")
    if not policy.met(each.key for each in policy.witnesses if each.url is not None):
        detail = f"{path}: the witnesses with an address cannot form the quorum"
        raise MalformedError("policy_malformed", detail)
    return policy
