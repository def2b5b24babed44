"""What a start looks at before it serves a log: its end, where a crash or an edit shows first.

Bounded, so that a start costs the same at any size; `ledger audit` looks at everything. That the
newest checkpoint is one of ours and of this log, `publication` compares.
"""

from ledger.domain.entry import entry_hash
from ledger.errors import CorruptError
from ledger.store.sqlite.tree import TreeStore

NEWEST = 1_000


def require_sound_end(tree: TreeStore, newest: int = NEWEST) -> None:
    """Raise CorruptError unless the head counts the events and the newest are as committed.

    `head_mismatch`, `position_missing`, `state_truncated`, `leaf_mismatch`.
    """
    head = tree.head()
    if tree.leaves(head, 1):
        raise _unsound("head_mismatch", head + 1, f"the head says that there are {head} events")
    after = max(0, head - newest)
    leaves = tree.leaves(after, newest)
    if len(leaves) != head - after:
        place = after + len(leaves) + 1
        raise _unsound("position_missing", place, f"the head says that there are {head} events")
    for leaf in leaves:
        if entry_hash(leaf.entry) != leaf.claimed:
            detail = "the entry is not the one that was committed"
            raise _unsound("leaf_mismatch", leaf.position, detail)


def _unsound(code: str, position: int, detail: str) -> CorruptError:
    told = f"at position {position}, {detail}; nothing is served: look at it with `ledger audit`"
    return CorruptError(code, told, position=position)
