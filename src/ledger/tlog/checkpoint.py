"""Checkpoints and proofs as text: C2SP signed-note, tlog-checkpoint, -cosignature, -proof. Pure.

Bytes in, verified object or error out. Every text has exactly one encoding: writing a parsed value
yields the parsed bytes. Extension lines are rejected, because ML-DSA-44 signatures do not cover
them.
"""

import re
from collections.abc import Iterable, Sequence

import msgspec

from ledger.encoding import b64_decode, b64_encode
from ledger.errors import MalformedError, RefusedError
from ledger.tlog.merkle import HASH_BYTES, MAX_PROOF_HASHES, MAX_SIZE
from ledger.tlog.vkeys import (
    COSIGNER,
    ED25519,
    ID_BYTES,
    SIGNATURE_BYTES,
    NoteKey,
    NoteSigner,
    is_key_name,
    verify,
)

MAX_NOTE_BYTES = 512 * 1024
MAX_SIGNATURES = 100
PROOF_HEADER = "c2sp.org/tlog-proof@v1"
_PREFIX = "\u2014 "  # em dash
_SUBTREE = b"subtree/v1\n\0"
_TIME_BYTES = 8
_MAX_TIME_S = 253_402_300_799  # the end of the year 9999: no calendar here goes on
_NUMBER = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)


class Checkpoint(msgspec.Struct, frozen=True):
    """A log's origin, its tree size (number of entries) and its root hash (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the note's text: three lines, the last newline included."""
        return f"{self.origin}\n{self.size}\n{b64_encode(self.root)}\n"


class NoteSignature(msgspec.Struct, frozen=True):
    """One unverified signature line: key name, 4-byte key id, and the bytes after the id."""

    name: str
    key_id: bytes
    blob: bytes

    def line(self) -> str:
        """Return the line with its newline."""
        return f"{_PREFIX}{self.name} {b64_encode(self.key_id + self.blob)}\n"


class Note(msgspec.Struct, frozen=True):
    """A parsed, unverified checkpoint note."""

    checkpoint: Checkpoint
    signatures: tuple[NoteSignature, ...]


class VerifiedCheckpoint(msgspec.Struct, frozen=True):
    """A checkpoint with the expected keys that signed it, at least one.

    `times` has, for each signer, the time in its line in seconds since 1970; None for a log's
    Ed25519 line, which has no time.
    """

    checkpoint: Checkpoint
    signers: tuple[NoteKey, ...]
    times: tuple[int | None, ...]


class TlogProof(msgspec.Struct, frozen=True):
    """A parsed, unverified inclusion proof of an entry; `note` is the checkpoint's."""

    index: int
    hashes: tuple[bytes, ...]
    note: bytes


# --- signing ----------------------------------------------------------------------------------


def sign(checkpoint: Checkpoint, signers: Sequence[NoteSigner], *, now_s: int) -> bytes:
    """Return the signed note. Every line has the time, except a log's Ed25519 line."""
    return f"{checkpoint.text()}\n".encode() + sign_lines(checkpoint, signers, now_s=now_s)


def sign_lines(checkpoint: Checkpoint, signers: Sequence[NoteSigner], *, now_s: int) -> bytes:
    """Return signature lines alone, to append to the same note."""
    return "".join(_sign(checkpoint, signer, now_s).line() for signer in signers).encode()


def _sign(checkpoint: Checkpoint, signer: NoteSigner, now_s: int) -> NoteSignature:
    key = signer.key
    if key.kind == ED25519:
        blob = signer.sign(checkpoint.text().encode())
    else:
        blob = now_s.to_bytes(_TIME_BYTES, "big")
        blob += signer.sign(_cosigned(checkpoint, key, blob))
    return NoteSignature(key.name, key.id, blob)


def _cosigned(checkpoint: Checkpoint, key: NoteKey, time: bytes) -> bytes:
    """Return the message under a cosignature (C2SP tlog-cosignature)."""
    if key.kind == COSIGNER:
        seconds = int.from_bytes(time, "big")
        return f"cosignature/v1\ntime {seconds}\n{checkpoint.text()}".encode()
    parts = [_SUBTREE, _short(key.name), time, _short(checkpoint.origin), bytes(8)]
    return b"".join([*parts, checkpoint.size.to_bytes(8, "big"), checkpoint.root])


def _short(text: str) -> bytes:
    raw = text.encode()
    if not 0 < len(raw) < 256:
        raise MalformedError("checkpoint_malformed", "a name has over 255 bytes")
    return bytes([len(raw)]) + raw


# --- parsing ----------------------------------------------------------------------------------


def parse_note(raw: bytes) -> Note:
    """Return the unverified checkpoint and signature lines of a note.

    Raises MalformedError `note_malformed` or `checkpoint_malformed`.
    """
    text, separator, tail = _text(raw, "note_malformed").rpartition("\n\n")
    lines = tail.split("\n")
    if not separator or lines.pop() or not 0 < len(lines) <= MAX_SIGNATURES:
        raise MalformedError(
            "note_malformed", "a note must be a text, an empty line, and 1 to 100 signatures"
        )
    return Note(parse_text(f"{text}\n"), tuple(map(_parse_signature, lines)))


def parse_lines(raw: bytes) -> tuple[NoteSignature, ...]:
    """Return unverified signature lines without a note, as a witness's response has them.

    Raises MalformedError `note_malformed`.
    """
    lines = _text(raw, "note_malformed").split("\n")
    if lines.pop() or not 0 < len(lines) <= MAX_SIGNATURES:
        raise MalformedError("note_malformed", "not 1 to 100 signature lines")
    return tuple(map(_parse_signature, lines))


def _text(raw: bytes, code: str) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError(code, "not UTF-8") from error
    if len(raw) > MAX_NOTE_BYTES or any(each < " " and each != "\n" for each in set(text)):
        raise MalformedError(code, "too long, or it contains a control character")
    return text


def _parse_signature(line: str) -> NoteSignature:
    parts = line.removeprefix(_PREFIX).split(" ")
    if not line.startswith(_PREFIX) or len(parts) != 2 or not is_key_name(parts[0]):
        raise MalformedError("note_malformed", "a signature line must be — <name> <base64>")
    try:
        blob = b64_decode(parts[1])
    except MalformedError as error:
        raise MalformedError("note_malformed", error.detail) from error
    if len(blob) <= ID_BYTES:
        raise MalformedError("note_malformed", "a signature line has no signature")
    return NoteSignature(parts[0], blob[:ID_BYTES], blob[ID_BYTES:])


def parse_text(text: str) -> Checkpoint:
    """Return the checkpoint of a note's text; raise MalformedError `checkpoint_malformed`."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:
        raise MalformedError("checkpoint_malformed", "not three lines")
    root = parse_hash(lines[2], "checkpoint_malformed")
    return Checkpoint(lines[0], parse_number(lines[1], "checkpoint_malformed"), root)


def parse_number(text: str, code: str) -> int:
    """Return a tree size or index; raise MalformedError `code`."""
    if not _NUMBER.fullmatch(text) or int(text) > MAX_SIZE:
        raise MalformedError(code, "not a whole number below 2^53 without leading zeros")
    return int(text)


def parse_hash(text: str, code: str) -> bytes:
    """Return the 32 bytes of a hash in base64; raise MalformedError `code`."""
    try:
        value = b64_decode(text)
    except MalformedError as error:
        raise MalformedError(code, error.detail) from error
    if len(value) != HASH_BYTES:
        raise MalformedError(code, "a hash must have 32 bytes")
    return value


# --- verifying --------------------------------------------------------------------------------


def verify_note(raw: bytes, keys: Iterable[NoteKey], *, expected_origin: str) -> VerifiedCheckpoint:
    """Verify a checkpoint note with the keys that the caller trusts.

    Lines of other keys are ignored. One invalid line of a trusted key makes the whole note invalid.
    Raises what `parse_note` raises; RefusedError `note_origin_mismatch`, `note_signature_invalid`,
    or `note_unsigned` if none of the keys signed.
    """
    note = parse_note(raw)
    if note.checkpoint.origin != expected_origin:
        raise RefusedError("note_origin_mismatch", "the checkpoint is another log's")
    verified = {key: time for key, _, time in verify_lines(note.checkpoint, note.signatures, keys)}
    if not verified:
        raise RefusedError("note_unsigned", "none of the expected keys signed the checkpoint")
    return VerifiedCheckpoint(note.checkpoint, tuple(verified), tuple(verified.values()))


def verify_lines(
    checkpoint: Checkpoint, signatures: Iterable[NoteSignature], keys: Iterable[NoteKey]
) -> list[tuple[NoteKey, NoteSignature, int | None]]:
    """Return the keys whose lines verify, each with the time in its line.

    Lines of other keys are ignored, and of equal lines all but one: anybody can repeat a line.
    Raises RefusedError `note_signature_invalid`.
    """
    known = {(key.name, key.id): key for key in keys}
    different = dict.fromkeys(signatures)
    found = [(known.get((each.name, each.key_id)), each) for each in different]
    return [
        (key, each, _verify_signature(checkpoint, each, key))
        for key, each in found
        if key is not None
    ]


def _verify_signature(checkpoint: Checkpoint, signature: NoteSignature, key: NoteKey) -> int | None:
    """Verify one line; return the time in it, None if it has none."""
    if key.kind == ED25519:
        verify(key, signature.blob, checkpoint.text().encode())
        return None
    time, raw = signature.blob[:_TIME_BYTES], signature.blob[_TIME_BYTES:]
    seconds = int.from_bytes(time, "big")
    if len(raw) != SIGNATURE_BYTES[key.kind] or seconds > _MAX_TIME_S:
        raise RefusedError("note_signature_invalid", f"a signature of {key.name} is malformed")
    verify(key, raw, _cosigned(checkpoint, key, time))
    return seconds


# --- proofs of entries ------------------------------------------------------------------------


def write_proof(index: int, hashes: Sequence[bytes], note: bytes) -> bytes:
    """Return a `.tlog-proof`: an entry's index, its inclusion proof, and the checkpoint."""
    lines = [PROOF_HEADER, f"index {index}", *map(b64_encode, hashes), "", ""]
    return "\n".join(lines).encode() + note


def parse_proof(raw: bytes) -> TlogProof:
    """Return the unverified parts of a `.tlog-proof`; ignore its `extra` line.

    Raises MalformedError `proof_malformed`. The note in it is not parsed.
    """
    head, separator, note = _text(raw, "proof_malformed").partition("\n\n")
    lines = head.split("\n")
    if not separator or lines.pop(0) != PROOF_HEADER or not lines:
        raise MalformedError("proof_malformed", f"not {PROOF_HEADER}")
    if lines[0].startswith("extra "):
        _parse_extra(lines.pop(0).removeprefix("extra "))
    if not lines or not lines[0].startswith("index ") or len(lines) > 1 + MAX_PROOF_HASHES:
        raise MalformedError("proof_malformed", "it has no index, or over 63 hashes")
    index = parse_number(lines[0].removeprefix("index "), "proof_malformed")
    hashes = tuple(parse_hash(line, "proof_malformed") for line in lines[1:])
    return TlogProof(index, hashes, note.encode())


def _parse_extra(text: str) -> None:
    try:
        b64_decode(text)
    except MalformedError as error:
        raise MalformedError("proof_malformed", error.detail) from error
