"""Read models that have more events than the log: evidence that the log lost some."""

import logging
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from ledger.errors import CorruptError, NotFoundError, UnavailableError
from ledger.sqlite.files import open_read_only
from projections.views import tracking

_log = logging.getLogger("ledger.projections")


def position_of(path: Path) -> int | None:
    """Return the newest position in a file of read models that no process uses; None without one.

    A file that cannot be read counts as none: read models are rebuilt from the log.
    """
    try:
        with closing(open_read_only(path)) as db:
            return max((each.position for each in tracking(db)), default=0)
    except (sqlite3.Error, CorruptError, NotFoundError, UnavailableError):
        return None


def keep_if_ahead(path: Path, head: int, kept: Path) -> None:
    """Rename a file of read models that has events after the log's head, for an investigation.

    No process may use the file. The read models are evidence that the log lost events, and the
    follower would drop them. They replace what an earlier loss left under that name, its
    write-ahead log first: SQLite would read it into the newer file.
    """
    position = position_of(path) or 0
    if position <= head:
        return
    _log.error(
        "the read models have %d events and the log has %d: it lost the newest. They are kept as"
        " %s; run `ledger audit`",
        position,
        head,
        kept.name,
    )
    files = ("-wal", "-shm", "")
    for suffix in files:
        kept.with_name(kept.name + suffix).unlink(missing_ok=True)
    for suffix in files:
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).replace(kept.with_name(kept.name + suffix))
