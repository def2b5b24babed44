"""The container of evidence: a ZIP file that is written in one way only, and its manifest. Pure.

The reader takes what the writer would have written and nothing else: it walks the local headers,
works out from them the one directory that may follow, and compares. So nothing is decompressed,
nothing is looked up by an offset that the file names, and no name is used before it was checked.
"""

import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from ledger.encoding import SHA256_HEX, decode, jcs, sha256_hex
from ledger.errors import MalformedError, TooLargeError

FORMAT: Literal["ledger-evidence/1"] = "ledger-evidence/1"
# The files that every bundle, or some bundles, have under these names.
MANIFEST = "manifest.json"
README = "README.txt"
OFFLINE_VERIFIER = "verify.html"
CHECKPOINT = "checkpoint"
STAMP = "checkpoint.tsr"
POLICY = "policy"
LOG_KEYS = "keys/vkeys"
STAMP_CERTIFICATES = "keys/tsa-chain.pem"
MAX_FILES = 65_000
MAX_BUNDLE_BYTES = 1024**3
MAX_PATH_CHARS = 200

Mode = Literal["statement", "redacted", "full"]
Files = Mapping[str, bytes]

# Signature, version needed, flags, method, time, date, CRC-32, both sizes, lengths of name and
# extra field. The date is 1980-01-01, the first that a ZIP file can name.
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
# Signature, made by (Unix, 2.0), the same as above; lengths of name, extra field and comment, disk,
# internal and external attributes (a regular file of mode 0644), offset of the local header.
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_LOCAL_SIGNATURE, _CENTRAL_SIGNATURE, _END_SIGNATURE = b"PK\3\4", b"PK\1\2", b"PK\5\6"
_VERSION, _MADE_BY, _DATE, _ATTRIBUTES = 20, 0x0314, 0x0021, 0o100644 << 16

_PART = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9._-]+"
_NAME = re.compile(rf"{_PART}(?:/{_PART})*", re.ASCII)


class CommittedTree(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tree of the checkpoint that a bundle's proofs lead to; `root` is base64 of 32 bytes."""

    origin: str
    root: str
    size: int


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a bundle says of itself; `files` has the SHA-256 of every other file, hex."""

    checkpoint: CommittedTree
    files: dict[str, str]
    format: Literal["ledger-evidence/1"]
    mode: Mode
    statements: tuple[str, ...]


# --- writing -----------------------------------------------------------------------------------


def seal(
    files: Files, *, tree: CommittedTree, mode: Mode, statements: tuple[str, ...]
) -> dict[str, bytes]:
    """Return the files with their manifest."""
    digests = {name: sha256_hex(content) for name, content in files.items()}
    manifest = Manifest(tree, digests, FORMAT, mode, statements)
    return {**files, MANIFEST: jcs(msgspec.to_builtins(manifest))}


def write(files: Files) -> bytes:
    """Return the files as a bundle; the same files are the same bytes.

    Raises MalformedError `bundle_name_invalid`, TooLargeError `bundle_too_large`.
    """
    check_files(files)
    parts: list[bytes] = []
    heads = [(name, zlib.crc32(files[name]), len(files[name])) for name in sorted(files)]
    for name, crc, size in heads:
        parts += [_local(name, crc, size), files[name]]
    return b"".join([*parts, *_directory(heads)])


def check_files(files: Files) -> None:
    """Check the names and the limits, which a directory of files has to keep as well.

    Raises MalformedError `bundle_name_invalid`, TooLargeError `bundle_too_large`.
    """
    for name in files:
        _check_name(name)
    heads = _LOCAL.size + _CENTRAL.size
    total = sum(heads + 2 * len(name) + len(content) for name, content in files.items())
    if len(files) > MAX_FILES or total + _END.size > MAX_BUNDLE_BYTES:
        raise TooLargeError("bundle_too_large", "a bundle has at most 65,000 files and 1 GiB")


def _check_name(name: str) -> None:
    if len(name) > MAX_PATH_CHARS or not _NAME.fullmatch(name):
        raise MalformedError("bundle_name_invalid", f"no name of a file in a bundle: {name!a:.220}")


def _local(name: str, crc: int, size: int) -> bytes:
    fields = (_VERSION, 0, 0, 0, _DATE, crc, size, size, len(name), 0)
    return _LOCAL.pack(_LOCAL_SIGNATURE, *fields) + name.encode("ascii")


def _directory(heads: list[tuple[str, int, int]]) -> Iterator[bytes]:
    offset = length = 0
    for name, crc, size in heads:
        fields = (_VERSION, 0, 0, 0, _DATE, crc, size, size, len(name), 0, 0, 0, 0, _ATTRIBUTES)
        yield _CENTRAL.pack(_CENTRAL_SIGNATURE, _MADE_BY, *fields, offset) + name.encode("ascii")
        length += _CENTRAL.size + len(name)
        offset += _LOCAL.size + len(name) + size
    yield _END.pack(_END_SIGNATURE, 0, 0, len(heads), len(heads), length, offset, 0)


# --- reading -----------------------------------------------------------------------------------


def parse(raw: bytes) -> dict[str, bytes]:
    """Return the files of a bundle, by name, in its order.

    Raises MalformedError `bundle_malformed` for any other ZIP file than `write` makes,
    `bundle_name_invalid`; TooLargeError `bundle_too_large`.
    """
    if len(raw) > MAX_BUNDLE_BYTES:
        raise TooLargeError("bundle_too_large", "a bundle has at most 1 GiB")
    files: dict[str, bytes] = {}
    heads: list[tuple[str, int, int]] = []
    place, last = 0, ""
    while raw[place : place + 4] == _LOCAL_SIGNATURE:
        name, crc, size, start = _parse_local(raw, place)
        if name <= last:
            raise _malformed(f"the file {name} stands twice, or in the wrong place")
        if len(files) == MAX_FILES:
            raise TooLargeError("bundle_too_large", "a bundle has at most 65,000 files")
        content = raw[start : start + size]
        if len(content) != size or zlib.crc32(content) != crc:
            raise _malformed(f"the file {name} is damaged")
        files[name] = content
        heads.append((name, crc, size))
        place, last = start + size, name
    _compare_directory(raw, place, heads)
    return files


def _compare_directory(raw: bytes, place: int, heads: list[tuple[str, int, int]]) -> None:
    """Refuse everything behind the files that is not the one directory of them."""
    names = [f"the directory's entry of {name}" for name, _, _ in heads]
    for what, expected in zip([*names, "the end"], _directory(heads), strict=True):
        end = place + len(expected)
        if raw[place:end] != expected:
            raise _malformed(f"{what} is not the one way to write it")
        place = end
    if place != len(raw):
        raise _malformed("something stands behind its end")


def _parse_local(raw: bytes, place: int) -> tuple[str, int, int, int]:
    """Return name, CRC-32, size and start of the file whose header stands here."""
    start = place + _LOCAL.size
    if len(raw) < start:
        raise _malformed("it ends inside a header")
    *_, crc, size, _, length, _ = _LOCAL.unpack_from(raw, place)
    name = raw[start : start + length].decode("latin-1")
    _check_name(name)
    if raw[place : start + length] != _local(name, crc, size):
        raise _malformed(f"the header of {name} is not the one way to write it")
    return name, crc, size, start + length


def _malformed(detail: str) -> MalformedError:
    return MalformedError("bundle_malformed", f"not a bundle: {detail}")


def parse_manifest(files: Files) -> Manifest:
    """Return the manifest, once every file is the one that it names.

    Raises MalformedError: `manifest_missing`, `manifest_malformed`, `file_missing`,
    `file_unlisted`, `file_changed`.
    """
    raw = files.get(MANIFEST)
    if raw is None:
        raise MalformedError("manifest_missing", f"there is no {MANIFEST}")
    manifest = _decode_manifest(raw)
    for name in sorted(manifest.files.keys() | files.keys() - {MANIFEST}):
        if name not in files:
            raise MalformedError("file_missing", f"the file {name} is not there")
        if name not in manifest.files:
            raise MalformedError("file_unlisted", f"the file {name} is not in the manifest")
        if sha256_hex(files[name]) != manifest.files[name]:
            raise MalformedError("file_changed", f"the file {name} is not the one of the manifest")
    return manifest


def _decode_manifest(raw: bytes) -> Manifest:
    try:
        manifest = decode(raw, Manifest)
        again = jcs(msgspec.to_builtins(manifest))
    except (MalformedError, TypeError) as error:
        detail = error.detail if isinstance(error, MalformedError) else "a name outside ASCII"
        raise MalformedError("manifest_malformed", f"{MANIFEST}: {detail}") from error
    if again != raw:
        raise MalformedError("manifest_malformed", f"{MANIFEST} is not in its one form")
    if MANIFEST in manifest.files or not all(map(SHA256_HEX.fullmatch, manifest.files.values())):
        raise MalformedError("manifest_malformed", f"{MANIFEST} names itself, or no SHA-256")
    if len(set(manifest.statements)) != len(manifest.statements) or not manifest.statements:
        raise MalformedError("manifest_malformed", f"{MANIFEST} names a statement twice, or none")
    return manifest
