"""A receipt, checked as whoever keeps one would: from the proof's text and the entry alone."""

from collections.abc import Iterable

import msgspec

from ledger.tlog.checkpoint import VerifiedCheckpoint, parse_proof, verify_note
from ledger.tlog.merkle import verify_inclusion
from ledger.tlog.vkeys import NoteKey


class VerifiedEntry(msgspec.Struct, frozen=True):
    """An entry's place in a tree whose checkpoint is verified."""

    index: int
    checkpoint: VerifiedCheckpoint


def verify_proof(
    raw: bytes, leaf: bytes, keys: Iterable[NoteKey], *, expected_origin: str
) -> VerifiedEntry:
    """Verify that the entry with this leaf hash stands in the log, where the proof says.

    Raises what `parse_proof`, `verify_note` and `merkle.verify_inclusion` raise.
    """
    proof = parse_proof(raw)
    verified = verify_note(proof.note, keys, expected_origin=expected_origin)
    size, root = verified.checkpoint.size, verified.checkpoint.root
    verify_inclusion(leaf, proof.index, size, proof.hashes, root)
    return VerifiedEntry(proof.index, verified)
