"""Open a ledger's log on its storage engine.

Outside the store, only copies of the log and the signer's state name an engine.
"""

from pathlib import Path

from ledger.data_files import LOG_FILE, SESSIONS_FILE
from ledger.errors import NotFoundError
from ledger.store.ports.log import LogStore
from ledger.store.ports.operations import OperationalState
from ledger.store.sqlite.operations import SqliteState
from ledger.store.sqlite.store import SqliteLog


def address_of(data: Path) -> str:
    """Return the address of the log of a data directory."""
    return str(data / LOG_FILE)


def open_log(address: str) -> LogStore:
    """Open the log at an address, new or existing.

    Raises CorruptError `format_unknown`, ConflictError `file_is_link`, UnavailableError
    `storage_failed`.
    """
    return SqliteLog(Path(address))


def require_existing(data: Path) -> None:
    """Raise NotFoundError `not_founded` if a data directory has no log."""
    if not Path(address_of(data)).exists():
        raise NotFoundError("not_founded", f"there is no ledger in {data}")


def open_existing(data: Path) -> LogStore:
    """Open the log of a data directory; raise NotFoundError `not_founded` if there is none."""
    require_existing(data)
    return open_log(address_of(data))


def open_operations(data: Path) -> OperationalState:
    """Open the operational state in a data directory, new or existing."""
    return SqliteState(data / SESSIONS_FILE)
