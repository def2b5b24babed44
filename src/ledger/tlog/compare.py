"""What two checkpoints of one log prove about it. Pure.

A log may only sign trees that extend each other. Two signed checkpoints that are inconsistent prove
misbehaviour by a holder of the log's keys. Anybody can verify that proof, and it cannot be revoked.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from ledger.errors import RefusedError
from ledger.tlog.checkpoint import Checkpoint, verify_note
from ledger.tlog.merkle import verify_consistency
from ledger.tlog.vkeys import NoteKey

# `lost`: a restore of the log, which says so itself, did not keep the tree.
ComparisonOutcome = Literal["same", "consistent", "forked", "unproven", "lost"]


class ConsistencyProof(msgspec.Struct, frozen=True):
    """The larger tree's root at the smaller size, and the consistency proof from there."""

    old_root: bytes
    hashes: tuple[bytes, ...]


class Comparison(msgspec.Struct, frozen=True):
    """What two checkpoints of one log prove: a result and a sentence."""

    outcome: ComparisonOutcome
    says: str


def compare(
    first: bytes,
    second: bytes,
    keys: Sequence[NoteKey],
    *,
    expected_origin: str,
    proof: ConsistencyProof | None = None,
) -> Comparison:
    """Return what two signed checkpoints prove, after verifying them with the log's keys.

    `forked` proves misbehaviour. Either one size has two roots, or the larger tree had another root
    at the smaller size. A holder of the larger tree can prove the latter. If that proof verifies,
    no consistency proof from the smaller checkpoint can exist. Raises what `verify_note` raises.
    """
    here, there = (_verified(note, keys, expected_origin) for note in (first, second))
    return compare_trees(here, there, proof)


def compare_trees(
    first: Checkpoint, second: Checkpoint, proof: ConsistencyProof | None
) -> Comparison:
    """Return what two verified checkpoints of one log prove; its origins may differ."""
    small, large = sorted((first, second), key=lambda point: point.size)
    if small.size == large.size:
        if small.root == large.root:
            return Comparison("same", f"both sign the same tree of {small.size} entries")
        return Comparison("forked", f"the log signed two different trees of {small.size} entries")
    if proof is None:
        return Comparison("unproven", "their sizes differ: a consistency proof is needed")
    try:
        verify_consistency(small.size, proof.old_root, large.size, large.root, proof.hashes)
    except RefusedError as error:
        return Comparison("unproven", f"the proof does not match the larger tree: {error.detail}")
    sizes = f"the tree of {large.size} entries"
    if proof.old_root == small.root:
        return Comparison("consistent", f"{sizes} extends the tree of {small.size}")
    return Comparison(
        "forked", f"{sizes} had a different root at size {small.size} than was signed"
    )


def _verified(note: bytes, keys: Iterable[NoteKey], origin: str) -> Checkpoint:
    return verify_note(note, keys, expected_origin=origin).checkpoint
