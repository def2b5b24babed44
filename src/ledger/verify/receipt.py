"""The verifier of a receipt: one entry's proof, and the checkpoint that it leads to. Pure.

A receipt is a C2SP tlog-proof, as `/log/entries/<index>/proof` gives it. It has no entry, so its
holder gives that too; without it the receipt shows a position and a signed checkpoint only.
"""

from collections.abc import Sequence

from ledger.domain.entry import entry_hash, parse_canonical
from ledger.errors import RefusedError, UnverifiableError
from ledger.tlog.checkpoint import (
    PROOF_HEADER,
    Checkpoint,
    TlogProof,
    VerifiedCheckpoint,
    parse_note,
    parse_proof,
)
from ledger.tlog.merkle import verify_inclusion
from ledger.tlog.vkeys import NoteKey
from ledger.verify.endorsements import NOBODY, Trust, endorsed, with_proof
from ledger.verify.log_signatures import compare_keys, signed_by
from ledger.verify.readme import limits
from ledger.verify.report import Checks, VerificationReport, report

_Parts = tuple[TlogProof, Checkpoint]
_BEGINNING = f"{PROOF_HEADER}\n".encode()


def is_receipt(raw: bytes | memoryview) -> bool:
    """Tell whether these bytes begin as a receipt does."""
    return bytes(raw[: len(_BEGINNING)]) == _BEGINNING


def verify_receipt(
    raw: bytes, entry: bytes | None, *, expected_keys: Sequence[NoteKey] = (), trust: Trust = NOBODY
) -> tuple[VerificationReport, int | None]:
    """Verify a receipt and return the report, and the position that it names, if it can be read.

    The checkpoint must be signed by one of `expected_keys`: a receipt announces no keys. Never
    raises for what the receipt or the entry contains.
    """
    checks = Checks()
    parts = checks.make("readable", _readable, raw)
    checks.make("entries", lambda found: _entry(found, entry), parts)
    every = trust.all_keys
    signed = checks.make(
        "checkpoint", lambda found: _signed(found, expected_keys, all_keys=every), parts
    )
    checks.make("ledger", lambda found: compare_keys(found, expected_keys), signed)
    others = endorsed(checks, (b"" if parts is None else parts[0].note, None), signed, trust)
    proof, tree = (None, None) if parts is None else parts
    made = report(checks, "receipt", tree, (), limits("receipt"))
    return with_proof(made, signed, others, None), None if proof is None else proof.index + 1


def _readable(raw: bytes) -> tuple[str, _Parts]:
    proof = parse_proof(raw)
    tree = parse_note(proof.note).checkpoint
    if proof.index >= tree.size:
        raise RefusedError("proof_mismatch", "the receipt's checkpoint is of a smaller tree")
    return f"A receipt of position {proof.index + 1:,}.", (proof, tree)


def _entry(parts: _Parts, entry: bytes | None) -> tuple[str, bool]:
    proof, tree = parts
    if entry is None:
        raise UnverifiableError("entry_missing", "the entry of the receipt was not given")
    envelope = parse_canonical(entry)
    verify_inclusion(entry_hash(entry), proof.index, tree.size, proof.hashes, tree.root)
    says = f"The entry, {envelope.type} of {envelope.at}, stands at position {proof.index + 1:,}"
    return f"{says} in the tree of {tree.size:,}.", True


def _signed(
    parts: _Parts, keys: Sequence[NoteKey], *, all_keys: bool
) -> tuple[str, VerifiedCheckpoint]:
    proof, tree = parts
    named = [key for key in keys if key.name == tree.origin]
    if not named:
        detail = "no key of the log was given, and a receipt announces none"
        raise UnverifiableError("log_key_not_given", detail)
    # A receipt announces no keys, and does not say which were in force: any given one may sign.
    announced = named if all_keys else []
    return signed_by(proof.note, named, tree.origin, announced=announced, all_keys=all_keys)
