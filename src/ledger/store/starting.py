"""Start on a data directory: one process at a time, and never without the log of its keys.

A first start creates keys and appends the founding event. Processes that start at the same moment
take turns, so the first one founds the ledger and the others serve it.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.data_files import LEDGER_KEY_FILE, START_LOCK, is_database
from ledger.errors import CorruptError, UnavailableError
from ledger.store.engines import has_log
from ledger.system.directory_lock import LOCK_FLAGS
from ledger.system.private_files import MODE

WAIT_S = 60.0
_LOOK_S = 0.05


@contextmanager
def starting(data: Path, address: str, *, wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold the turn to start on this directory, and the log at this address, inside the block.

    Raises UnavailableError `start_in_progress` if another process keeps the turn for too long,
    CorruptError `log_missing` if the directory has a ledger's key and no log.
    """
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    # The lock belongs to the open file: it ends with the process, however that ends.
    descriptor = os.open(data / START_LOCK, LOCK_FLAGS, MODE)
    try:
        _take_turn(descriptor, time.monotonic() + wait_s)
        _require_log(data, address)
        yield
    finally:
        os.close(descriptor)


def _take_turn(descriptor: int, give_up_s: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > give_up_s:
                detail = "another process is starting on this data directory and does not get on"
                raise UnavailableError("start_in_progress", detail) from error
            time.sleep(_LOOK_S)
        else:
            return


def _require_log(data: Path, address: str) -> None:
    """Refuse to found a second ledger in place of a lost one.

    The log has its tables before the ledger's key exists, so no crash leaves a key alone.
    """
    if (data / LEDGER_KEY_FILE).exists() and not has_log(address):
        where = "the database" if is_database(address) else address
        raise CorruptError(
            "log_missing",
            f"there is no log in {where}, but {LEDGER_KEY_FILE} is there: restore the log, or start"
            " a new ledger in another directory",
        )
