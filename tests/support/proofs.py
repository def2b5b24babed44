"""Verify a receipt from the proof's text and the entry alone, as its owner would."""

from collections.abc import Iterable

import msgspec

from ledger.tlog.checkpoint import VerifiedCheckpoint, parse_proof, verify_note
from ledger.tlog.merkle import verify_inclusion
from ledger.tlog.vkeys import NoteKey


class VerifiedEntry(msgspec.Struct, frozen=True):
    """An entry's place in the tree of a verified checkpoint."""

    index: int
    checkpoint: VerifiedCheckpoint


def verify_proof(
    raw: bytes, leaf: bytes, keys: Iterable[NoteKey], *, expected_origin: str
) -> VerifiedEntry:
    """Verify that the log contains the entry with this leaf hash at the proof's place.

    Raises what `parse_proof`, `verify_note` and `merkle.verify_inclusion` raise.
    """
    proof = parse_proof(raw)
    verified = verify_note(proof.note, keys, expected_origin=expected_origin)
    size, root = verified.checkpoint.size, verified.checkpoint.root
    verify_inclusion(leaf, proof.index, size, proof.hashes, root)
    return VerifiedEntry(proof.index, verified)
