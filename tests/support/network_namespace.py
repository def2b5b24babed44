"""Move a thread into another network namespace of this machine."""

import ctypes
import os
from pathlib import Path

_CLONE_NEWNET = 0x40000000


def enter(namespace: Path) -> None:
    """Move this thread, and what it starts from now on, into a network namespace."""
    opened = os.open(namespace, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(opened, _CLONE_NEWNET):
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))
    finally:
        os.close(opened)
