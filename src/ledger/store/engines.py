"""Open what a ledger stores on its storage engine: the one place that chooses an engine.

The log is in a file of the data directory, or in a database of PostgreSQL: its address says which.
There its servers also share the operational state and a part of the signer's memory. Otherwise both
are in files of the data directory.

The audit and the backups need none of the server's packages, so the engine of the log, which does,
is imported when a log is opened. psycopg is needed for a database only.
"""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.audit.source import LogSource
from ledger.data_files import (
    LOG_FILE,
    MESSAGES_FILE,
    PUBLISHER_LOCK,
    SESSIONS_FILE,
    is_database,
)
from ledger.domain.epochs import SignedTree
from ledger.errors import NotFoundError
from ledger.store.ports.copies import LogCopies
from ledger.store.ports.directory import Directory
from ledger.store.ports.messages import MessageStore
from ledger.store.ports.operations import Access, OperationalState
from ledger.store.ports.signer_memory import SignerMemory
from ledger.store.ports.storage_files import StorageFiles
from ledger.store.ports.transfer import StatePage, StatePages, TransferTarget
from ledger.store.ports.turn import PublishingTurn
from ledger.store.signer_memory import ServerSignerMemory, joined
from ledger.store.sqlite import access_record, open_files, signer_memory, state_rows
from ledger.store.sqlite.audited import SqliteSource
from ledger.store.sqlite.copies import SqliteCopies
from ledger.store.sqlite.directory import SqliteDirectory
from ledger.store.sqlite.messages import SqliteMessages
from ledger.store.sqlite.operations import SqliteState
from ledger.store.sqlite.signer_memory import SqliteSignerMemory
from ledger.store.sqlite.transfer import SqliteTarget
from ledger.store.sqlite.transfer import close_log as close_file
from ledger.store.sqlite.turn import FileTurn

if TYPE_CHECKING:
    from ledger.store.ports.log import LogStore, ReadableLog


def address_of(data: Path) -> str:
    """Return the address of a log that is in a directory; `Settings.log_address` may be another."""
    return str(data / LOG_FILE)


def open_log(address: str, *, quorum: bool = False, reads: str | None = None) -> "LogStore":
    """Open the log at an address, new or existing.

    With `quorum`, a database takes nothing while it waits for no standby. `reads` is the URL of a
    standby for long reads. Raises CorruptError
    `format_unknown`, `schema_changed`; ConflictError `file_is_link`, `database_refused`;
    UnavailableError `storage_failed`.
    """
    if is_database(address):
        from ledger.store.postgres.store import PostgresLog  # the server's packages, and psycopg

        return PostgresLog(address, quorum=quorum, reads=reads)
    from ledger.store.sqlite.store import SqliteLog  # the server's packages

    return SqliteLog(Path(address))


def read_log(address: str) -> "ReadableLog":
    """Open the log at an address for reading only.

    Raises NotFoundError `not_founded`, CorruptError `file_malformed`, UnavailableError
    `storage_failed`.
    """
    if is_database(address):
        from ledger.store.postgres.store import PostgresReader  # the server's packages, and psycopg

        return PostgresReader(address)
    from ledger.store.sqlite.store import SqliteReader  # the server's packages

    return SqliteReader(Path(address))


def has_log(address: str) -> bool:
    """Tell whether there is a log at an address; raise UnavailableError `storage_failed`."""
    if is_database(address):
        from ledger.store.postgres import schema  # psycopg
        from ledger.store.postgres.connections import DatabaseConnection

        with closing(DatabaseConnection(address, reads_only=True)) as database:
            return schema.exists(database)
    log = Path(address)
    return log.is_file() and log.stat().st_size > 0


def require_existing(address: str) -> None:
    """Raise NotFoundError `not_founded` if there is no log at an address."""
    if not has_log(address):
        where = "the database" if is_database(address) else Path(address).parent
        raise NotFoundError("not_founded", f"there is no ledger in {where}")


def open_existing(address: str, *, quorum: bool = False) -> "LogStore":
    """Open the log at an address; raise NotFoundError `not_founded` if there is none."""
    require_existing(address)
    return open_log(address, quorum=quorum)


def create_database(address: str, *, role: str | None) -> None:
    """Create the log's tables in a database if they are missing, and let a role use them.

    Raises ConflictError `database_refused`, UnavailableError `storage_failed`.
    """
    from ledger.store.postgres import schema  # psycopg
    from ledger.store.postgres.connections import DatabaseConnection

    with closing(DatabaseConnection(address)) as database:
        schema.create(database, role=role)


def audited_log(address: str) -> LogSource:
    """Return the log at an address for an audit, which opens it read-only."""
    if is_database(address):
        from ledger.store.postgres.audited import PostgresSource  # psycopg

        return PostgresSource(address)
    return SqliteSource(Path(address))


def open_target(address: str) -> TransferTarget:
    """Open what takes in the rows of a log at an address, new or left by an earlier transfer.

    Raises CorruptError `format_unknown`, `schema_changed`; ConflictError `file_is_link`,
    `database_refused` for a role that does not own the tables; UnavailableError `storage_failed`.
    """
    if is_database(address):
        from ledger.store.postgres.transfer import PostgresTarget  # psycopg

        return PostgresTarget(address)
    return SqliteTarget(Path(address))


def open_backup(file: Path, *, is_part: bool) -> TransferTarget:
    """Create the file of a backup: a whole log, or what is new since an earlier backup."""
    return SqliteTarget(file, "part" if is_part else "copy")


def require_closable(address: str) -> None:
    """Raise ConflictError `database_refused` if the log at an address cannot be closed."""
    if is_database(address):
        from ledger.store.postgres import transfer  # psycopg

        transfer.require_owner(address)


def close_log(address: str, epoch: int, size: int | None) -> bool:
    """Raise this epoch of a log in use, so that nobody appends to it any more.

    Returns False, unchanged, if the log has another epoch or size; None is any size.
    """
    if is_database(address):
        from ledger.store.postgres import transfer  # psycopg

        return transfer.close_log(address, epoch, size)
    return close_file(Path(address), epoch, size)


def stored_state(address: str, data: Path) -> Generator[StatePage, None, None]:
    """Yield the rows of the operational state of the log at an address, and of its messages."""
    if is_database(address):
        from ledger.store.postgres import state_rows as shared  # psycopg

        return shared.stored(address)
    return state_rows.stored(data)


def replace_state(address: str, data: Path, pages: StatePages) -> None:
    """Replace the operational state and messages of the log at an address, whose tables exist."""
    if is_database(address):
        from ledger.store.postgres import state_rows as shared  # psycopg

        shared.replace(address, pages)
    else:
        state_rows.replace(data, pages)


def stop_servers(address: str) -> None:
    """Let no server on a closed log send messages or change the operational state any more.

    On files, the caller holds the data directory, so no server runs.
    """
    if is_database(address):
        from ledger.store.postgres import state_rows as shared  # psycopg

        shared.stop_servers(address)


def copies() -> LogCopies:
    """Return what copies logs."""
    return SqliteCopies()


def storage_files(address: str, data: Path, memory: Path) -> StorageFiles:
    """Return the files of a ledger's log, signer's memory and operational state, all open now."""
    if is_database(address):
        return open_files.storage_files(log=None, memory=memory, state=None)
    return open_files.storage_files(Path(address), memory=memory, state=data / SESSIONS_FILE)


def open_operations(address: str, data: Path, *, born_ms: int) -> OperationalState:
    """Open the operational state of the log at an address; a new one keeps `born_ms`."""
    if is_database(address):
        from ledger.store.postgres.operations import PostgresState  # psycopg

        return PostgresState(address, born_ms=born_ms)
    return SqliteState(data / SESSIONS_FILE, born_ms=born_ms)


def open_messages(address: str, data: Path) -> MessageStore:
    """Open the messages of the log at an address; `data` is this server's directory."""
    if is_database(address):
        from ledger.store.postgres.messages import PostgresMessages  # psycopg

        return PostgresMessages(address)
    return SqliteMessages(data / MESSAGES_FILE)


def open_directory(address: str, data: Path) -> Directory:
    """Open the organisation's directory beside the log at an address."""
    if is_database(address):
        from ledger.store.postgres.directory import PostgresDirectory  # psycopg

        return PostgresDirectory(address)
    return SqliteDirectory(data / SESSIONS_FILE)


def stored_accesses(address: str, data: Path) -> list[Access]:
    """Return the access record of the log at an address without changing it, newest line first.

    Raises CorruptError `file_malformed`, UnavailableError `storage_failed`.
    """
    if is_database(address):
        from ledger.store.postgres import access_record as shared  # psycopg

        return shared.stored(address)
    return access_record.stored(data / SESSIONS_FILE)


def forget_operations(data: Path, size: int) -> None:
    """Delete what the operational state has of the log of before; no server uses the directory.

    Messages about positions beyond the restored size count as of the last one. A file of sessions
    that is damaged is deleted.
    """
    state_rows.settle_restored(data, size)


def open_turn(address: str, data: Path) -> PublishingTurn:
    """Open this server's claim to the turn to publish the log at an address."""
    if is_database(address):
        from ledger.store.postgres.turn import DatabaseTurn  # psycopg

        return DatabaseTurn(address)
    return FileTurn(data / PUBLISHER_LOCK)


def open_signer_memory(address: str, path: Path) -> SignerMemory:
    """Open the signer's memory of the log at an address; `path` is this server's file.

    The tables of a database must exist already.
    """
    own = SqliteSignerMemory(path)
    if is_database(address):
        from ledger.store.postgres.signer_memory import PostgresSignerMemory  # psycopg

        return ServerSignerMemory(PostgresSignerMemory(address), own)
    return own


def remembered(address: str, path: Path) -> list[SignedTree] | None:
    """Return what `open_signer_memory` knows, without changing anything; None without the file.

    Raises CorruptError `memory_malformed`; UnavailableError `storage_failed`.
    """
    own = signer_memory.remembered(path)
    if own and is_database(address) and has_log(address):
        from ledger.store.postgres import signer_memory as shared  # psycopg

        return joined(own, shared.remembered(address))
    return own
