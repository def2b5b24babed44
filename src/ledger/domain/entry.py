"""The stored form of an event: public entry, salt and private body.

`state` = uint16 big-endian length of the entry ‖ entry ‖ 32-byte salt ‖ body. The entry is the
leaf of the log's tree; it commits to the body by SHA-256(salt ‖ body), so bodies can be withheld
without breaking a proof. An entry says nothing of its body's length: entries are public, and a
length tells how long a name is and which approval completed a policy. Hashes are over stored bytes;
nothing here re-encodes to hash.
"""

import hashlib
from typing import Literal
from uuid import UUID

import msgspec

from ledger.clock import TIME, to_ms
from ledger.encoding import SHA256_HEX, SafeInteger
from ledger.errors import CorruptError

SALT_BYTES = 32
MAX_ENTRY_BYTES = 65_535
# Where the time stands: an entry begins with {"at":" and 24 characters.
_AT = slice(7, 31)


class Commitment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The salted SHA-256 of a body, 64 hex characters."""

    sha256: str


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The public envelope of one event; members stand in RFC 8785 order."""

    at: str
    body: Commitment
    seq: SafeInteger
    stream: UUID
    type: str
    v: Literal[1] = 1


_entry_decoder = msgspec.json.Decoder(Entry)


def seal(*, at: str, seq: int, stream: UUID, tag: str, body: bytes, salt: bytes) -> bytes:
    """Return the stored state of an event whose 32-byte salt the caller drew at random."""
    digest = hashlib.sha256(salt + body).hexdigest()
    return join(_write(Entry(at, Commitment(digest), seq, stream, tag)), salt + body)


def _write(entry: Entry) -> bytes:
    # By hand in RFC 8785 order: every part is ASCII that needs no escape.
    return (
        f'{{"at":"{entry.at}","body":{{"sha256":"{entry.body.sha256}"}},"seq":{entry.seq},'
        f'"stream":"{entry.stream}","type":"{entry.type}","v":1}}'
    ).encode("ascii")


def _is_written_as(entry: Entry, raw: bytes) -> bool:
    # A text with something to escape cannot come out as it was written.
    return entry.at.isascii() and entry.type.isascii() and _write(entry) == raw


def unseal(state: bytes) -> tuple[Entry, bytes]:
    """Return the entry and the body of a stored state that agrees with itself.

    The entry has its one spelling, and commits to exactly this salt and body. Raises CorruptError
    `state_truncated`, `entry_malformed`, `body_mismatch`.
    """
    raw, salt, body = split(state)
    entry = parse_entry(raw)
    check_commitment(entry, salt, body)
    if not _is_written_as(entry, raw):
        raise CorruptError("entry_malformed", "the entry is not in its canonical form")
    return entry, body


def is_erased(state: bytes) -> bool:
    """Tell whether a stored state is an entry alone: its salt and body were erased."""
    return len(state) == 2 + int.from_bytes(state[:2], "big")


def split(state: bytes) -> tuple[bytes, bytes, bytes]:
    """Return (entry, salt, body) of a stored state; raise CorruptError `state_truncated`."""
    start = 2 + int.from_bytes(state[:2], "big")
    if len(state) < start + SALT_BYTES:
        raise CorruptError("state_truncated", "a stored event is shorter than it says")
    return state[2:start], state[start : start + SALT_BYTES], state[start + SALT_BYTES :]


def cut(state: bytes) -> tuple[bytes, bytes]:
    """Return (entry, salt ‖ body) of a stored state; `join` puts them together again."""
    end = 2 + int.from_bytes(state[:2], "big")
    return state[2:end], state[end:]


def join(entry: bytes, body: bytes) -> bytes:
    """Return the stored state of an entry and its salt ‖ body, as `cut` took it apart.

    Without any salt and body it is the state of an event whose body was erased.
    """
    return len(entry).to_bytes(2, "big") + entry + body


def entry_ms(entry: bytes) -> int:
    """Return an entry's time in milliseconds since 1970; raise MalformedError `time_invalid`."""
    return to_ms(entry[_AT].decode("ascii", "replace"))


def stamped(entry: bytes, at: str) -> bytes:
    """Return the entry with another time, as text of 24 characters."""
    return entry[: _AT.start] + at.encode("ascii") + entry[_AT.stop :]


def entry_hash(entry: bytes) -> bytes:
    """Return the leaf hash of an entry's own bytes, as `leaf_hash` does of a stored state."""
    return hashlib.sha256(b"\0" + entry).digest()


def leaf_hash(state: bytes) -> bytes:
    """Return SHA-256(0x00 ‖ entry), 32 bytes (RFC 6962 section 2.1)."""
    end = 2 + int.from_bytes(state[:2], "big")
    return hashlib.sha256(b"\0" + state[2:end]).digest()


def parse_entry(raw: bytes) -> Entry:
    """Return the entry; raise CorruptError `entry_malformed`."""
    try:
        return _entry_decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CorruptError("entry_malformed", "a stored entry is not an entry") from error


def parse_canonical(raw: bytes) -> Entry:
    """Return the entry of bytes that are its one form; raise CorruptError `entry_malformed`.

    For entries whose bodies are not there: with the body, sealing it again shows the same.
    """
    envelope = parse_entry(raw)
    digest, time = SHA256_HEX.fullmatch(envelope.body.sha256), TIME.fullmatch(envelope.at)
    if not (digest and time and _is_written_as(envelope, raw)):
        raise CorruptError("entry_malformed", "the entry is not in its canonical form")
    return envelope


def check_commitment(entry: Entry, salt: bytes, body: bytes) -> None:
    """Raise CorruptError `body_mismatch` unless the entry commits to this salt and body."""
    # The hash alone does not say where the salt ends.
    if len(salt) != SALT_BYTES or entry.body.sha256 != hashlib.sha256(salt + body).hexdigest():
        raise CorruptError("body_mismatch", "a body is not the one its entry commits to")
