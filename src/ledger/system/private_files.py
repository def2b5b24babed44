"""Create and replace files that only their owner can read: keys and databases.

Each file has mode 0600 from its creation, so no umask widens it and others can never open it. A
symbolic link in the file's place is refused or replaced, never followed.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from ledger.errors import ConflictError

MODE = 0o600
# O_EXCL also refuses a symbolic link. Only Windows has O_BINARY.
_EXCLUSIVE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def create(path: Path, content: bytes) -> None:
    """Write a new file durably; raise FileExistsError if the name is taken."""
    descriptor = os.open(path, _EXCLUSIVE, MODE)
    with os.fdopen(descriptor, "wb") as file:
        path.chmod(MODE)  # a strict umask may have removed the owner's own bits
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    synchronize_directory(path.parent)


def publish(path: Path, content: bytes) -> None:
    """Write a new file that is complete from its first moment; raise FileExistsError if it exists.

    Crash points: before the link, the name is free; after it, the file is complete.
    """
    new = path.with_name(f"{path.name}.{secrets.token_hex(8)}.new")
    create(new, content)
    try:
        os.link(new, path)
    finally:
        new.unlink()
    synchronize_directory(path.parent)


def replace(path: Path, content: bytes) -> None:
    """Replace the file at `path` durably and atomically.

    Crash points: before the rename, the old file is complete; after it, the new one. The name of
    the new one is its own, so that two processes never write into one file.
    """
    new = path.with_name(f"{path.name}.{secrets.token_hex(8)}.new")
    try:
        create(new, content)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)  # it is still there if the rename failed
    synchronize_directory(path.parent)


def ensure(path: Path) -> None:
    """Create an empty file if there is none; otherwise set its mode to 0600.

    Raises ConflictError `file_is_link` for a symbolic link.

    An existing file is not opened. POSIX locks belong to the process, so closing the file would
    release every lock that SQLite holds on it in this process. The next process to close the log
    would then believe it is the last one and delete the write-ahead log that this process still
    uses.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, _EXCLUSIVE, MODE))
    if path.is_symlink():
        raise ConflictError(
            "file_is_link", f"{path} is a symbolic link; give the path of the file itself"
        )
    path.chmod(MODE)


def synchronize(path: Path) -> None:
    """Make a file that another library wrote durable, its name included.

    Not for a database that is open in this process: see `ensure`.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    synchronize_directory(path.parent)


def synchronize_directory(directory: Path) -> None:
    """Make the file's name durable too; Windows has no such call and needs none."""
    if os.name == "posix":
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
