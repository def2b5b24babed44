"""The files of SQLite that a server holds open."""

from pathlib import Path

from ledger.sqlite.held_file import HeldFile
from ledger.store.ports.storage_files import StorageFiles


def storage_files(log: Path | None, *, memory: Path, state: Path | None) -> StorageFiles:
    """Return the files of the log, the signer's memory and the operational state, all open now.

    What is in a database has no file.
    """
    logs, states = ([] if path is None else [HeldFile(path)] for path in (log, state))
    held_memory = HeldFile(memory)
    for each in (*logs, held_memory, *states):
        each.note()
    return StorageFiles((*logs, held_memory), (*states,), (*logs,))
