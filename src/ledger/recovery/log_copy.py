"""Copy a ledger's log between SQLite and PostgreSQL, and close the log that was copied.

The copy is the same log: the same events, receipts, names, tree and checkpoints, under the same
origin. Every row is compared with its original, and every event is verified. Then the old log is
closed: its epoch rises above what its events say. A server that still runs on it appends nothing
more, and none starts on it. So there is at no time more than one log that goes on.

Crash points, in order; after each of them the same command goes on:

    pages written        each is one transaction; the target has no head, so no server starts on it
    compared             nothing has changed
    closed               nobody can append to either log before the copy is finished
    servers stopped      none on the old log sends messages or changes what they share any more
    state carried        sessions, messages and the signer's memory are there
    finished             the target has its head

A closed log can be copied again, to another place too: that is the way back if the target is lost
before anything was appended to it.
"""

from contextlib import closing
from typing import NamedTuple

from ledger.audit.source import AuditedLog
from ledger.data_files import is_database
from ledger.errors import ConflictError, CorruptError
from ledger.recovery.backup import charter_of
from ledger.recovery.staging import Reached
from ledger.settings import Settings
from ledger.store import engines, transfer
from ledger.store.ports.transfer import Extent, TransferTarget
from ledger.store.transfer import NOTHING, TransferProgress

MOST_TRIES = 4  # to close a log that a server still appends to


class CopiedLog(NamedTuple):
    """What was copied: the ledger's name, the size and root of its tree."""

    ledger: str
    size: int
    root: bytes


def copy_log(
    source: Settings, target: Settings, progress: TransferProgress, reached: Reached
) -> CopiedLog:
    """Copy the log of one ledger's settings to where the others' is, or go on with that.

    The caller holds the data directories. Raises NotFoundError `not_founded`; ConflictError
    `copy_refused` for a target that is the source, is of another ledger, is in use or goes further,
    if another copy closed the log meanwhile, and for U+0000 in a text of what servers share;
    `database_refused` for a role that does not own the tables; CorruptError `copy_mismatch` if the
    target has other rows, and as `transfer.require_event` for damaged ones; UnavailableError
    `storage_failed`.
    """
    if source.log_address == target.log_address:
        raise _refused("the log cannot be copied to itself")
    engines.require_existing(source.log_address)
    engines.require_closable(source.log_address)
    # Before anything is written: once the log is closed, its servers could not mend it any more.
    if is_database(target.log_address):
        with closing(engines.stored_state(source.log_address, source.data)) as pages:
            transfer.require_texts(pages)
    with closing(engines.audited_log(source.log_address).open()) as rows:
        rows.require_format()
        extent = transfer.extent_of(rows)
        charter = charter_of(source.log_address, extent.size)
        is_closed = extent.epoch > charter.epoch
        _require_usable(target.log_address, rows, extent, is_closed=is_closed)
        with (
            closing(engines.open_target(target.log_address)) as taking,
            closing(engines.audited_log(target.log_address).open()) as copied,
        ):
            # Asked again: another copy may have finished before this one had the target alone.
            if _require_usable(target.log_address, rows, extent, is_closed=is_closed):
                edge = transfer.compare_events(rows, copied, extent.size, progress)
                transfer.compare_rows(rows, copied, extent, progress)
                return CopiedLog(charter.ledger, edge.size, edge.root())
            move = _Move(source.log_address, extent.epoch, rows, copied, taking, progress, reached)
            extent, root = move.run(is_closed=is_closed)
            engines.stop_servers(source.log_address)
            reached("servers stopped")
            _carry(source, target)
            reached("state carried")
            taking.finish(extent._replace(epoch=charter.epoch))
            reached("finished")
    return CopiedLog(charter.ledger, extent.size, root)


def _carry(source: Settings, target: Settings) -> None:
    """Take over sessions, messages and everything else that servers share, and what was signed."""
    with closing(engines.stored_state(source.log_address, source.data)) as pages:
        engines.replace_state(target.log_address, target.data, pages)
    known = engines.remembered(source.log_address, source.signer_memory) or []
    if not known:
        return  # nothing was signed, or the memory is gone; the servers will say so
    with closing(engines.open_signer_memory(target.log_address, target.signer_memory)) as memory:
        for signed in known:
            memory.learn(signed)


class _Move:
    """The rows of one log on their way into another, until the first is closed."""

    def __init__(  # noqa: PLR0913  # what one move needs
        self,
        address: str,
        epoch: int,
        rows: AuditedLog,
        copied: AuditedLog,
        taking: TransferTarget,
        progress: TransferProgress,
        reached: Reached,
    ) -> None:
        self._address = address
        self._epoch = epoch
        self._rows = rows
        self._copied = copied
        self._taking = taking
        self._progress = progress
        self._reached = reached

    def run(self, *, is_closed: bool) -> tuple[Extent, bytes]:
        """Write and compare until the log is closed at the same size; return extent and root."""
        done, tries = NOTHING, 0
        while True:
            tries += 1
            if tries == MOST_TRIES and not is_closed:
                # A server appends faster than rows are compared: it has to stop now.
                is_closed = self._close(None)
            extent = transfer.extent_of(self._rows)
            transfer.write_events(
                self._rows, self._taking, self._copied.newest(), extent.size, self._progress
            )
            transfer.write_rows(self._rows, self._taking, done, extent, self._progress)
            done = extent
            self._reached("pages written")
            try:
                edge = transfer.compare_events(
                    self._rows, self._copied, extent.size, self._progress
                )
                transfer.compare_rows(self._rows, self._copied, extent, self._progress)
            except CorruptError:
                # What an erasure of meanwhile took away is written with its event.
                if transfer.extent_of(self._rows).size == extent.size:
                    raise
                continue
            self._reached("compared")
            if is_closed or self._close(extent.size):
                self._reached("closed")
                self._write_late(extent)
                return extent, edge.root()

    def _close(self, size: int | None) -> bool:
        """Close the log; return False if it has another size by now.

        Only one of two copies that run at the same moment closes it: both would go on.
        """
        if engines.close_log(self._address, self._epoch, size):
            return True
        if transfer.extent_of(self._rows).epoch != self._epoch:
            raise _refused("another copy closed the log meanwhile: finish that one")
        return False

    def _write_late(self, extent: Extent) -> None:
        """Store what a server published of the same events before the log was closed."""
        late = transfer.extent_of(self._rows)
        if late[3:] != extent[3:]:
            transfer.write_rows(self._rows, self._taking, extent, late, self._progress)
            transfer.compare_rows(self._rows, self._copied, late, self._progress)


def _require_usable(address: str, rows: AuditedLog, extent: Extent, *, is_closed: bool) -> bool:
    """Refuse a target that is no unfinished copy of this log; return whether it is finished."""
    if not engines.has_log(address):
        return False
    with closing(engines.audited_log(address).open()) as found:
        found.require_format()
        newest, head = found.newest(), transfer.extent_of(found)
        if not newest and not head.size:
            return False
        if newest > extent.size or head.size > extent.size:
            raise _refused(f"the target has {max(newest, head.size):,} events, more than the log")
        for position in (1, newest):
            theirs, ours = (log.events(position - 1, position) for log in (found, rows))
            if next(theirs, None) != next(ours, None):
                raise _refused("the target has events of another ledger, or of another history")
        if head.size and not (is_closed and head.size == extent.size):
            raise _refused("the target has a log of its own: copy to a new place")
        return bool(head.size)


def _refused(detail: str) -> ConflictError:
    return ConflictError("copy_refused", detail)
