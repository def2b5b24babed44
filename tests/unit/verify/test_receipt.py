"""A receipt: its entry, its place in the signed tree, and what restores lost of it."""

from uuid import UUID

import msgspec
import pytest

from ledger.domain.entry import cut, entry_hash, seal
from ledger.tlog import vkeys
from ledger.tlog.checkpoint import write_proof
from ledger.verify.lost import with_restores
from ledger.verify.receipt import is_receipt, verify_receipt
from ledger.verify.report import Check, VerificationReport, VerifiedRestoration
from tests.support.trees import Tree

ORIGIN, AT = "ledger.example/approvals", "2026-11-21T03:04:05.678Z"
STREAM, TAG = UUID(int=7), "statement-signed.v1"
STATES = [
    seal(at=AT, seq=n + 1, stream=STREAM, tag=TAG, body=b"{}", salt=bytes(32)) for n in range(9)
]
ENTRIES = [cut(state)[0] for state in STATES]
SIGNERS = vkeys.generate(ORIGIN)
KEYS = [signer.key for signer in SIGNERS]
OTHERS = [signer.key for signer in vkeys.generate(ORIGIN)]
TREE = Tree(ORIGIN, b"".join(map(entry_hash, ENTRIES)), SIGNERS)
RECEIPT = write_proof(4, TREE.prover.inclusion(4), TREE.note(9))


def codes(found: VerificationReport) -> dict[str, str]:
    """Return each check that did not pass, with its code."""
    return {each.name: each.code or each.outcome for each in found.checks if each.code}


def test_a_receipt_with_its_entry_and_a_known_key_is_verified() -> None:
    found, position = verify_receipt(RECEIPT, ENTRIES[4], expected_keys=KEYS)
    assert (found.verdict, found.mode, found.size, position) == ("verified", "receipt", 9, 5)
    assert [each.name for each in found.checks] == ["readable", "entries", "checkpoint", "ledger"]
    assert found.checks[1].says == (
        f"The entry, {TAG} of {AT}, stands at position 5 in the tree of 9."
    )
    assert "It does not show what the event says: an entry only commits to its body." in (
        found.does_not_prove
    )


def test_a_receipt_without_its_entry_shows_no_entry() -> None:
    found, _ = verify_receipt(RECEIPT, None, expected_keys=KEYS)
    assert (found.verdict, codes(found)) == ("unverifiable", {"entries": "entry_missing"})


def test_a_receipt_without_a_key_of_its_log_shows_no_signature() -> None:
    for keys in ([], [vkeys.generate("other.example/1")[0].key]):
        found, _ = verify_receipt(RECEIPT, ENTRIES[4], expected_keys=keys)
        assert found.verdict == "unverifiable"
        assert codes(found) == {"checkpoint": "log_key_not_given"}


def test_a_receipt_that_another_key_of_the_same_name_signed_is_invalid() -> None:
    found, _ = verify_receipt(RECEIPT, ENTRIES[4], expected_keys=OTHERS)
    assert found.verdict == "invalid"
    assert codes(found) == {"checkpoint": "note_unsigned"}


@pytest.mark.parametrize("number", [0, 3, 5, 8])
def test_a_receipt_is_refused_with_another_entry(number: int) -> None:
    found, _ = verify_receipt(RECEIPT, ENTRIES[number], expected_keys=KEYS)
    assert (found.verdict, codes(found)) == ("invalid", {"entries": "inclusion_refused"})


def test_an_entry_in_another_spelling_is_refused() -> None:
    found, _ = verify_receipt(RECEIPT, b" " + ENTRIES[4], expected_keys=KEYS)
    assert codes(found) == {"entries": "entry_malformed"}


def test_a_receipt_of_a_position_beyond_its_tree_is_refused() -> None:
    beyond = write_proof(9, TREE.prover.inclusion(4), TREE.note(9))
    found, position = verify_receipt(beyond, None, expected_keys=KEYS)
    assert (found.verdict, codes(found)) == ("invalid", {"readable": "proof_mismatch"})
    assert position is None


@pytest.mark.parametrize("size", range(0, len(RECEIPT), 7))
def test_a_receipt_that_is_cut_short_is_refused(size: int) -> None:
    found, _ = verify_receipt(RECEIPT[:size], ENTRIES[4], expected_keys=KEYS)
    assert found.verdict in ("invalid", "unverifiable")


def test_only_what_begins_as_a_receipt_is_one() -> None:
    assert is_receipt(RECEIPT)
    assert is_receipt(memoryview(RECEIPT))
    for other in (b"", TREE.note(9), b"PK\x03\x04", RECEIPT[:10]):
        assert not is_receipt(other)


def later(kept: int, lost: int) -> VerificationReport:
    """Return the report of a bundle made after a restore."""
    restored = VerifiedRestoration(
        kept + 1, AT, 1, f"{ORIGIN}/1", kept, lost, "The disk of the server failed."
    )
    found, _ = verify_receipt(RECEIPT, ENTRIES[4], expected_keys=KEYS)
    return msgspec.structs.replace(found, restorations=(restored,))


def restores(kept: int) -> Check:
    older, position = verify_receipt(RECEIPT, ENTRIES[4], expected_keys=KEYS)
    return with_restores(older, later(kept, 9), position).checks[-1]


@pytest.mark.parametrize("kept", [2, 4])
def test_a_receipt_of_a_lost_position_is_refused_by_name(kept: int) -> None:
    found = restores(kept)
    assert (found.outcome, found.code) == ("failed", "position_lost")
    assert found.says.startswith("Position 5 was signed, and was lost in the restore")


@pytest.mark.parametrize("kept", [5, 8])
def test_a_receipt_of_a_kept_position_whose_tree_was_lost_asks_for_a_new_one(kept: int) -> None:
    found = restores(kept)
    assert (found.outcome, found.code) == ("unverifiable", "receipt_outdated")
    assert "ask for a new receipt" in found.says


def test_a_receipt_whose_tree_was_kept_stays_good() -> None:
    assert restores(9).outcome == "passed"
