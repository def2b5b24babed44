"""Proofs as text: written, verified, and refused in any other form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.entry import leaf_hash
from ledger.errors import LedgerError, MalformedError, RefusedError
from ledger.tlog import checkpoint
from ledger.tlog.checkpoint import parse_proof
from tests.support.proofs import verify_proof
from tests.support.tlog_vectors import ED25519, ML_DSA_44, NOTE, NOTES, ORIGIN, TREES


def proof_of(size: int, place: int) -> tuple[bytes, bytes]:
    """Return the proof of one entry of the vectors, and the entry's leaf hash."""
    note = next(each["note"] for each in NOTES["notes"] if each["size"] == size)
    found = TREES[size]["inclusion"][place]
    hashes = [bytes.fromhex(each) for each in found["proof"]]
    entry = b"entry %d" % found["index"]
    state = len(entry).to_bytes(2, "big") + entry
    return checkpoint.write_proof(found["index"], hashes, note.encode()), leaf_hash(state)


PROOF, LEAF = proof_of(1000, 3)


@pytest.mark.parametrize("size", [size for size in TREES if size])
def test_proofs_of_the_vectors_verify(size: int) -> None:
    for place, found in enumerate(TREES[size]["inclusion"]):
        proof, leaf = proof_of(size, place)
        entry = verify_proof(proof, leaf, [ED25519], expected_origin=ORIGIN)
        assert (entry.index, entry.checkpoint.checkpoint.size) == (found["index"], size)


def test_a_proof_is_text_in_this_form() -> None:
    head, _, note = PROOF.decode().partition("\n\n")
    lines = head.splitlines()
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", f"index {parse_proof(PROOF).index}"]
    assert [len(line) for line in lines[2:]] == [44] * 10
    assert note == NOTE


def test_extra_data_is_passed_over() -> None:
    extra = PROOF.replace(b"@v1\n", b"@v1\nextra AAEC\n")
    assert parse_proof(extra) == parse_proof(PROOF)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"@v1\n", b"@v2\n"),
        (b"c2sp.org", b" c2sp.org"),
        (b"c2sp.org", b"\xef\xbb\xbfc2sp.org"),
        (b"@v1\n", b"@v1\nextra \xc3\xa4\n"),
        (b"@v1\n", b"@v1\nextra AAE\n"),
        (b"@v1\n", b"@v1\nextra AAEC\nextra AAEC\n"),
        (b"@v1\n", b"@v1\nmore\n"),
        (b"@v1\n", b"@v1\n\n"),
        (b"index ", b"index"),
        (b"index ", b"index 0"),
        (b"index ", b"index -"),
        (b"index ", b"index  "),
        (b"index ", b"index 99999999999999999999"),
        (b"=\n\n", b"=\n" + b"A" * 43 + b"=\n" * 2),
        (b"=\n\n", b"=\nAAAA\n\n"),
        (b"=\n\n", b"\n\n"),
        (b"\n\n", b"\n"),
        (b"\n", b"\r\n"),
    ],
)
def test_a_proof_in_any_other_form_is_refused(old: bytes, new: bytes) -> None:
    changed = PROOF.replace(old, new, 1) if old != b"\n" else PROOF.replace(old, new)
    assert changed != PROOF
    with pytest.raises(LedgerError):
        verify_proof(changed, LEAF, [ED25519], expected_origin=ORIGIN)


def test_over_63_hashes_are_refused() -> None:
    line = b"A" * 43 + b"=\n"
    with pytest.raises(MalformedError):
        parse_proof(PROOF.replace(b"\n\n", b"\n" + line * 64 + b"\n", 1))


@given(st.integers(0, len(PROOF) - 1), st.integers(0, 7))
def test_a_proof_with_one_changed_bit_is_refused(place: int, bit: int) -> None:
    raw = bytearray(PROOF)
    raw[place] ^= 1 << bit
    try:
        entry = verify_proof(bytes(raw), LEAF, [ED25519, ML_DSA_44], expected_origin=ORIGIN)
    except LedgerError:
        return
    # Only a signature line can be changed, into one of a key that is not ours.
    assert place >= PROOF.index("—".encode())
    assert entry.index == parse_proof(PROOF).index


@given(st.binary(max_size=300))
def test_bytes_that_are_no_proof_are_refused(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_proof(raw)


def test_a_proof_proves_no_other_entry() -> None:
    _, other = proof_of(1000, 4)
    with pytest.raises(RefusedError) as refused:
        verify_proof(PROOF, other, [ED25519], expected_origin=ORIGIN)
    assert refused.value.code == "inclusion_refused"
