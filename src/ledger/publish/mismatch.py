"""Refusals to publish: the log is not the one that was signed, or nobody knows what was."""

from collections.abc import Sequence

from ledger.domain.charter import Charter
from ledger.errors import CorruptError, UnavailableError
from ledger.store.sqlite.signer_state import SignedTree
from ledger.tlog.checkpoint import Checkpoint


def require_epoch(known: Sequence[SignedTree], charter: Charter, head: int) -> None:
    """Raise CorruptError `log_rolled_back` if a later epoch was begun than the log has."""
    begun = max((each.epoch for each in known), default=0)
    if begun > charter.epoch:
        raise CorruptError(
            "log_rolled_back",
            f"the epoch {begun} was begun, but the log has the epoch {charter.epoch}: run"
            " `ledger restore` again",
            position=head,
        )


def require_kept(charter: Charter, stated: Checkpoint | None) -> None:
    """Raise CorruptError `log_forked` if an origin began with another tree than the log has."""
    if stated is None or not charter.restorations:
        return
    kept = charter.restorations[-1].kept
    if stated.size == kept.size:
        require_same(Checkpoint(stated.origin, kept.size, bytes.fromhex(kept.root)), stated)


def memory_missing(size: int) -> UnavailableError:
    """Return the error for a published log whose signer remembers nothing."""
    return UnavailableError(
        "memory_missing",
        f"a checkpoint of {size} entries is published, but the signer's memory is gone: run"
        " `ledger log confirm`, or restore the ledger from a backup",
    )


def rolled_back(head: int, signed: int) -> CorruptError:
    """Return the error for a log that is shorter than what was signed."""
    return CorruptError(
        "log_rolled_back",
        f"the log has {head} entries, but a checkpoint of {signed} was signed: the file is an older"
        " copy; restore the newest one",
        position=head,
    )


def require_same(found: Checkpoint, expected: Checkpoint) -> None:
    """Raise CorruptError `log_forked` unless both are one tree, under whichever origin."""
    if (found.size, found.root) != (expected.size, expected.root):
        raise CorruptError(
            "log_forked",
            f"the first {expected.size} entries have the root {found.root.hex()}, but"
            f" {expected.root.hex()} was signed: entries were changed, or the file is another copy",
            position=expected.size,
        )
