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

Outcome = Literal["same", "consistent", "forked", "unproven"]


class Proof(msgspec.Struct, frozen=True):
    """The root that the larger tree had at the smaller size, and the proof of it."""

    old_root: bytes
    hashes: tuple[bytes, ...]


class Finding(msgspec.Struct, frozen=True):
    """What two checkpoints of one log prove, in a word and in a sentence."""

    outcome: Outcome
    says: str


def compare(
    first: bytes,
    second: bytes,
    keys: Sequence[NoteKey],
    *,
    expected_origin: str,
    proof: Proof | None = None,
) -> Finding:
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
            return Finding("same", f"both are of the same tree of {small.size} entries")
        return Finding("forked", f"the log signed two different trees of {small.size} entries")
    if proof is None:
        return Finding("unproven", "their sizes differ: it takes a consistency proof to tell")
    try:
        verify_consistency(small.size, proof.old_root, large.size, large.root, proof.hashes)
    except RefusedError as error:
        return Finding("unproven", f"the proof does not belong to the larger tree: {error.detail}")
    sizes = f"the tree of {large.size} entries"
    if proof.old_root == small.root:
        return Finding("consistent", f"{sizes} begins with that of {small.size}")
    return Finding("forked", f"{sizes} had another root at {small.size} than the one signed")


def _verified(note: bytes, keys: Iterable[NoteKey], origin: str) -> Checkpoint:
    return verify_note(note, keys, expected_origin=origin).checkpoint
