"""The port of the signer's memory: the last tree that this ledger's log keys signed.

A restored backup of the log does not know what was signed after the backup; the memory does,
because it is stored outside the log. For each origin that the log has had it holds the epoch and
the last checkpoint, whose root commits to every entry of that tree. If the log is in a database,
its servers share one memory, and each has one of its own beside it.

Do not back it up together with the log: an old memory would match an old log, and nothing would
show that later checkpoints were signed. A ledger whose memory is missing signs nothing until a
witness or the operator confirms the newest size, or the operator declares a restore.
"""

from typing import Protocol

from ledger.domain.epochs import SignedTree
from ledger.errors import CorruptError
from ledger.tlog.checkpoint import Checkpoint, parse_text


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
        """Return the last signed tree of every origin, the newest epoch last.

        Two parts of a memory may have two trees of one origin; the log must contain both.
        """
        ...

    def swap(self, expected: Checkpoint | None, new: Checkpoint) -> bool:
        """Replace `expected` by `new`, durably; return False, unchanged, if another is stored."""
        ...

    def begin(self, epoch: int, first: Checkpoint) -> bool:
        """Store the tree from which an origin goes on; return False if the origin is known."""
        ...

    def learn(self, signed: SignedTree) -> None:
        """Remember a tree that is published or promised, unless a larger one is remembered."""
        ...


def learn(memory: SignerMemory, signed: SignedTree) -> None:
    """Do what `SignerMemory.learn` does, for a memory of one part."""
    new, is_learned = signed.checkpoint, False
    while not is_learned:
        stored = memory.get(new.origin)
        if stored is None:
            is_learned = memory.begin(signed.epoch, new)
        else:
            is_learned = stored.size >= new.size or memory.swap(stored, new)


def tree_of_row(origin: str, epoch: int, text: str) -> SignedTree:
    """Return a row's tree; raise CorruptError `memory_malformed` under another origin.

    The signer looks its tree up by the column; after an edit of the column it would find none.
    """
    tree = parse_text(text)
    if tree.origin != origin:
        detail = f"the tree of {tree.origin} is remembered as that of {origin}"
        raise CorruptError("memory_malformed", detail)
    return SignedTree(epoch, tree)
