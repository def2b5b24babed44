"""The files of SQLite that a server holds open."""

from pathlib import Path

from ledger.sqlite.held_file import HeldFile
from ledger.store.ports.storage_files import StorageFiles


def storage_files(log: Path | None, memory: Path, state: Path) -> StorageFiles:
    """Return the files of the log, the signer's memory and the operational state, all open now.

    A log in a database has no file.
    """
    held_logs = () if log is None else (HeldFile(log),)
    held_memory, held_state = HeldFile(memory), HeldFile(state)
    for each in (*held_logs, held_memory, held_state):
        each.note()
    return StorageFiles((*held_logs, held_memory), (held_state,), held_logs)
