"""The container of evidence: a ZIP file that is written in one way only, and its manifest. Pure.

The reader accepts only what the writer would have written. It reads the local headers, computes
from them the one directory that may follow, and compares. So it decompresses nothing, follows no
offset that the file names, and checks each name before it uses it.

The writer reads each file twice: first to measure it, then to write it. Headers and manifest
precede the content and state its length and digests, and so the writer needs no file in memory.
"""

import hashlib
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple

import msgspec

from ledger.encoding import SHA256_HEX, SafeInteger, decode, jcs, sha256_hex
from ledger.errors import CorruptError, MalformedError, TooLargeError
from ledger.verify import zip_records
from ledger.verify.zip_records import LOCAL, LOCAL_SIGNATURE, MAX_FILE_BYTES, FileHead

FORMAT: Literal["ledger-evidence/1"] = "ledger-evidence/1"
# The files that every bundle, or some bundles, have under these names.
MANIFEST = "manifest.json"
README = "README.txt"
OFFLINE_VERIFIER = "verify.html"
CHECKPOINT = "checkpoint"
HEADS = "heads.jwt"
STAMP = "checkpoint.tsr"
POLICY = "policy"
LOG_KEYS = "keys/vkeys"
STAMP_CERTIFICATES = "keys/tsa-chain.pem"
# Files that are only shown, and files that have checks of their own.
PLAIN = frozenset(
    {MANIFEST, README, OFFLINE_VERIFIER, CHECKPOINT, STAMP, POLICY, LOG_KEYS, STAMP_CERTIFICATES}
)
MAX_FILES = 1_000_000
MAX_BUNDLE_BYTES = 8 * 1024**3
MAX_PATH_CHARS = 200

Mode = Literal["statement", "redacted", "full"]
EvidenceMode = Mode | Literal["log", "receipt"]
Files = Mapping[str, bytes]
Content = Callable[[], Iterator[bytes]]  # yields the parts of a file; each call begins anew

_PART = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9._-]+"
_NAME = re.compile(rf"{_PART}(?:/{_PART})*", re.ASCII)


class CommittedTree(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tree of the checkpoint that a bundle's proofs lead to; `root` is base64 of 32 bytes."""

    origin: str
    root: str
    size: SafeInteger


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a bundle says about itself; `files` has the SHA-256 of every other file, hex."""

    checkpoint: CommittedTree
    files: dict[str, str]
    format: Literal["ledger-evidence/1"]
    mode: Mode
    statements: tuple[str, ...]


class MeasuredFile(NamedTuple):
    """A file of a bundle: CRC-32, size, SHA-256 in hex, and a function that reads it again."""

    crc: int
    size: int
    sha256: str
    read: Content


# --- writing -----------------------------------------------------------------------------------


def measured(read: Content) -> MeasuredFile:
    """Read a file once and return its measurements."""
    crc, size, digest = 0, 0, hashlib.sha256()
    for part in read():
        crc, size = zlib.crc32(part, crc), size + len(part)
        digest.update(part)
    return MeasuredFile(crc, size, digest.hexdigest(), read)


def held(content: bytes) -> MeasuredFile:
    """Return a file whose content is in memory."""
    return measured(lambda: iter((content,)))


def manifest_of(
    digests: Mapping[str, str], *, tree: CommittedTree, mode: Mode, statements: tuple[str, ...]
) -> bytes:
    """Return the manifest of files with these SHA-256, hex, by name."""
    return jcs(msgspec.to_builtins(Manifest(tree, dict(digests), FORMAT, mode, statements)))


def seal(
    files: Files, *, tree: CommittedTree, mode: Mode, statements: tuple[str, ...]
) -> dict[str, bytes]:
    """Return the files with their manifest."""
    digests = {name: sha256_hex(content) for name, content in files.items()}
    return {**files, MANIFEST: manifest_of(digests, tree=tree, mode=mode, statements=statements)}


def write(files: Files) -> bytes:
    """Return the files as a bundle; the same files give the same bytes.

    Raises as `stream`.
    """
    return b"".join(stream({name: held(content) for name, content in files.items()}))


def stream(files: Mapping[str, MeasuredFile]) -> Iterator[bytes]:
    """Yield a bundle in parts, reading one file after the other.

    Raises MalformedError `bundle_name_invalid`, TooLargeError `bundle_too_large`, both before the
    first part; CorruptError `log_changed` if a file has changed since it was measured.
    """
    heads = _heads(files)
    for head in heads:
        yield zip_records.local(head)
        crc = size = 0
        for part in files[head.name].read():
            crc, size = zlib.crc32(part, crc), size + len(part)
            yield part
        if (crc, size) != (head.crc, head.size):
            raise CorruptError("log_changed", f"the file {head.name} changed as it was written")
    yield from zip_records.directory(heads)


def length(files: Mapping[str, MeasuredFile]) -> int:
    """Return how many bytes `stream` yields; raise as it does before its first part."""
    heads = _heads(files)
    content = sum(LOCAL.size + len(head.name) + head.size for head in heads)
    return content + sum(map(len, zip_records.directory(heads)))


def _heads(files: Mapping[str, MeasuredFile]) -> list[FileHead]:
    _check_sizes({name: file.size for name, file in files.items()})
    return [FileHead(name, files[name].crc, files[name].size) for name in sorted(files)]


def check_files(files: Files) -> None:
    """Check the names and the limits; they also hold for a directory of files.

    Raises MalformedError `bundle_name_invalid`, TooLargeError `bundle_too_large`.
    """
    _check_sizes({name: len(content) for name, content in files.items()})


def _check_sizes(sizes: Mapping[str, int]) -> None:
    for name in sizes:
        _check_name(name)
    ends = map(len, zip_records.directory(FileHead(name, 0, size) for name, size in sizes.items()))
    total = sum(LOCAL.size + len(name) + size for name, size in sizes.items()) + sum(ends)
    most = max(sizes.values(), default=0)
    if len(sizes) > MAX_FILES or total > MAX_BUNDLE_BYTES or most > MAX_FILE_BYTES:
        raise too_large()


def too_large() -> TooLargeError:
    """Return the error of a bundle that is beyond the limits of its format."""
    detail = f"a bundle has at most {MAX_FILES:,} files and {MAX_BUNDLE_BYTES // 1024**3} GiB"
    return TooLargeError("bundle_too_large", detail)


def _check_name(name: str) -> None:
    if len(name) > MAX_PATH_CHARS or not _NAME.fullmatch(name):
        raise MalformedError("bundle_name_invalid", f"no name of a file in a bundle: {name!a:.220}")


# --- reading -----------------------------------------------------------------------------------


def parse(raw: bytes | memoryview) -> dict[str, bytes]:
    """Return the files of a bundle, by name, in its order.

    Raises MalformedError `bundle_malformed` for a ZIP file that `write` would not have written,
    `bundle_name_invalid`; TooLargeError `bundle_too_large`.
    """
    if len(raw) > MAX_BUNDLE_BYTES:
        raise too_large()
    files: dict[str, bytes] = {}
    heads: list[FileHead] = []
    place, last = 0, ""
    while raw[place : place + 4] == LOCAL_SIGNATURE:
        head, start = _parse_local(raw, place)
        if head.name <= last:
            raise _malformed(f"the file {head.name} stands twice, or in the wrong place")
        if len(files) == MAX_FILES:
            raise too_large()
        content = bytes(raw[start : start + head.size])
        if len(content) != head.size or zlib.crc32(content) != head.crc:
            raise _malformed(f"the file {head.name} is damaged")
        files[head.name] = content
        heads.append(head)
        place, last = start + head.size, head.name
    _compare_directory(raw, place, heads)
    return files


def _compare_directory(raw: bytes | memoryview, place: int, heads: list[FileHead]) -> None:
    """Refuse anything after the files but the one directory that follows from them."""
    names = [f"the directory's entry of {head.name}" for head in heads]
    for what, expected in zip([*names, "the end"], zip_records.directory(heads), strict=True):
        end = place + len(expected)
        if raw[place:end] != expected:
            raise _malformed(f"{what} is not the one way to write it")
        place = end
    if place != len(raw):
        raise _malformed("something stands after its end")


def _parse_local(raw: bytes | memoryview, place: int) -> tuple[FileHead, int]:
    """Return what the header at `place` states, and where the content of its file begins."""
    start = place + LOCAL.size
    if len(raw) < start:
        raise _malformed("it ends inside a header")
    *_, crc, size, _, name_bytes, _ = LOCAL.unpack_from(raw, place)
    name = bytes(raw[start : start + name_bytes]).decode("latin-1")
    _check_name(name)
    head = FileHead(name, crc, size)
    if size > MAX_FILE_BYTES or raw[place : start + name_bytes] != zip_records.local(head):
        raise _malformed(f"the header of {name} is not the one way to write it")
    return head, start + name_bytes


def _malformed(detail: str) -> MalformedError:
    return MalformedError("bundle_malformed", f"not a bundle: {detail}")


def parse_manifest(files: Files) -> Manifest:
    """Return the manifest after comparing every file with its SHA-256.

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
