"""Read the whole log in the background, slowly and repeatedly, to find damage early.

A disk can change a byte that nobody reads for years, while backups of the sound bytes are thrown
away. The scrubber compares each body with its entry and each entry with its leaf hash. The first
damage stops it and fails the health check; the audit then says what else is wrong.
"""

from ledger.domain.entry import cut, is_erased, leaf_hash, parse_canonical, unseal
from ledger.errors import CorruptError, LedgerError
from ledger.store.ports.log import StoreReader
from ledger.store.ports.tree import TreeTables
from ledger.system.worker import Backoff, Worker

# A body has up to three times the largest document in it: so few events are in memory at once.
EVENTS = 16
PAUSE_S = 0.01  # between two steps: a million events take about fifteen minutes
AGAIN_S = 3600.0  # between two passes
FIRST_RETRY_S, LAST_RETRY_S = 1.0, 60.0


class Scrubber:
    """Scrubs one log, on connections of its own."""

    def __init__(self, log: StoreReader, tree: TreeTables) -> None:
        self._log = log
        self._tree = tree
        self._position = 0
        backoff = Backoff(FIRST_RETRY_S, LAST_RETRY_S)
        self._worker = Worker("scrubber", self._turn, backoff=backoff)

    @property
    def position(self) -> int:
        """The newest position that this pass has compared."""
        return self._position

    def start(self) -> None:
        """Begin the first pass."""
        self._worker.start()

    def stop(self) -> None:
        """Stop within a step."""
        self._worker.stop()

    def failures(self) -> list[str]:
        """Return what is damaged; empty if nothing was found yet.

        A passing error, which the worker retries, says nothing of the log.
        """
        return [f"the log is damaged: {self._worker.trouble}"] if self._worker.is_over else []

    def _turn(self) -> None:
        if self.step():
            self._worker.rest(PAUSE_S)
        else:
            self._position = 0
            self._worker.wait(AGAIN_S)

    def step(self) -> bool:
        """Compare the next few events; return False at the head of the log.

        Raises CorruptError as `entry.unseal`, or `position_missing`, `leaf_mismatch`.
        """
        after = self._position
        leaves = self._tree.leaves(after, EVENTS)
        states = self._log.read(after, len(leaves))
        for leaf, (position, state) in zip(leaves, states, strict=False):
            if position != leaf.position:
                break
            self._compare(position, state, leaf.claimed)
            self._position = position
        else:
            if len(states) == len(leaves):
                return bool(leaves)
        missing = self._position + 1
        detail = f"the body of position {missing} is missing"
        raise CorruptError("position_missing", detail, position=missing)

    @staticmethod
    def _compare(position: int, state: bytes, claimed: bytes) -> None:
        try:
            if is_erased(state):
                parse_canonical(cut(state)[0])
            else:
                unseal(state)
        except LedgerError as error:
            detail = f"position {position}: {error.detail}"
            raise CorruptError(error.code, detail, position=position) from error
        if leaf_hash(state) != claimed:
            detail = f"position {position}: the entry does not match its committed leaf hash"
            raise CorruptError("leaf_mismatch", detail, position=position)
