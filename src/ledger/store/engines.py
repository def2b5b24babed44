"""Open what a ledger stores on its storage engine: the one place that chooses an engine.

The audit and the backups need none of the server's packages, so the engine of the log, which does,
is imported when a log is opened.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from ledger.audit.source import LogSource
from ledger.data_files import LOG_FILE, SESSIONS_FILE
from ledger.domain.epochs import SignedTree
from ledger.errors import NotFoundError
from ledger.store.ports.copies import LogCopies
from ledger.store.ports.operations import OperationalState
from ledger.store.ports.signer_memory import SignerMemory
from ledger.store.ports.storage_files import StorageFiles
from ledger.store.sqlite import open_files, signer_memory
from ledger.store.sqlite.audited import SqliteSource
from ledger.store.sqlite.copies import SqliteCopies
from ledger.store.sqlite.operations import SqliteState
from ledger.store.sqlite.signer_memory import SqliteSignerMemory

if TYPE_CHECKING:
    from ledger.store.ports.log import LogStore, ReadableLog


def address_of(data: Path) -> str:
    """Return the address of the log of a data directory."""
    return str(data / LOG_FILE)


def open_log(address: str) -> "LogStore":
    """Open the log at an address, new or existing.

    Raises CorruptError `format_unknown`, ConflictError `file_is_link`, UnavailableError
    `storage_failed`.
    """
    from ledger.store.sqlite.store import SqliteLog  # the server's packages

    return SqliteLog(Path(address))


def read_log(address: str) -> "ReadableLog":
    """Open the log at an address for reading only.

    Raises NotFoundError `not_founded`, CorruptError `file_malformed`, UnavailableError
    `storage_failed`.
    """
    from ledger.store.sqlite.store import SqliteReader  # the server's packages

    return SqliteReader(Path(address))


def require_existing(data: Path) -> None:
    """Raise NotFoundError `not_founded` if a data directory has no log."""
    if not copies().exists(data):
        raise NotFoundError("not_founded", f"there is no ledger in {data}")


def open_existing(data: Path) -> "LogStore":
    """Open the log of a data directory; raise NotFoundError `not_founded` if there is none."""
    require_existing(data)
    return open_log(address_of(data))


def audited_log(address: str) -> LogSource:
    """Return the log at an address for an audit, which opens it read-only."""
    return SqliteSource(Path(address))


def copies() -> LogCopies:
    """Return what copies logs."""
    return SqliteCopies()


def storage_files(data: Path, memory: Path) -> StorageFiles:
    """Return the files of a ledger's log, signer's memory and operational state, all open now."""
    return open_files.storage_files(Path(address_of(data)), memory, data / SESSIONS_FILE)


def open_operations(data: Path, *, born_ms: int) -> OperationalState:
    """Open the operational state in a data directory; a new one keeps `born_ms`, as it says."""
    return SqliteState(data / SESSIONS_FILE, born_ms=born_ms)


def forget_operations(data: Path) -> None:
    """Delete the operational state in a data directory that no server uses."""
    for part in ("", "-wal", "-shm"):
        (data / f"{SESSIONS_FILE}{part}").unlink(missing_ok=True)


def open_signer_memory(path: Path) -> SignerMemory:
    """Open the signer's memory in a file, new or existing."""
    return SqliteSignerMemory(path)


def remembered(path: Path) -> list[SignedTree] | None:
    """Return what the signer's memory in a file holds without changing it, None without a file.

    Raises CorruptError `memory_malformed`; UnavailableError `storage_failed`.
    """
    return signer_memory.remembered(path)
