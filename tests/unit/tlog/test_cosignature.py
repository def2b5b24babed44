"""Cosignatures: what a witness signs, and who may have signed what."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from tlog_scales.signing import NoteSignature as TheirSignature
from tlog_scales.signing import Vkey
from tlog_scales.tlog import Checkpoint as TheirCheckpoint

from ledger.encoding import b64_encode
from ledger.errors import LedgerError, MalformedError, RefusedError
from ledger.tlog import checkpoint
from ledger.tlog.checkpoint import NoteSignature, parse_lines, parse_note, verify_lines, verify_note
from ledger.tlog.vkeys import COSIGNER, ED25519, NoteKey, NoteSigner, parse_vkey
from tests.support.tlog_vectors import NOTES

NOTE: str = NOTES["notes"][10]["note"]
POINT = parse_note(NOTE.encode()).checkpoint
LOG_KEY = parse_vkey(NOTES["ed25519"]["vkey"])
TIME = 1_679_315_147
NAME = "witness.example.com/w1"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ED_WITNESS = NoteSigner(NAME, PRIVATE, cosigner=True)
ML_WITNESS = NoteSigner(NAME, MLDSA44PrivateKey.from_seed_bytes(bytes(range(32))), cosigner=True)
BOTH = (ED_WITNESS, ML_WITNESS)
LINES = checkpoint.sign_lines(POINT, BOTH, now_s=TIME)


def test_a_cosignature_is_over_the_time_and_the_text() -> None:
    message = f"cosignature/v1\ntime 1679315147\n{POINT.origin}\n1000\n{b64_encode(POINT.root)}\n"
    expected = TIME.to_bytes(8, "big") + PRIVATE.sign(message.encode())
    first, _ = parse_lines(LINES)
    assert first == NoteSignature(NAME, ED_WITNESS.key.id, expected)


@pytest.mark.parametrize("place", [0, 1])
def test_another_implementation_verifies_cosignatures(place: int) -> None:
    key, line = BOTH[place].key, LINES.decode().splitlines()[place]
    theirs = TheirCheckpoint(POINT.origin, POINT.size, POINT.root, [])
    Vkey.from_string(key.vkey).get_verifier().verify_note(TheirSignature.from_line(line), theirs)


def test_cosignatures_follow_the_logs_own_lines() -> None:
    note = NOTE.encode() + LINES
    keys = [LOG_KEY, ED_WITNESS.key, ML_WITNESS.key]
    found = verify_note(note, keys, expected_origin=POINT.origin)
    assert found.signers == (LOG_KEY, ED_WITNESS.key, ML_WITNESS.key)
    assert found.times == (None, TIME, TIME)
    assert verify_note(note, [LOG_KEY], expected_origin=POINT.origin).signers == (LOG_KEY,)


def test_a_cosignature_is_not_a_logs_signature_nor_the_reverse() -> None:
    as_log = NoteSigner(NAME, PRIVATE)
    assert (as_log.key.kind, ED_WITNESS.key.kind) == (ED25519, COSIGNER)
    assert as_log.key.id != ED_WITNESS.key.id
    log_blob = parse_lines(checkpoint.sign_lines(POINT, [as_log], now_s=TIME))[0].blob
    blob = parse_lines(LINES)[0].blob
    for key, forged in ((ED_WITNESS.key, log_blob), (as_log.key, blob), (as_log.key, blob[8:])):
        with pytest.raises(RefusedError):
            verify_lines(POINT, [NoteSignature(NAME, key.id, forged)], [key])


@pytest.mark.parametrize("place", [0, 1])
def test_a_cosignature_with_another_time_size_root_or_origin_is_refused(place: int) -> None:
    key, line = BOTH[place].key, parse_lines(LINES)[place]
    verify_lines(POINT, [line], [key])
    later = NoteSignature(NAME, line.key_id, (TIME + 1).to_bytes(8, "big") + line.blob[8:])
    beyond = NoteSignature(NAME, line.key_id, b"\xff" + line.blob[1:])
    short = NoteSignature(NAME, line.key_id, line.blob[:-1])
    for changed in (later, beyond, short, NoteSignature(NAME, line.key_id, line.blob[:8])):
        with pytest.raises(RefusedError) as refused:
            verify_lines(POINT, [changed], [key])
        assert refused.value.code == "note_signature_invalid"
    for other in (
        checkpoint.Checkpoint(POINT.origin, POINT.size + 1, POINT.root),
        checkpoint.Checkpoint(POINT.origin, POINT.size, bytes(32)),
        checkpoint.Checkpoint(POINT.origin + "x", POINT.size, POINT.root),
    ):
        with pytest.raises(RefusedError):
            verify_lines(other, [line], [key])


def test_an_ml_dsa_cosignature_commits_to_its_name_and_an_ed25519_one_cannot() -> None:
    for signer, commits in ((ED_WITNESS, False), (ML_WITNESS, True)):
        renamed = NoteKey(name="somebody.else", kind=signer.key.kind, public=signer.key.public)
        blob = parse_lines(checkpoint.sign_lines(POINT, [signer], now_s=TIME))[0].blob
        try:
            verify_lines(POINT, [NoteSignature("somebody.else", renamed.id, blob)], [renamed])
            refused = False
        except LedgerError:
            refused = True
        assert refused is commits


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n",
        LINES[:-1],
        b"\n" + LINES,
        LINES + b"\n",
        LINES.replace(b"\n", b"\r\n"),
        LINES.replace("—".encode(), b"-"),
        NOTE.encode() + LINES,
        LINES.splitlines(keepends=True)[0] * 101,
        b"\xff" * 10,
    ],
)
def test_anything_else_than_lines_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedError) as refused:
        parse_lines(raw)
    assert refused.value.code == "note_malformed"


def test_a_name_of_over_255_bytes_has_no_place_in_an_ml_dsa_cosignature() -> None:
    private = MLDSA44PrivateKey.from_seed_bytes(bytes(32))
    longest = NoteSigner("w" * 255, private, cosigner=True)
    assert checkpoint.sign_lines(POINT, [longest], now_s=TIME).count(b"\n") == 1
    with pytest.raises(MalformedError) as refused:
        checkpoint.sign_lines(POINT, [NoteSigner("w" * 256, private, cosigner=True)], now_s=TIME)
    assert refused.value.code == "checkpoint_malformed"
