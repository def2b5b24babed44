"""What two checkpoints of one log prove about it. Pure.

A log signs only trees that continue each other. Two of its checkpoints that do not are proof that
it, or whoever has its keys, did otherwise: anybody can check it, and nothing can undo it.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from ledger.errors import RefusedError
from ledger.tlog.checkpoint import Checkpoint, verify_note
from ledger.tlog.merkle import verify_consistency
from ledger.tlog.vkeys import NoteKey

ComparisonOutcome = Literal["same", "consistent", "forked", "unproven"]


class ConsistencyProof(msgspec.Struct, frozen=True):
    """The root that the larger tree had at the smaller size, and the proof of it."""

    old_root: bytes
    hashes: tuple[bytes, ...]


class Comparison(msgspec.Struct, frozen=True):
    """What two checkpoints of one log prove, in a word and in a sentence."""

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
    """Return what two signed checkpoints prove, verified by the log's keys.

    `forked` is proof of misbehaviour: two roots of one size; or a proof, made by whoever has the
    larger tree, that this tree had another root at the smaller size. If such a proof verifies, no
    proof from the smaller checkpoint can exist. Raises what `verify_note` raises.
    """
    small, large = sorted(
        (_verified(note, keys, expected_origin) for note in (first, second)),
        key=lambda point: point.size,
    )
    if small.size == large.size:
        if small.root == large.root:
            return Comparison("same", f"both are of the same tree of {small.size} entries")
        return Comparison("forked", f"the log signed two different trees of {small.size} entries")
    if proof is None:
        return Comparison("unproven", "their sizes differ: it takes a consistency proof to tell")
    try:
        verify_consistency(small.size, proof.old_root, large.size, large.root, proof.hashes)
    except RefusedError as error:
        return Comparison(
            "unproven", f"the proof does not belong to the larger tree: {error.detail}"
        )
    sizes = f"the tree of {large.size} entries"
    if proof.old_root == small.root:
        return Comparison("consistent", f"{sizes} begins with that of {small.size}")
    return Comparison("forked", f"{sizes} had another root at {small.size} than the one signed")


def _verified(note: bytes, keys: Iterable[NoteKey], origin: str) -> Checkpoint:
    return verify_note(note, keys, expected_origin=origin).checkpoint
