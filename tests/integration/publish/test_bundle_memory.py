"""The process that writes the bundle of a whole log: its memory does not grow with the log."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from uuid import uuid4

from benchmarks.synthetic import grow
from ledger.publish.bundle_worker import BundleTask, encode
from ledger.store.ports.tree import Published
from ledger.store.sqlite.store import SqliteLog
from ledger.tlog import checkpoint
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.merkle import Edge
from tests.support.dossier import AT, log_signer
from tests.support.signers import LEDGER

MIB = 1024 * 1024
# Reads its task, runs the process, and says what that one took at most.
_MEASURED = """
import resource, subprocess, sys
worker = subprocess.Popen([sys.executable, "-m", "ledger.publish.bundle_worker"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE)
worker.stdin.write(sys.stdin.buffer.read())
worker.stdin.flush()
head, length = worker.stdout.readline(), 0
while part := worker.stdout.read(65536):
    length += len(part)
worker.wait()
print(head.decode().strip())
print(length, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def log_of(path: Path, statements: int) -> tuple[Published, str]:
    """Write a log whose signatures verify for nobody; return its checkpoint and a statement."""
    with closing(SqliteLog(path)) as store, closing(store.tree()) as tree:
        grow(store, [uuid4() for _ in range(3)], statements)
        edge, touched = Edge().extend(b"".join(each.claimed for each in tree.leaves(0, 10**6)))
        note = checkpoint.sign(Checkpoint(LEDGER, edge.size, edge.root()), [log_signer()], now_s=0)
        newest = Published(edge.size, edge.root(), note, AT)
        assert tree.publish(newest, touched)
        (first,) = store.rows(1, 1, 1)
        return newest, str(first[1])


def taken(path: Path, statements: int) -> tuple[int, int]:
    """Return the bytes of the whole log's bundle, and those of memory that writing it took."""
    published, statement = log_of(path, statements)
    task = BundleTask(str(path), published, {}, None, statement, "full")
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED], input=encode(task), capture_output=True, check=True
    )
    head, figures = done.stdout.decode().splitlines()
    length, most = map(int, figures.split())
    assert json.loads(head)["length"] == length
    return length, most * (1 if sys.platform == "darwin" else 1024)


def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    small, of_small = taken(tmp_path / "small.sqlite", 300)
    large, of_large = taken(tmp_path / "large.sqlite", 9_000)
    assert (small < 4 * MIB, large > 50 * MIB) == (True, True)
    assert of_large < 200 * MIB
    assert of_large - of_small < 24 * MIB
