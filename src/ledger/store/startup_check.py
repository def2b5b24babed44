"""Check the end of the log before serving it, where a crash or an edit shows first.

The check is bounded, so that a start takes equally long at any size; `ledger audit` checks
everything. `publish.publication` compares the newest checkpoint with the log and the signer's
state.
"""

from ledger.domain.entry import entry_hash
from ledger.errors import ConflictError, CorruptError
from ledger.store.ports.tree import TreeTables

NEWEST = 1_000
UNFINISHED = (
    "a copy of a log has begun here: run `ledger copy` or `ledger restore` again to finish it"
)


def require_sound_end(tree: TreeTables, newest: int = NEWEST) -> None:
    """Raise CorruptError unless the head matches the events and the newest leaves verify.

    Codes: `head_mismatch`, `position_missing`, `state_truncated`, `leaf_mismatch`. Raises
    ConflictError `copy_unfinished` for a log without a head, which a copy has begun.
    """
    head = tree.head()
    # Another server may append meanwhile: then the head counts the event too by now.
    if tree.leaves(head, 1) and tree.head() == head:
        if not head:
            raise ConflictError("copy_unfinished", UNFINISHED)
        raise _unsound("head_mismatch", head + 1, f"the head counts only {head} events")
    after = max(0, head - newest)
    leaves = tree.leaves(after, head - after)
    if len(leaves) != head - after:
        place = after + len(leaves) + 1
        raise _unsound("position_missing", place, f"an event is missing; the head counts {head}")
    for leaf in leaves:
        if entry_hash(leaf.entry) != leaf.claimed:
            detail = "the entry does not match its committed leaf hash"
            raise _unsound("leaf_mismatch", leaf.position, detail)


def _unsound(code: str, position: int, detail: str) -> CorruptError:
    told = f"position {position}: {detail}; the server does not start; run `ledger audit`"
    return CorruptError(code, told, position=position)
