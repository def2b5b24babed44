"""Checkpoints as text: written, verified, and refused in any other spelling."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.encoding import b64_encode
from ledger.errors import LedgerError, MalformedError, RefusedError
from ledger.tlog import checkpoint, vkeys
from ledger.tlog.checkpoint import Checkpoint, parse_note, verify_note
from ledger.tlog.vkeys import NoteKey, NoteSigner, parse_vkey
from tests.support.tlog_vectors import ED25519, ML_DSA_44, NOTE, NOTES, ORIGIN, TREES

OTHER = parse_vkey(NOTES["other"]["vkey"])
TEXT, _, TAIL = NOTE.rpartition("\n\n")
ED_LINE, ML_LINE, OTHER_LINE = TAIL.splitlines()


def verified(note: str, *keys: NoteKey) -> checkpoint.VerifiedCheckpoint:
    return verify_note(note.encode(), keys or (ED25519, ML_DSA_44), expected_origin=ORIGIN)


@pytest.mark.parametrize("vector", NOTES["notes"], ids=lambda vector: str(vector["size"]))
def test_the_notes_of_the_vectors_verify(vector: dict[str, Any]) -> None:
    found = verified(vector["note"])
    root = bytes.fromhex(TREES[vector["size"]]["root"])
    assert found.checkpoint == Checkpoint(ORIGIN, vector["size"], root)
    assert found.signers == (ED25519, ML_DSA_44)
    assert found.times == (None, NOTES["time"])


@pytest.mark.parametrize("vector", NOTES["notes"], ids=lambda vector: str(vector["size"]))
def test_ed25519_lines_are_written_as_in_the_vectors(vector: dict[str, Any]) -> None:
    point = parse_note(vector["note"].encode()).checkpoint
    seed = bytes.fromhex(NOTES["ed25519"]["seed"])
    signer = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(seed))
    note = checkpoint.sign(point, [signer], now_s=NOTES["time"]).decode()
    assert vector["note"].startswith(note)


def test_what_both_keys_sign_verifies_by_either() -> None:
    signers = vkeys.generate("example.com/log")
    point = Checkpoint("example.com/log", 7, bytes(range(32)))
    note = checkpoint.sign(point, signers, now_s=1_763_690_646)
    for keys in ([signers[0].key], [signers[1].key], [signer.key for signer in signers]):
        found = verify_note(note, keys, expected_origin="example.com/log")
        assert (found.checkpoint, list(found.signers)) == (point, keys)


def assert_malformed(note: str | bytes) -> None:
    with pytest.raises(MalformedError):
        parse_note(note if isinstance(note, bytes) else note.encode())


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        "\n\n",
        TEXT,
        f"{TEXT}\n",
        f"{TEXT}\n\n",
        f"{TEXT}\n{TAIL}",
        f"{TEXT}\n\n\n{TAIL}",
        f"{TEXT}\n\n{ED_LINE}",
        f"{NOTE}\n",
        f"{NOTE}\n\n",
        f"\n{NOTE}",
        NOTE.replace("\n", "\r\n"),
        NOTE.replace("1000\n", "01000\n"),
        NOTE.replace("1000\n", "+1000\n"),
        NOTE.replace("1000\n", "-1\n"),
        NOTE.replace("1000\n", "1_000\n"),
        NOTE.replace("1000\n", " 1000\n"),
        NOTE.replace("1000\n", "1000 \n"),
        NOTE.replace("1000\n", "1e3\n"),
        NOTE.replace("1000\n", "\n"),
        NOTE.replace("1000\n", "१०००\n"),
        NOTE.replace("1000\n", "9223372036854775808\n"),
        NOTE.replace("1000\n", f"{10**30}\n"),
        NOTE.replace("=\n\n", "\n\n"),
        NOTE.replace("=\n\n", "==\n\n"),
        NOTE.replace("=\n\n", "=\nextension line\n\n"),
        NOTE.replace(f"{ORIGIN}\n1000", "\n1000"),
        f"{TEXT}\n\n{ED_LINE.replace('—', '-')}\n",
        f"{TEXT}\n\n{ED_LINE.replace('— ', '—')}\n",
        f"{TEXT}\n\n{ED_LINE.replace('— ', '—  ')}\n",
        f"{TEXT}\n\n{ED_LINE} \n",
        f"{TEXT}\n\n{ED_LINE} x\n",
        f"{TEXT}\n\n {ED_LINE}\n",
        f"{TEXT}\n\n{ED_LINE[:-1]}\n",
        f"{TEXT}\n\n{ED_LINE}=\n",
        f"{TEXT}\n\n— {ORIGIN} \n",
        f"{TEXT}\n\n— {ORIGIN} AAAAAA==\n",
        f"{TEXT}\n\n—  {ED_LINE.split(' ')[2]}\n",
        f"{TEXT}\n\n— a+b {ED_LINE.split(' ')[2]}\n",
        f"{TEXT}\n\n— a\u00a0b {ED_LINE.split(' ')[2]}\n",
        f"{TEXT}\n\n{ED_LINE.replace('/', '_')}\n",
        f"{TEXT}\n\n" + f"{ED_LINE}\n" * 101,
        f"{'a' * 600_000}\n{NOTE}",
        NOTE.replace(ORIGIN, "a\tb"),
        NOTE.replace(ORIGIN, "a\0b"),
        NOTE.encode().replace(b"ledger", b"l\xffdger"),
        NOTE.encode("utf-16"),
    ],
)
def test_any_other_spelling_of_a_note_is_refused(note: str | bytes) -> None:
    assert_malformed(note)


@pytest.mark.parametrize("size", ["", "-1", "01", "1 ", "x"])
def test_a_checkpoint_without_a_plain_size_is_refused(size: str) -> None:
    with pytest.raises(MalformedError) as caught:
        checkpoint.parse_text(f"example.com/a\n{size}\n{b64_encode(bytes(32))}\n")
    assert caught.value.code == "checkpoint_malformed"


def test_base64_with_spare_bits_is_refused() -> None:
    root = TEXT.splitlines()[2]
    assert root.endswith("=")
    for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/":
        other = f"{root[:-2]}{last}="
        if "AEIMQUYcgkosw048".find(last) < 0:
            assert_malformed(NOTE.replace(root, other))


@settings(max_examples=50)
@given(st.text(max_size=200))
def test_a_text_that_is_no_note_is_refused_and_nothing_else_happens(text: str) -> None:
    assert_malformed(text.encode("utf-8", "surrogatepass"))


@given(st.binary(max_size=200))
def test_bytes_that_are_no_note_are_refused_and_nothing_else_happens(raw: bytes) -> None:
    assert_malformed(raw)


@given(st.integers(0, len(NOTE.encode()) - 1), st.integers(0, 7))
def test_a_note_with_one_changed_bit_is_refused(place: int, bit: int) -> None:
    raw = bytearray(NOTE.encode())
    raw[place] ^= 1 << bit
    keys = (ED25519, ML_DSA_44, OTHER)
    try:
        found = verify_note(bytes(raw), keys, expected_origin=ORIGIN)
    except LedgerError:
        return
    # A changed key name or id makes the line another key's, which is passed over.
    assert len(found.signers) == 2
    assert found.checkpoint == parse_note(NOTE.encode()).checkpoint


@given(st.integers(0, len(NOTE.encode()) - 1))
def test_a_truncated_note_loses_signatures_or_is_refused(length: int) -> None:
    try:
        found = verify_note(NOTE.encode()[:length], [ML_DSA_44], expected_origin=ORIGIN)
    except LedgerError:
        return
    assert found.signers == (ML_DSA_44,)


def test_lines_of_unknown_keys_are_passed_over() -> None:
    assert verified(NOTE, OTHER).signers == (OTHER,)
    renamed = ED_LINE.replace(ORIGIN, "somebody.else")
    assert verified(f"{TEXT}\n\n{renamed}\n{ML_LINE}\n").signers == (ML_DSA_44,)


def test_sixteen_and_more_signatures_are_accepted() -> None:
    lines = "".join(ED_LINE.replace(ORIGIN, f"witness/{n}") + "\n" for n in range(99))
    assert verified(f"{TEXT}\n\n{lines}{ML_LINE}\n").signers == (ML_DSA_44,)


def test_a_key_that_signed_twice_counts_once() -> None:
    assert verified(f"{TEXT}\n\n{ED_LINE}\n{ED_LINE}\n").signers == (ED25519,)


def refusal(note: str, *keys: NoteKey, origin: str = ORIGIN) -> str:
    with pytest.raises(RefusedError) as refused:
        verify_note(note.encode(), keys, expected_origin=origin)
    return refused.value.code


def test_a_bad_signature_of_a_known_key_refuses_the_note() -> None:
    blob = ED_LINE.split(" ")[2]
    other = "B" if blob[20] == "A" else "A"
    bad = ED_LINE.replace(blob, f"{blob[:20]}{other}{blob[21:]}")
    assert refusal(f"{TEXT}\n\n{bad}\n{ML_LINE}\n", ED25519, ML_DSA_44) == "note_signature_invalid"
    assert refusal(f"{TEXT}\n\n{ML_LINE}\n{bad}\n", ED25519, ML_DSA_44) == "note_signature_invalid"
    assert verified(f"{TEXT}\n\n{bad}\n{ML_LINE}\n", ML_DSA_44).signers == (ML_DSA_44,)


def test_a_signature_of_another_length_is_refused() -> None:
    short = f"{TEXT}\n\n— {ORIGIN} {b64_encode(ML_DSA_44.id + bytes(5))}\n"
    assert refusal(short, ML_DSA_44) == "note_signature_invalid"


def test_a_note_that_no_expected_key_signed_is_refused() -> None:
    assert refusal(f"{TEXT}\n\n{OTHER_LINE}\n", ED25519, ML_DSA_44) == "note_unsigned"
    assert refusal(NOTE) == "note_unsigned"


def test_a_note_of_another_log_is_refused() -> None:
    assert refusal(NOTE, ED25519, origin="ledger.example.com/other") == "note_origin_mismatch"


def test_a_signature_of_one_size_or_root_is_none_of_another() -> None:
    for changed in (NOTE.replace("1000\n", "1001\n"), NOTE.replace(ORIGIN + "\n", ORIGIN + "x\n")):
        for key in (ED25519, ML_DSA_44):
            origin = changed.split("\n")[0]
            assert refusal(changed, key, origin=origin) == "note_signature_invalid"
