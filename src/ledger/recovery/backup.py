"""Back up a ledger while it serves: one snapshot of its log, and its keys on request.

A backup is a directory that nothing changes later. It contains everything, or only what is new
since an earlier backup; the manifest names that one, and a restore needs both. The signer's memory
is left out on purpose: restored together with an old log, it would hide what was lost.
"""

import shutil
from contextlib import closing
from functools import reduce
from pathlib import Path

import msgspec

from ledger import __version__, clock
from ledger.audit.compared_rows import compared
from ledger.data_files import (
    BACKUP_FILE,
    LOG_FILE,
    SEALED_KEYS_FILE,
)
from ledger.domain import charter
from ledger.domain.charter import Charter
from ledger.domain.events import Event
from ledger.errors import ConflictError, CorruptError
from ledger.recovery import database_logs, sealed_keys
from ledger.recovery import manifest as manifests
from ledger.recovery.manifest import BackupManifest, EarlierBackup
from ledger.settings import Settings
from ledger.store.engines import audited_log, copies, require_existing
from ledger.store.ports.copies import CopyState
from ledger.system import private_files
from ledger.system.directory_lock import using


class BackupRequest(msgspec.Struct, frozen=True):
    """Where to write a backup, the earlier one to continue, the passphrase file for the keys."""

    target: Path
    since: Path | None = None
    passphrase: Path | None = None


def back_up(settings: Settings, request: BackupRequest, *, now_ms: int) -> BackupManifest:
    """Write a backup of the ledger, verify it, and return its manifest.

    Raises NotFoundError `not_founded`, `backup_unknown`; ConflictError `backup_exists`,
    `backup_elsewhere`, `backup_of_another`, `nothing_new`, `keys_missing`, `log_closed`;
    CorruptError as `LogCopies.examine`; MalformedError `passphrase_weak`.
    """
    require_existing(settings.log_address)
    phrase = None if request.passphrase is None else sealed_keys.read_passphrase(request.passphrase)
    with using(settings.data):
        earlier = None if request.since is None else _earlier(request)
        try:
            request.target.mkdir(parents=True, mode=0o700)
        except FileExistsError as error:
            raise ConflictError("backup_exists", f"{request.target} exists already") from error
        try:
            return _write(settings, request.target, earlier, phrase, now_ms)
        except BaseException:
            shutil.rmtree(request.target, ignore_errors=True)
            raise


def _earlier(request: BackupRequest) -> tuple[EarlierBackup, BackupManifest]:
    """Return the manifest of the backup to continue, and its reference."""
    path = request.since
    if path is None or path.resolve().parent != request.target.resolve().parent:
        detail = "a backup and its earlier backup must be in one directory"
        raise ConflictError("backup_elsewhere", detail)
    found = manifests.read(path)
    name = path.resolve().name
    sha256 = manifests.describe(path / BACKUP_FILE).sha256
    return EarlierBackup(name, found.size, sha256), found


def _write(
    settings: Settings,
    target: Path,
    earlier: tuple[EarlierBackup, BackupManifest] | None,
    phrase: bytes | None,
    now_ms: int,
) -> BackupManifest:
    before = None if earlier is None else earlier[1].state()
    if settings.database is not None:
        database_logs.take(settings.database, target, before)
    elif before is None:
        copies().copy_all(settings.data, target)
    else:
        copies().copy_new(settings.data, target, before.marks)
    state = copies().examine(target, before)
    if before is not None:
        _require_continued(settings, before, state)
    names = [LOG_FILE]
    if phrase is not None:
        sealed = sealed_keys.seal(_keys(settings), phrase)
        private_files.create(target / SEALED_KEYS_FILE, sealed)
        names.append(SEALED_KEYS_FILE)
    charter = charter_of(settings.log_address, state.size)
    if state.epoch > charter.epoch:
        detail = "this log is closed: `ledger copy` moved it; back up the ledger where it is now"
        raise ConflictError("log_closed", detail)
    written = BackupManifest(
        ledger=charter.ledger,
        epoch=state.epoch,
        created_at=clock.to_text(now_ms),
        size=state.size,
        root=state.edge.root().hex(),
        edge=manifests.edge_texts(state.edge),
        checkpoint=None if state.note is None else state.note.decode(),
        marks=dict(state.marks),
        since=None if earlier is None else earlier[0],
        files=[manifests.describe(target / name) for name in names],
        tool=__version__,
    )
    if earlier is not None and earlier[1].ledger != written.ledger:
        raise _of_another()
    manifests.write(target, written)
    return manifests.read(target)


def _require_continued(settings: Settings, before: CopyState, state: CopyState) -> None:
    """Refuse if the log does not begin with what the earlier backup contains.

    If the new rows have a checkpoint, `LogCopies.examine` has shown it: the checkpoint's root
    follows from the earlier tree. Otherwise read the log's leaves once more.
    """
    if dict(state.marks) == dict(before.marks):
        raise ConflictError("nothing_new", "the log has nothing that the earlier backup lacks")
    shown = state.marks["checkpoint"] > before.size
    if not shown and database_logs.root_of(settings.log_address, before.size) != before.edge.root():
        raise _of_another()


def _of_another() -> ConflictError:
    detail = "the log does not begin with what the earlier backup contains"
    return ConflictError("backup_of_another", detail)


def charter_of(address: str, size: int) -> Charter:
    """Return the charter of the log at an address as of a size.

    Raises CorruptError `position_missing` without a founding, and as `compared`.
    """
    with closing(audited_log(address).open()) as rows:
        told = (compared(row).event for row in rows.of_stream(charter.STREAM.bytes, size + 1))
        own = (event for event in told if isinstance(event, Event))
        found = reduce(charter.evolve, own, None)
    if found is None:
        raise CorruptError("position_missing", "the log does not begin with the ledger's creation")
    return found


def _keys(settings: Settings) -> dict[str, str]:
    """Return the files with private keys, as text; raise ConflictError `keys_missing`."""
    paths = sealed_keys.key_files(settings)
    missing = [str(path) for path in paths.values() if not path.is_file()]
    if missing:
        detail = f"not found: {', '.join(missing)}; back up without keys, or put the files back"
        raise ConflictError("keys_missing", detail, missing=missing)
    return {name: path.read_text("ascii") for name, path in paths.items()}
