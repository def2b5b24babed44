"""The files of SQLite that a server holds open."""

from pathlib import Path

from ledger.sqlite.held_file import HeldFile
from ledger.store.ports.storage_files import StorageFiles


def storage_files(log: Path, memory: Path, state: Path) -> StorageFiles:
    """Return the files of the log, the signer's memory and the operational state, all open now."""
    held_log, held_memory, held_state = files = HeldFile(log), HeldFile(memory), HeldFile(state)
    for each in files:
        each.note()
    return StorageFiles((held_log, held_memory), (held_state,), (held_log,))
