"""The turn to publish, for processes that share a data directory: a lock on an empty file."""

import fcntl
import os
from pathlib import Path

from ledger.system.directory_lock import LOCK_FLAGS
from ledger.system.private_files import MODE


class FileTurn:
    """A claim to the lock of a file, which is never deleted."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, LOCK_FLAGS, MODE)

    def take(self) -> bool:
        """Tell whether this process has the lock, after taking it if nobody has it."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Give the lock back."""
        os.close(self._descriptor)
