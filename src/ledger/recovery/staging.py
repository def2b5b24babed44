"""Put the backups together in a directory of their own, and set the result in the log's place.

The ledger's log does not change before the file `ready` is written. From then on every step can be
repeated, so a restore that is interrupted is finished by the next one.
"""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from ledger.data_files import (
    BACKUP_FILE,
    LOG_KEYS_FILE,
    RESTORING,
    SEALED_KEYS_FILE,
    VIEWS_FILE,
)
from ledger.errors import ConflictError, CorruptError
from ledger.recovery import database_logs, sealed_keys
from ledger.recovery import manifest as manifests
from ledger.recovery.manifest import BackupManifest
from ledger.settings import Settings
from ledger.store.engines import audited_log, copies, forget_operations
from ledger.store.ports.copies import CopyState
from ledger.system import private_files
from ledger.system.directory_lock import READY

_PARTS = ("", "-wal", "-shm")
Reached = Callable[[str], None]  # called with the name of each crash point


def is_ready(data: Path) -> bool:
    """Tell whether a restore was decided and not finished."""
    return (data / RESTORING / READY).exists()


def join_backups(backup: Path, staging: Path) -> CopyState:
    """Put a backup and those that it continues together in a new directory, and verify the result.

    Raises what `manifests.read` and `LogCopies.examine` raise; CorruptError `backup_damaged` if an
    earlier backup is not the backup that its successor names.
    """
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True, mode=0o700)
    chain = _chain(backup)
    copies().copy_all(chain[0][0], staging)
    for directory, _ in chain[1:]:
        copies().join(staging, directory)
    copies().settle(staging)
    state = copies().examine(staging)
    _, last = chain[-1]
    if (state.size, state.edge.root().hex()) != (last.size, last.root):
        raise CorruptError("backup_damaged", "the backups do not lead to the tree of the last one")
    return state


def _chain(backup: Path) -> list[tuple[Path, BackupManifest]]:
    """Return a backup after those that it continues, the full one first."""
    directory = backup.resolve()
    chain = [(directory, manifests.read(directory))]
    while (since := chain[0][1].since) is not None:
        directory = directory.parent / since.name
        found = manifests.read(directory)
        if manifests.describe(directory / BACKUP_FILE).sha256 != since.sha256:
            detail = f"{directory} is not the backup that was continued"
            raise CorruptError("backup_damaged", detail)
        chain.insert(0, (directory, found))
    return chain


def missing_keys(settings: Settings, backup: Path, passphrase: Path) -> dict[Path, bytes]:
    """Return the key files that are missing, from the newest backup of the chain that has keys.

    Raises ConflictError `keys_missing` if none has; what `_chain` and `sealed_keys` raise.
    """
    sealed = [directory / SEALED_KEYS_FILE for directory, _ in _chain(backup)]
    path = next((each for each in reversed(sealed) if each.is_file()), None)
    if path is None:
        detail = f"{backup}, and the backups that it continues, were made without keys"
        raise ConflictError("keys_missing", detail)
    files = sealed_keys.unseal(path.read_bytes(), sealed_keys.read_passphrase(passphrase))
    targets = sealed_keys.key_files(settings).items()
    return {
        target: files[name].encode()
        for name, target in targets
        if name in files and not target.exists()
    }


def install(settings: Settings, reached: Reached) -> Path | None:
    """Set the staged log and keys in their place; return where the old files are, if any.

    Each step can be repeated. The old log is kept: it may be the only trace of what was lost.
    """
    data, staging = settings.data, settings.data / RESTORING
    aside = data / (staging / READY).read_text("utf-8")
    if settings.database is not None:
        database_logs.put(settings.database, staging)
    elif copies().exists(staging):
        copies().set_aside(data, aside)
        reached("old log set aside")
        copies().move(staging, data)
    reached("log in place")
    staged_keys = staging / LOG_KEYS_FILE
    if staged_keys.exists():
        keys = settings.log_keys.file
        if keys.exists() and not (aside / LOG_KEYS_FILE).exists():
            aside.mkdir(mode=0o700, exist_ok=True)
            private_files.replace(aside / LOG_KEYS_FILE, keys.read_bytes())
        private_files.replace(keys, staged_keys.read_bytes())
        staged_keys.unlink()
    reached("keys in place")
    # Read models follow from the log; sessions and ceremonies belong to the old one.
    for part in _PARTS:
        (data / f"{VIEWS_FILE}{part}").unlink(missing_ok=True)
    with closing(audited_log(settings.log_address).open()) as log:
        size = log.newest()
    forget_operations(data, size)
    reached("sessions dropped")
    shutil.rmtree(staging)
    return aside if aside.exists() else None
