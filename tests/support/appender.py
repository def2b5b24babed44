"""A process that appends to a log: `python -m tests.support.appender FILE MODE COUNT`.

`open`: open a new file from eight processes at once, COUNT times. `full`: run out of disk space,
report it, get space back, continue.
"""

import os
import resource
import sys
import time
import traceback
from pathlib import Path
from uuid import UUID

from ledger.store.ports.log import Receipt
from ledger.store.sqlite.store import SqliteLog
from tests.support.writes import STATE, stored, write


def run_out_of_disk(store: SqliteLog, path: Path) -> list[str]:
    """Return the outcomes of three commits: before, during and after a full disk."""
    said = [_commit(store, 1)]
    size = path.with_name(path.name + "-wal").stat().st_size
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 4096, most))
    said.append(_commit(store, 100))
    said.append(_commit(store, 100))
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    said.append(_commit(store, 100))
    return said


def _commit(store: SqliteLog, count: int) -> str:
    big = STATE + b"x" * 10_000
    stream = UUID(int=store.head().stored + 1)
    batch = [write(stream, events=(stored(stream, 1, big),)) for _ in range(1)]
    batch += [write() for _ in range(count - 1)]
    result = store.append(batch)[-1]
    return str(result.position) if isinstance(result, Receipt) else type(result).__name__


def open_at_once(path: Path, rounds: int) -> None:
    """Open new files from eight processes at the same moment, and append once in each."""
    for each in range(rounds):
        file = path.with_suffix(f".{each}")
        start = time.monotonic() + 0.02
        children = [_child(file, start) for _ in range(8)]
        assert [os.waitpid(child, 0)[1] for child in children] == [0] * 8
        store = SqliteLog(file)
        assert [position for position, _ in store.read(0, 10)] == [1, 2, 3, 4, 5, 6, 7, 8]
        store.close()


def _child(file: Path, start: float) -> int:
    child = os.fork()
    if child:
        return child
    while time.monotonic() < start:
        pass
    good = False
    try:
        store = SqliteLog(file)
        good = isinstance(store.append([write()])[0], Receipt)
        store.close()
    except BaseException:
        traceback.print_exc()
        raise
    finally:  # the child process must never continue with its parent's work
        os._exit(0 if good else 1)


def main(file: str, mode: str, count: str) -> None:
    path = Path(file)
    if mode == "open":
        return open_at_once(path, int(count))
    store = SqliteLog(path)
    sys.stdout.write(" ".join(run_out_of_disk(store, path)))
    return store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
