"""Copies of a ledger's log, in this process or in one that is killed on the way."""

import os
import signal
from contextlib import closing
from pathlib import Path

from ledger.data_files import is_database
from ledger.recovery.log_copy import CopiedLog, copy_log
from ledger.settings import Settings
from ledger.store import transfer
from ledger.store.engines import audited_log
from tests.support.restores import invited

POINTS = ("pages written", "compared", "closed", "servers stopped", "state carried", "finished")
PAGE = 40
Rows = dict[str, list[tuple[object, ...]]]


def at(place: str | Path, data: Path) -> Settings:
    """Return the settings of the ledger that tests copy, with its log at a place."""
    if is_database(str(place)):
        return invited(data, LEDGER_DATABASE_URL=str(place))
    return invited(Path(place))


def copied(source: Settings, target: Settings) -> CopiedLog:
    return copy_log(source, target, lambda *_: None, lambda _: None)


def killed(source: Settings, target: Settings, point: str) -> None:
    """Copy in small pages, in a process that is killed at a point of `POINTS`, or after a page."""
    child = os.fork()
    if not child:
        try:
            _copy_until(source, target, point)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), os.waitstatus_to_exitcode(status)


def _copy_until(source: Settings, target: Settings, point: str) -> None:
    transfer.PAGE_ROWS = PAGE
    pages = 0

    def die(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def progress(_what: str, _done: int, _total: int) -> None:
        nonlocal pages
        pages += 1
        die(str(pages))

    copy_log(source, target, progress, die)


def rows(settings: Settings) -> Rows:
    """Return everything that an audit or a copy reads of a log, but for the head's epoch."""
    with closing(audited_log(settings.log_address).open()) as log:
        last = transfer.extent_of(log)
        found: Rows = {
            kind: [*some] for kind, some in transfer.rows_of(log, transfer.NOTHING, last)
        }
        found |= {"event": [*log.events()], "erased": [*log.erased()]}
        found["tile"] = [*transfer.tiles_of(log, 0, last.checkpoint)]
        return found | {"extent": [last._replace(epoch=0)]}
