"""The process that writes a bundle: its memory grows neither with the log nor with decisions."""

import json
import os
import subprocess
import sys
import tracemalloc
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from benchmarks.synthetic import grow
from ledger.domain import events
from ledger.domain.entry import SALT_BYTES
from ledger.domain.events import StatementDrafted, StatementSigned
from ledger.publish.bundle_worker import BundleTask, encode
from ledger.publish.shown_beside import newest_position, shown_beside
from ledger.store.ports.log import LogStore
from ledger.store.ports.tree import Published, TreeTables
from ledger.store.sqlite.store import SqliteLog
from ledger.tlog import checkpoint
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.merkle import Edge
from ledger.verify.container import Mode
from tests.support.dossier import AT, append_of, log_signer, short_story
from tests.support.evidence import MODES
from tests.support.signers import LEDGER

MIB = 1024 * 1024
LONG = 1_400_000
# Reads its task, runs the process, and says what that one took at most.
_MEASURED = """
import json, resource, subprocess, sys
worker = subprocess.Popen([sys.executable, "-m", "ledger.publish.bundle_worker"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE)
worker.stdin.write(sys.stdin.buffer.read())
worker.stdin.flush()
head, length = worker.stdout.readline(), 0
if asks := json.loads(head)["asks"]:
    worker.stdout.read(asks)
    worker.stdin.write((5).to_bytes(4, "big") + b"heads")
    worker.stdin.flush()
    head = worker.stdout.readline()
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
        newest = published_all(store, tree)
        (first,) = store.rows(1, 1, 1)
        return newest, str(first[1])


def log_of_decisions(path: Path, decisions: int) -> tuple[Published, str]:
    """Write a log with so many long approvals of a statement; return its checkpoint and the id.

    Their signatures verify for nobody, and no policy asks for them.
    """
    told = short_story()
    draft, signed = (
        next(each for each in told.events if isinstance(each.body, kind))
        for kind in (StatementDrafted, StatementSigned)
    )
    version = max(each.version for each in told.events if each.stream == draft.stream)
    body = msgspec.structs.replace(signed.body, jws=f"head.{'p' * LONG}.signature")
    more = (
        msgspec.structs.replace(told.events[-1], stream=draft.stream, version=each, body=body)
        for each in range(version + 1, version + 1 + decisions)
    )
    with closing(SqliteLog(path)) as store, closing(store.tree()) as tree:
        store.append([append_of(state) for state in told.states])
        for each in more:
            store.append([append_of(events.encode(each, salt=os.urandom(SALT_BYTES)))])
        return published_all(store, tree), str(draft.stream)


def published_all(store: LogStore, tree: TreeTables) -> Published:
    edge, touched = Edge().extend(b"".join(each.claimed for each in tree.leaves(0, 10**6)))
    note = checkpoint.sign(Checkpoint(LEDGER, edge.size, edge.root()), [log_signer()], now_s=0)
    newest = Published(edge.size, edge.root(), note, AT)
    assert store.head().stored == edge.size
    assert tree.publish(newest, touched)
    return newest


def taken(path: Path, published: Published, statement: str, mode: Mode) -> tuple[int, int]:
    """Return the bytes of a bundle, and those of memory that writing it took."""
    task = BundleTask(str(path), published, {}, None, statement, mode)
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED], input=encode(task), capture_output=True, check=True
    )
    head, figures = done.stdout.decode().splitlines()
    length, most = map(int, figures.split())
    assert json.loads(head)["length"] == length
    return length, most * (1 if sys.platform == "darwin" else 1024)


def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    few, many = tmp_path / "few.sqlite", tmp_path / "many.sqlite"
    small, of_small = taken(few, *log_of(few, 300), "full")
    large, of_large = taken(many, *log_of(many, 9_000), "full")
    assert (small < 4 * MIB, large > 50 * MIB) == (True, True)
    assert of_large < 200 * MIB
    assert of_large - of_small < 24 * MIB


def test_memory_does_not_grow_with_long_decisions(tmp_path: Path) -> None:
    few, many = tmp_path / "few.sqlite", tmp_path / "many.sqlite"
    in_few, in_many = log_of_decisions(few, 40), log_of_decisions(many, 100)
    for mode in MODES:
        small, of_small = taken(few, *in_few, mode)
        large, of_large = taken(many, *in_many, mode)
        assert large - small > 60 * 2 * LONG
        assert of_large < 250 * MIB
        assert of_large - of_small < 24 * MIB


def test_a_large_bundle_is_known_before_its_decisions_are_read(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    published, statement = log_of_decisions(path, 6)
    with closing(SqliteLog(path)) as store:
        few = published.size - 2
        assert shown_beside(store, statement, few) == set()
        tracemalloc.start()
        try:
            assert shown_beside(store, statement, published.size) is None
            assert newest_position(store, statement) == published.size
            assert tracemalloc.get_traced_memory()[1] < 4 * MIB
        finally:
            tracemalloc.stop()


def test_a_statement_of_many_events_is_large_however_short_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.sqlite"
    published, statement = log_of_decisions(path, 1)
    with closing(SqliteLog(path)) as store:
        assert shown_beside(store, statement, published.size) == set()
        monkeypatch.setattr("ledger.publish.shown_beside.MOST_EVENTS", 10)
        assert shown_beside(store, statement, published.size) is None
