"""The errors of a log that differs from what was signed, and of a publisher that is late."""

from ledger.errors import CorruptError, UnavailableError
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.merkle import EMPTY_ROOT, Prover, ReadTile, verify_consistency

MOST_LOST = 5


class Race:
    """Counts how often other publishers were first while nobody published anything."""

    def __init__(self) -> None:
        self._lost = 0

    def moved(self) -> None:
        """Note that a checkpoint was published."""
        self._lost = 0

    def lost(self) -> None:
        """Note a lost step; raise UnavailableError `contended` if nobody gets further."""
        self._lost += 1
        if self._lost > MOST_LOST:
            detail = "the signer's memory does not take the next size, and nobody else publishes"
            raise UnavailableError("contended", detail)


def rolled_back(head: int, signed: int) -> CorruptError:
    """Return the error for a log that is shorter than a tree that was signed."""
    return CorruptError(
        "log_rolled_back",
        f"the log has {head} entries, but a checkpoint of {signed} was signed: the file is an older"
        " copy; restore the newest one",
        position=head,
    )


def require_same(found: Checkpoint, expected: Checkpoint) -> None:
    """Raise CorruptError `log_forked` unless the log has the tree that was signed.

    The two origins may differ: after a restore one tree goes on under another origin.
    """
    if (found.size, found.root) != (expected.size, expected.root):
        raise CorruptError(
            "log_forked",
            f"the first {expected.size} entries have the root {found.root.hex()}, but"
            f" {expected.root.hex()} was signed: entries were changed, or the file is another copy",
            position=expected.size,
        )


def require_growth(old: Checkpoint | None, new: Checkpoint, read: ReadTile) -> None:
    """Verify the consistency proof from an earlier tree to a new one; raise as the verifier does.

    Without an earlier tree, it is that of an empty log.
    """
    size, root = (0, EMPTY_ROOT) if old is None else (old.size, old.root)
    proof = Prover(new.size, read).consistency(size)
    verify_consistency(size, root, new.size, new.root, proof)
