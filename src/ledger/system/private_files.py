"""Files that only their owner reads: keys and databases, of mode 0600 from their first byte on.

The mode is set when the file is created, so that no umask widens it and no moment passes in which
others could open it. A symbolic link in the file's place is refused, or replaced, never followed.
"""

import os
from contextlib import suppress
from pathlib import Path

from ledger.errors import ConflictError

MODE = 0o600
# O_EXCL refuses a symbolic link too, wherever it leads; only Windows knows O_BINARY.
_EXCLUSIVE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def create(path: Path, content: bytes) -> None:
    """Write a new file, durably; raise FileExistsError if anything has that name."""
    descriptor = os.open(path, _EXCLUSIVE, MODE)
    with os.fdopen(descriptor, "wb") as file:
        path.chmod(MODE)  # a strict umask may have taken the owner's own bits
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    _sync_directory(path.parent)


def replace(path: Path, content: bytes) -> None:
    """Put a new file in the place of the one at `path`, durably, all at once.

    Crash points: before the rename the old file is whole; after it, the new one.
    """
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)  # left by a process that died
    create(new, content)
    new.replace(path)
    _sync_directory(path.parent)


def ensure(path: Path) -> None:
    """Create an empty file if there is none, and let only its owner read the one that is there.

    Raises ConflictError `file_is_link` for a symbolic link. An existing file is not opened: closing
    it would drop every lock that SQLite holds on it in this process (POSIX locks belong to the
    process), and the next process to leave the log would take itself for the last one and delete
    the write-ahead log that this one is using.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, _EXCLUSIVE, MODE))
    if path.is_symlink():
        raise ConflictError("file_is_link", f"{path} is a symbolic link; name the file itself")
    path.chmod(MODE)


def _sync_directory(directory: Path) -> None:
    """Make the file's name durable too; Windows has no such call and needs none."""
    if os.name == "posix":
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
