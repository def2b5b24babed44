"""Backups of a log in a database, and restores into one: the backup itself is a file.

So one kind of backup serves both engines, and a restore can change the engine.
"""

from contextlib import closing
from pathlib import Path

from ledger.data_files import LOG_FILE
from ledger.errors import ConflictError
from ledger.store import engines, transfer
from ledger.store.ports.copies import CopyState
from ledger.store.ports.transfer import Extent
from ledger.store.transfer import NOTHING


def take(address: str, target: Path, earlier: CopyState | None) -> None:
    """Write the log at an address, or what is new since a backup, into the file of another one.

    It is one state of the log, although servers append meanwhile: rows never change, and after an
    erasure of meanwhile more is written, up to the event that says so.
    """
    done = NOTHING if earlier is None else _extent(earlier)
    file = target / LOG_FILE
    with (
        closing(engines.audited_log(address).open()) as rows,
        closing(engines.open_backup(file, is_part=earlier is not None)) as taking,
    ):
        is_complete = False
        while not is_complete:
            last = transfer.extent_of(rows)
            transfer.write_events(rows, taking, done.size, last.size, transfer.silent)
            transfer.write_rows(rows, taking, done, last, transfer.silent)
            done = last
            is_complete = all(by <= last.size for _, by in rows.erased())
        taking.finish(done)


def _extent(state: CopyState) -> Extent:
    marks = state.marks
    return Extent(
        state.size, state.epoch, 0, marks["checkpoint"], marks["cosignature"], marks["stamp"]
    )


def require_empty(address: str) -> None:
    """Create the tables in a database, if they are missing, and require that no log is there.

    Raises ConflictError `database_not_empty`, `database_refused` for a role that does not own the
    tables.
    """
    engines.open_target(address).close()
    with closing(engines.audited_log(address).open()) as rows:
        if rows.newest():
            detail = "the database has a log: restore into an empty one, and keep this as it is"
            raise ConflictError("database_not_empty", detail)


def put(address: str, directory: Path) -> None:
    """Write the log of a directory into a database, or go on with that; verify all of it.

    Raises CorruptError `copy_mismatch` if the database has something else.
    """
    with (
        closing(engines.audited_log(engines.address_of(directory)).open()) as rows,
        closing(engines.open_target(address)) as taking,
        closing(engines.audited_log(address).open()) as copied,
    ):
        extent = transfer.extent_of(rows)
        transfer.write_events(rows, taking, copied.newest(), extent.size, transfer.silent)
        transfer.write_rows(rows, taking, NOTHING, extent, transfer.silent)
        transfer.compare_events(rows, copied, extent.size, transfer.silent)
        transfer.compare_rows(rows, copied, extent, transfer.silent)
        taking.finish(extent)


def root_of(address: str, size: int) -> bytes:
    """Return the root over the first `size` entries of a log; raise as `compare_events`."""
    with closing(engines.audited_log(address).open()) as rows:
        return transfer.edge_of(rows, size).root()
