"""The port of the files that an engine holds open: which are still there, and which grow.

An engine that stores nothing in files of this machine has none.
"""

from pathlib import Path
from typing import NamedTuple, Protocol


class StorageFile(Protocol):
    """A file that this process has open, and the write-ahead log beside it."""

    @property
    def path(self) -> Path:
        """Where the file was opened."""
        ...

    @property
    def wal(self) -> Path:
        """Where its write-ahead log is, if it has one."""
        ...

    def lost(self) -> Path | None:
        """Return which of the two is not any more what it was when it was opened, None if none."""
        ...

    def wal_bytes(self) -> int:
        """Return the size of the write-ahead log, 0 if there is none."""
        ...


class StorageFiles(NamedTuple):
    """The files that an engine holds open for a server.

    Without those in `needed` nothing may be appended; `useful` ones hold what may be lost. The
    write-ahead logs of `growing` grow while somebody reads.
    """

    needed: tuple[StorageFile, ...]
    useful: tuple[StorageFile, ...]
    growing: tuple[StorageFile, ...]
