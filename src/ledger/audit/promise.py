"""The signer's memory as the auditor reads it: the last tree that the log's keys promised to sign.

The memory is never older than a published checkpoint, and it is not in the log.
"""

from collections.abc import Callable, Sequence

import msgspec

from ledger.audit.findings import Finding, Part
from ledger.audit.tree import TreeScan
from ledger.domain.charter import Charter
from ledger.domain.epochs import SignedTree
from ledger.errors import LedgerError
from ledger.tlog.checkpoint import Checkpoint

# Returns every remembered tree, the newest epoch last; None if there is no memory. Raises
# LedgerError if the memory cannot be read.
ReadMemory = Callable[[], Sequence[SignedTree] | None]

_PART: Part = "signer's memory"
MISSING = (
    "The signer's memory is missing. From the log alone, this audit cannot detect that the newest"
    " entries were removed together with their checkpoints."
)


EMPTY = (
    "The signer's memory has no tree of this log, although the log has checkpoints: it was emptied,"
    " or is another ledger's. This audit cannot detect that the newest entries were removed"
    " together with their checkpoints."
)
NO_CHECKPOINT = (
    "The log has no checkpoint. A ledger publishes its first one within seconds, so it never ran"
    " that long, or checkpoints were removed: then removed entries at the end cannot be detected."
)


class FoundPromise(msgspec.Struct, frozen=True):
    """The promised trees, the smallest first; a finding if they cannot be read; notes.

    There are several where a server remembers beside its database. `is_read` tells that there is a
    memory, also one without a tree.
    """

    promised: tuple[Checkpoint, ...] = ()
    is_read: bool = False
    finding: Finding | None = None
    notes: tuple[str, ...] = ()


def read(remembered: ReadMemory | None, charter: Charter | None) -> FoundPromise:
    """Return what the signer's memory has for a log's origin now.

    The finding is `log_rolled_back` if a later epoch was begun than the log has.
    """
    try:
        known = None if remembered is None else remembered()
    except LedgerError as error:
        return FoundPromise(finding=Finding(_PART, None, "memory_malformed", error.detail))
    if known is None:
        return FoundPromise(notes=(MISSING,))
    if charter is None or not known:
        return FoundPromise(is_read=True)
    begun = known[-1].epoch
    if begun > charter.epoch:
        detail = f"the epoch {begun} was begun, but the log has the epoch {charter.epoch}"
        return FoundPromise(finding=Finding(_PART, None, "log_rolled_back", detail))
    ours = [each.checkpoint for each in known if each.checkpoint.origin == charter.log_origin]
    return FoundPromise(tuple(sorted(ours, key=lambda each: each.size)), is_read=True)


def compare(promised: Checkpoint, size: int, scan: TreeScan) -> Finding | None:
    """Return a finding unless a log of `size` entries contains the promised tree."""
    if promised.size > size:
        detail = f"a tree of {promised.size} entries was signed, but the log has {size}"
        return Finding(_PART, size + 1, "log_rolled_back", detail)
    if scan.roots.get(promised.size, promised.root) != promised.root:
        detail = "a different tree of this size was signed"
        expected = scan.roots[promised.size].hex()
        return Finding(_PART, promised.size, "log_forked", detail, expected)
    return None


def notes(promised: Sequence[Checkpoint], scan: TreeScan) -> list[str]:
    """Return what an auditor should know about promises that fit the log, or that are not there.

    `promised` is empty for a memory without a tree of this log.
    """
    if not promised:
        return [EMPTY] if scan.newest else []
    largest = promised[-1]
    if largest.size < scan.newest:
        return ["The signer's memory is older than the newest checkpoint."]
    if largest.size > scan.newest:
        # Crash point: the memory is written before the checkpoint is published.
        return [
            f"A checkpoint of {largest.size:,} entries was signed and is not in the log: it was"
            " removed, or the ledger was killed before it published it and has not started since."
        ]
    return []
