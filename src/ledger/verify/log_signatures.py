"""Who signed a checkpoint: keys that a log announces, and keys that the caller trusts. Pure."""

from collections.abc import Sequence

from ledger.errors import RefusedError, UnverifiableError
from ledger.tlog import checkpoint
from ledger.tlog.checkpoint import VerifiedCheckpoint
from ledger.tlog.vkeys import ED25519, NoteKey


def signed_by(
    note: bytes,
    keys: Sequence[NoteKey],
    expected_origin: str,
    *,
    announced: Sequence[NoteKey],
    all_keys: bool,
) -> tuple[str, VerifiedCheckpoint]:
    """Return a checkpoint that one of the keys signed, and a sentence.

    The sentence names the `announced` keys that did not sign. With `all_keys` each has to have
    signed. Raises UnverifiableError `log_key_unsigned`, and what `verify_note` raises.
    """
    signed = checkpoint.verify_note(note, keys, expected_origin=expected_origin)
    lost = [key for key in announced if key not in signed.signers]
    missing = f"the line of the announced {_kinds(lost)} is missing" if lost else ""
    if lost and all_keys:
        raise UnverifiableError("log_key_unsigned", missing)
    says = f"Signed for {signed.checkpoint.size:,} entries with the announced"
    told = f" {missing[:1].upper()}{missing[1:]}." if lost else ""
    return f"{says} {_kinds(signed.signers)}.{told}", signed


def _kinds(keys: Sequence[NoteKey]) -> str:
    kinds = ["Ed25519" if key.kind == ED25519 else "ML-DSA-44" for key in keys]
    return f"{' and '.join(kinds)} key{'s' if len(kinds) > 1 else ''}"


def compare_keys(signed: VerifiedCheckpoint, expected: Sequence[NoteKey]) -> tuple[str, bool]:
    """Compare the signers with the keys that the caller trusts.

    Raises UnverifiableError `log_key_not_given`, RefusedError `ledger_unexpected`.
    """
    if not expected:
        raise UnverifiableError("log_key_not_given", "no key was given to compare with")
    if not set(expected) & set(signed.signers):
        raise RefusedError("ledger_unexpected", "another ledger: the given key did not sign")
    return f"It is {signed.checkpoint.origin}, by the key that you gave.", True
