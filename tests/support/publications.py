"""A log's publication, with attacks and crashes."""

import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ledger.data_files import LOG_FILE
from ledger.domain.entry import leaf_hash
from ledger.errors import CorruptError, UnavailableError
from ledger.publish.publisher import Publisher, PublishingTimes
from ledger.settings import Settings
from ledger.store.ports.turn import PublishingTurn
from ledger.tlog import checkpoint, merkle
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.merkle import Prover
from tests.support.logs import Ledger
from tests.support.states import without_triggers
from tests.support.trees import root_of


def check_published(ledger: Ledger, size: int) -> None:
    """Check everything that an auditor without the bodies can check."""
    rows = ledger.store.read(0, 1_000_000)
    leaves = [leaf_hash(state) for _, state in rows]
    published = ledger.tree.checkpoints(0, 1_000_000)
    assert published[-1].size == size
    before = Checkpoint(ledger.keys.origin, 0, merkle.EMPTY_ROOT)
    prover = Prover(size, ledger.tree.tile)
    for each in published:
        found = checkpoint.verify_note(
            each.note, ledger.keys.keys(each.size), expected_origin=ledger.keys.origin
        )
        now = found.checkpoint
        assert now == Checkpoint(ledger.keys.origin, each.size, each.root)
        assert now.root == root_of(b"".join(leaves[: each.size]))
        merkle.verify_consistency(
            before.size,
            before.root,
            now.size,
            now.root,
            prover.consistency(before.size, now.size),
        )
        before = now
    assert ledger.memory.get(ledger.keys.origin) == before


def published_size(ledger: Ledger) -> int:
    newest = ledger.tree.latest()
    return 0 if newest is None else newest.size


def until(condition: Callable[[], bool]) -> None:
    """Return when the condition is true."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def edit(ledger: Ledger, sql: str, *values: object) -> None:
    """Change the file without its triggers, as an attacker does."""
    with closing(sqlite3.connect(ledger.store.address)) as db, without_triggers(db):
        assert db.execute(sql, values).rowcount


def publisher_of(ledger: Ledger, turn: PublishingTurn | None = None) -> Publisher:
    return Publisher(
        ledger.tree,
        ledger.memory,
        ledger.keys,
        ledger.writer.now_ms,
        times=PublishingTimes(0.01),
        turn=turn,
    )


def why_refused(publisher: Publisher) -> UnavailableError:
    with pytest.raises(UnavailableError) as refused:
        publisher.require_sound()
    return refused.value


class Crash(Exception):  # noqa: N818  # not an error: the end of the process
    """The process ends here."""


def backed_up(ledger: Ledger, to: Path) -> None:
    with sqlite3.connect(Path(ledger.store.address)) as db, sqlite3.connect(to) as backup:
        db.backup(backup)
    db.close()
    backup.close()


def restored(settings: Settings, backup: Path) -> None:
    for suffix in ("-wal", "-shm"):
        (settings.data / f"{LOG_FILE}{suffix}").unlink(missing_ok=True)
    shutil.copy(backup, settings.data / LOG_FILE)


def refusal(ledger: Ledger) -> CorruptError:
    """Return the error of a new publication."""
    with pytest.raises(CorruptError) as refused:
        ledger.publication().catch_up()
    return refused.value
