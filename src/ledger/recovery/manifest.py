"""The manifest of a backup: what its files contain, with the hash of each.

The manifest is written last, so a directory without one is not a backup.
"""

import hashlib
from pathlib import Path

import msgspec

from ledger.data_files import BACKUP_FILE, LOG_FILE
from ledger.encoding import SHA256_HEX, b64u_decode, b64u_encode
from ledger.errors import CorruptError, MalformedError, NotFoundError
from ledger.store.ports.copies import CopyState
from ledger.system import private_files
from ledger.tlog.merkle import HASH_BYTES, WIDTH, Edge

_CHUNK_BYTES = 128 * 1024


class BackupFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of a backup; `sha256` is hex."""

    name: str
    bytes: int
    sha256: str


class EarlierBackup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The backup that this one continues: its directory's name, size and manifest's SHA-256."""

    name: str
    size: int
    sha256: str


class BackupManifest(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True
):
    """What a backup contains.

    `size` and `root` (hex) are those of the tree over all entries up to its end; `edge` is the
    right edge of that tree, each level base64url, from which a later backup continues. `checkpoint`
    is the note of the newest one. `marks` names the last row of each table that grows. `since` is
    None for a backup of everything.
    """

    v: int = 1
    ledger: str
    epoch: int
    created_at: str
    size: int
    root: str
    edge: list[str]
    checkpoint: str | None
    marks: dict[str, int]
    since: EarlierBackup | None
    files: list[BackupFile]
    tool: str

    def state(self) -> CopyState:
        """Return what the backup contains, as `LogCopies.examine` does."""
        edge = Edge(self.size, tuple(b64u_decode(row) for row in self.edge))
        note = None if self.checkpoint is None else self.checkpoint.encode()
        return CopyState(self.marks, edge, self.epoch, note)


def edge_texts(edge: Edge) -> list[str]:
    """Return the rows of an edge as the manifest has them."""
    return [b64u_encode(row) for row in edge.rows]


def describe(path: Path) -> BackupFile:
    """Return a file's name, length and SHA-256."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return BackupFile(path.name, size, digest.hexdigest())


def write(directory: Path, manifest: BackupManifest) -> None:
    """Write the manifest, durably."""
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
    private_files.create(directory / BACKUP_FILE, text)


def read(directory: Path) -> BackupManifest:
    """Return a backup's manifest, after comparing every file with it.

    Raises NotFoundError `backup_unknown` for a directory that is not a backup; MalformedError
    `manifest_malformed`; CorruptError `backup_damaged` for a file that is missing or differs.
    """
    path = directory / BACKUP_FILE
    if not path.is_file():
        detail = f"{directory} has no {BACKUP_FILE}: not a backup, or an interrupted one"
        raise NotFoundError("backup_unknown", detail)
    manifest = _parse(path.read_bytes())
    for file in manifest.files:
        found = directory / file.name
        if not found.is_file() or describe(found) != file:
            detail = f"{found} is missing or was changed after the backup"
            raise CorruptError("backup_damaged", detail)
    return manifest


def _parse(raw: bytes) -> BackupManifest:
    try:
        manifest = msgspec.json.decode(raw, type=BackupManifest)
        edge = manifest.state().edge
    except (msgspec.MsgspecError, UnicodeDecodeError, MalformedError) as error:
        raise MalformedError("manifest_malformed", f"the manifest is malformed: {error}") from error
    names = [file.name for file in manifest.files]
    is_sound = (
        manifest.v == 1
        and LOG_FILE in names
        and all(Path(name).name == name for name in names)
        and (manifest.since is None or _is_name(manifest.since))
        and manifest.marks.get("size") == manifest.size
        and _is_edge(edge)
        and edge.root().hex() == manifest.root
    )
    if not is_sound:
        raise MalformedError("manifest_malformed", "the manifest contradicts itself")
    return manifest


def _is_name(since: EarlierBackup) -> bool:
    return Path(since.name).name == since.name and bool(SHA256_HEX.fullmatch(since.sha256))


def _is_edge(edge: Edge) -> bool:
    """Tell whether each level has the number of hashes that a tree of this size has."""
    count, rows = edge.size, list(edge.rows)
    while count or rows:
        count, partial = divmod(count, WIDTH)
        if not rows or len(rows.pop(0)) != partial * HASH_BYTES:
            return False
    return True
