"""The port of the signer's memory: the last tree that this ledger's log keys signed.

A restored backup of the log does not know what was signed after the backup; the memory does,
because it is stored outside the log. For each origin that the log has had it holds the epoch and
the last checkpoint, whose root commits to every entry of that tree.

Do not back it up together with the log: an old memory would match an old log, and nothing would
show that later checkpoints were signed. A ledger whose memory is missing signs nothing until a
witness or the operator confirms the newest size, or the operator declares a restore.
"""

from typing import Protocol

from ledger.domain.epochs import SignedTree
from ledger.tlog.checkpoint import Checkpoint


class SignerMemory(Protocol):
    """The newest signed tree of each origin, for any thread and any number of processes.

    Every call may raise UnavailableError `storage_failed`.
    """

    def close(self) -> None:
        """Close the storage."""
        ...

    def get(self, origin: str) -> Checkpoint | None:
        """Return the last signed tree, None if nothing was signed."""
        ...

    def known(self) -> list[SignedTree]:
        """Return the last signed tree of every origin, the newest epoch last."""
        ...

    def swap(self, expected: Checkpoint | None, new: Checkpoint) -> bool:
        """Replace `expected` by `new`, durably; return False, unchanged, if another is stored."""
        ...

    def begin(self, epoch: int, first: Checkpoint) -> bool:
        """Store the tree from which an origin goes on; return False if the origin is known."""
        ...
