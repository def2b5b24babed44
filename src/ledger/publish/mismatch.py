"""Refusals to publish: the log differs from what was signed, or nobody knows what was signed."""

from collections.abc import Sequence

from ledger.domain.charter import Charter
from ledger.domain.epochs import SignedTree
from ledger.errors import CorruptError, UnavailableError
from ledger.publish.signed_trees import require_same
from ledger.tlog.checkpoint import Checkpoint


def require_remembered(
    known: Sequence[SignedTree], charter: Charter, head: int, newest: int
) -> None:
    """Require that the signer's memory knows this log; `newest` is that of the last checkpoint.

    Raises CorruptError `log_rolled_back` if a later epoch was begun than the log has;
    UnavailableError `memory_missing` if nothing is remembered of a published log.
    """
    begun = max((each.epoch for each in known), default=0)
    if begun > charter.epoch:
        raise CorruptError(
            "log_rolled_back",
            f"the epoch {begun} was begun, but the log has the epoch {charter.epoch}: run"
            " `ledger restore` again",
            position=head,
        )
    if newest and not any(each.checkpoint.origin == charter.log_origin for each in known):
        raise UnavailableError(
            "memory_missing",
            f"a checkpoint of {newest} entries is published, but the signer's memory is gone: run"
            " `ledger log confirm`, or restore the ledger from a backup",
        )


def require_kept(charter: Charter, stated: Checkpoint | None) -> None:
    """Raise CorruptError `log_forked` if an origin began with another tree than the log has."""
    if stated is None or not charter.restorations:
        return
    kept = charter.restorations[-1].kept
    if stated.size == kept.size:
        require_same(Checkpoint(stated.origin, kept.size, bytes.fromhex(kept.root)), stated)


def promise_of(
    stated: Checkpoint | None, published: Checkpoint | None, charter: Charter
) -> Checkpoint | None:
    """Return the tree that was promised and is not published, None if there is none.

    What a restore kept is no promise: its origin begins after that tree.
    """
    if stated is None or (published is not None and published.size >= stated.size):
        return None
    return stated if charter.origin_of(stated.size) == stated.origin else None
