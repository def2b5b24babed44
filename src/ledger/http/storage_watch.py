"""Watch the files that a server holds open: is each still there, and does its write-ahead log end?

A deleted log file swallows writes: this process goes on with a file that nobody else can open, and
that ends with the process. So nothing is appended any more once the log, its write-ahead log or the
signer's memory is not where it was opened. A long read keeps a write-ahead log from being emptied,
so it grows with every commit; that is reported, and ends with the read.
"""

import logging
import time
from collections.abc import Sequence
from pathlib import Path

from ledger.errors import UnavailableError
from ledger.settings import Settings
from ledger.store.engines import storage_files
from ledger.store.ports.storage_files import StorageFile, StorageFiles
from ledger.system.worker import Backoff, Worker

LOOK_S = 1.0
# SQLite empties a write-ahead log of some MiB; beyond this one, something keeps it from doing so.
MOST_WAL_BYTES = 128 * 1024 * 1024
# A rebuild of the views, or a large commit, has a large one for some seconds.
PATIENCE_S = 30.0

_log = logging.getLogger("ledger.storage")


class StorageWatch:
    """The open files of one server."""

    def __init__(
        self,
        files: StorageFiles,
        *,
        most_wal_bytes: int = MOST_WAL_BYTES,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._needed, self._useful, self._growing = files
        self._most_wal_bytes = most_wal_bytes
        self._patience_s = patience_s
        self._large_since_s: dict[Path, float] = {}
        self._reported: set[str] = set()
        self._worker = Worker("storage watch", self._turn, backoff=Backoff(LOOK_S, LOOK_S))

    def require_files(self) -> None:
        """Let a write proceed; raise UnavailableError `storage_lost` if a needed file is gone."""
        if _lost(self._needed):  # the health check says which one
            raise UnavailableError("storage_lost", f"a file of the ledger is gone; {_FROZEN}")

    def failures(self) -> list[str]:
        """Return which needed files are gone; empty if all are there."""
        return [f"{_lost_text(lost)}; {_FROZEN}" for lost in _lost(self._needed)]

    def warnings(self) -> list[str]:
        """Return which other files are gone, and which write-ahead logs are too large."""
        large = [
            f"{each.wal.name} has had more than {self._most_wal_bytes // 1024**2} MiB for"
            f" {time.monotonic() - self._large_since_s[each.path]:.0f} s: a long read keeps it from"
            " being emptied"
            for each in self._growing
            if self._is_large(each)
        ]
        return [_lost_text(lost) for lost in _lost(self._useful)] + large

    def wal_bytes(self) -> dict[str, int]:
        """Return the sizes of the write-ahead logs, by the names of the files without suffix."""
        return {each.path.stem: each.wal_bytes() for each in self._growing}

    @property
    def large_wals(self) -> int:
        """How many write-ahead logs have been too large for too long."""
        return sum(self._is_large(each) for each in self._growing)

    @property
    def lost_files(self) -> int:
        """How many files are gone."""
        return len(_lost((*self._needed, *self._useful)))

    def start(self) -> None:
        """Start to watch in a thread of its own."""
        self._worker.start()

    def stop(self) -> None:
        """End the thread."""
        self._worker.stop()

    def look(self) -> None:
        """Measure the write-ahead logs, and report what has changed in the program's log."""
        now_s = time.monotonic()
        for each in self._growing:
            if each.wal_bytes() <= self._most_wal_bytes:
                self._large_since_s.pop(each.path, None)
            else:
                self._large_since_s.setdefault(each.path, now_s)
        self._report({*self.failures()}, {*self.warnings()})

    def _report(self, failures: set[str], warnings: set[str]) -> None:
        """Log each trouble once when it begins, and once when it is over."""
        found = {text.partition(" ")[0]: text for text in (*warnings, *failures)}
        for name, text in found.items():
            if name not in self._reported:
                _log.log(logging.ERROR if text in failures else logging.WARNING, "%s", text)
        for name in sorted(self._reported - found.keys()):
            _log.info("%s is as it should be again", name)
        self._reported = {*found}

    def _turn(self) -> None:
        self.look()
        self._worker.wait(LOOK_S)

    def _is_large(self, each: StorageFile) -> bool:
        since_s = self._large_since_s.get(each.path)
        return since_s is not None and time.monotonic() - since_s >= self._patience_s


def watch_storage(settings: Settings, views: StorageFile) -> StorageWatch:
    """Return the watch over the files of these settings, all of which are open, and the views'."""
    files = storage_files(settings.log_address, settings.data, settings.signer_memory)
    return StorageWatch(files._replace(growing=(*files.growing, views)))


_FROZEN = "nothing is appended any more"


def _lost(files: Sequence[StorageFile]) -> list[Path]:
    return [lost for each in files if (lost := each.lost()) is not None]


def _lost_text(lost: Path) -> str:
    return f"{lost.name} was deleted or replaced while the server used it"
