"""Notice that an open database file, or its write-ahead log, was deleted or replaced.

A process that has a file open goes on reading and writing it when its name is gone. What it writes
then is lost with the process, and no other process sees it.
"""

from pathlib import Path

_Identity = tuple[int, int]


class HeldFile:
    """The file, and the write-ahead log beside it, that a path named when they were noted."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.wal = path.with_name(f"{path.name}-wal")
        self._noted: dict[Path, _Identity] = {}

    def note(self) -> None:
        """Remember which files there are now; call this once the database is open."""
        found = {path: _identity(path) for path in (self.path, self.wal)}
        self._noted = {path: each for path, each in found.items() if each is not None}

    def lost(self) -> Path | None:
        """Return a noted file that is not at its path any more; None while all are."""
        for path, noted in self._noted.items():
            if _identity(path) != noted:
                return path
        if self._noted and self.wal not in self._noted:
            # SQLite creates the write-ahead log with the first write.
            created = _identity(self.wal)
            if created is not None:
                # Another thread may be reading the old ones.
                self._noted = {**self._noted, self.wal: created}
        return None

    def wal_bytes(self) -> int:
        """Return the size of the write-ahead log, 0 if there is none."""
        try:
            return self.wal.stat().st_size
        except FileNotFoundError:
            return 0


def _identity(path: Path) -> _Identity | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
