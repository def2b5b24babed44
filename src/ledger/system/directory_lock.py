"""Locks on a ledger's data directory: one server at a time, and no server while files are replaced.

A monitor and a mirror have a lock of the same kind beside their files.

Each lock is an flock on a file of its own that is never deleted. An flock belongs to one open file,
so closing another descriptor of the file does not release it, as it would release a POSIX lock. The
operating system releases it when the process ends, however it ends.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ledger.data_files import RESTORING, SERVER_LOCK, USE_LOCK
from ledger.errors import ConflictError
from ledger.system.private_files import MODE

READY = "ready"  # in the directory of a restore: it was decided
LOCK_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def serving(data: Path, *, beside_others: bool = False) -> Iterator[tuple[int, int]]:
    """Hold the directory as its server; with `beside_others`, as one of several servers.

    Yields the descriptors of the locks, for `adopted`. Raises ConflictError `data_in_use`.
    """
    detail = (
        f"another server uses {data}; stop it first, or set LEDGER_SERVERS=several for all its"
        " servers if several are meant"
    )
    with using(data) as use, _held(data / SERVER_LOCK, shared=beside_others, detail=detail) as own:
        yield use, own


@contextmanager
def adopted(descriptors: Sequence[int]) -> Iterator[Sequence[int]]:
    """Hold locks that an earlier program of this process has taken."""
    try:
        yield descriptors
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


@contextmanager
def using(data: Path) -> Iterator[int]:
    """Use the directory beside others; yield the lock's descriptor.

    Raises ConflictError `data_in_use` during a replacement, `restore_unfinished` after one that was
    interrupted.
    """
    detail = f"a restore or a rebuild is running on {data}; wait until it has ended"
    with _held(data / USE_LOCK, shared=True, detail=detail) as descriptor:
        if (data / RESTORING / READY).exists():
            words = f"a restore of {data} was interrupted: run `ledger restore` again to finish it"
            raise ConflictError("restore_unfinished", words)
        yield descriptor


@contextmanager
def replacing(data: Path) -> Iterator[None]:
    """Hold the directory alone, to replace its files; raise ConflictError `data_in_use`."""
    detail = f"a server or another command uses {data}; stop it first"
    with _held(data / USE_LOCK, shared=False, detail=detail):
        yield


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a lock file, so that two runs of a command do not write the same files.

    Raises ConflictError `data_in_use`.
    """
    with _held(path, shared=False, detail=f"another run holds {path}; wait until it has ended"):
        yield


@contextmanager
def _held(path: Path, *, shared: bool, detail: str) -> Iterator[int]:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, LOCK_FLAGS, MODE)
    try:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConflictError("data_in_use", detail) from error
        yield descriptor
    finally:
        os.close(descriptor)
