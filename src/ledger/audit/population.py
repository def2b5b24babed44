"""The population of a period: every statement of a type that was drafted in it, and its proof.

The population is complete because every position of the period is there, each with the entry that
its leaf commits to, and because the leaves up to both ends lead to the roots of the log's tree.
"""

import hashlib
from collections.abc import Sequence

import msgspec

from ledger.audit.named import DraftedStatement, drafted_statement
from ledger.audit.positions import Period
from ledger.audit.source import AuditedLog, RowFilter
from ledger.audit.stored_events import ErasedRow, stored_events, stored_rows
from ledger.domain.events import StatementDrafted
from ledger.errors import CorruptError, NotFoundError
from ledger.tlog.merkle import Edge

_LEAVES = 4_096  # that are added to the tree at once
EMPTY = Edge()


class Drafted(msgspec.Struct, frozen=True):
    """A statement of the population: where and when it was drafted, and what its draft says."""

    position: int
    at: str
    draft: DraftedStatement


class Population(msgspec.Struct, frozen=True):
    """The statements of a period, with the tree before it and at its end.

    `checkpoint` is the size of the newest checkpoint up to the end, with its root; it must be that
    of the leaves. 0 if there is none. `erased` counts the drafts of the period, of any type, whose
    content a change erased: they are not among the statements.
    """

    period: Period
    root_before: str
    root_at_end: str
    checkpoint: int
    checkpoint_root: str
    statements: tuple[Drafted, ...]
    erased: int


def population(rows: AuditedLog, type_name: str, period: Period) -> Population:
    """Return the statements of a type that were drafted in a period, proved complete.

    `type_name` may be empty, for statements without a type. Raises NotFoundError `period_empty`;
    CorruptError as `stored_events`, and `root_mismatch` where a checkpoint has another root than
    the entries before it.
    """
    if period.last <= period.after:
        raise NotFoundError("period_empty", "nothing happened in this period")
    sizes = [size for size, _ in rows.roots() if size <= period.last]
    checkpoint = max(sizes, default=0)
    roots = _roots(rows, {period.after, period.last, checkpoint})
    for size, root in rows.roots():
        if size == checkpoint and root != roots[size]:
            detail = f"the checkpoint of size {size} has another root than the entries before it"
            raise CorruptError("root_mismatch", detail, position=size)
    return Population(
        period=period,
        root_before=roots[period.after].hex(),
        root_at_end=roots[period.last].hex(),
        checkpoint=checkpoint,
        checkpoint_root=roots[checkpoint].hex() if checkpoint else "",
        statements=tuple(
            Drafted(each.position, each.event.at, draft)
            for each in stored_events(rows, RowFilter(period.after, period.last))
            if isinstance(each.event.body, StatementDrafted)
            for draft in [drafted_statement(each.event.body)]
            if type_name == ("" if draft.type is None else draft.type.name)
        ),
        erased=_erased(rows, period),
    )


def _erased(rows: AuditedLog, period: Period) -> int:
    drafts = RowFilter(period.after, period.last, tags=(StatementDrafted.TAG,))
    return sum(isinstance(each, ErasedRow) for each in stored_rows(rows, drafts))


def rank(seed: str, statement: str) -> str:
    """Return SHA-256(seed ‖ id) in hex, both in UTF-8: the smaller, the earlier it is drawn."""
    return hashlib.sha256(f"{seed}{statement}".encode()).hexdigest()


def sample(statements: Sequence[Drafted], count: int | None, seed: str) -> list[Drafted]:
    """Return the `count` statements of the smallest rank, in that order; all without a count."""
    ordered = sorted(statements, key=lambda each: rank(seed, each.draft.id))
    return ordered if count is None else ordered[:count]


def _roots(rows: AuditedLog, sizes: set[int]) -> dict[int, bytes]:
    """Return the roots of the trees of these sizes, from the leaves."""
    tree, held, roots = EMPTY, b"", {0: EMPTY.root()} if 0 in sizes else {}
    most = max(sizes)
    for number, (position, _, _, _, leaf, _) in enumerate(rows.leaves(), start=1):
        if number > most:
            break
        if position != number or not isinstance(leaf, bytes):
            raise CorruptError("position_missing", f"position {number} is missing")
        held += leaf
        if number in sizes or len(held) == 32 * _LEAVES:
            tree, _ = tree.extend(held)
            held = b""
        if number in sizes:
            roots[number] = tree.root()
    return roots
