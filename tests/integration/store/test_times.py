"""The times of stored events: they never decrease, and a decision does not outlive its end."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from ledger.domain.entry import leaf_hash
from ledger.store.ports.log import Receipt, Stale
from ledger.store.sqlite.store import SqliteLog
from tests.support.writes import AT, state_at, stored, write

ONE, TWO = UUID(int=1), UUID(int=2)
EARLIER, LATER = "2026-11-21T03:04:05.677Z", "2026-11-21T03:04:06.000Z"
LATER_MS = 1_795_230_246_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteLog]:
    with closing(SqliteLog(tmp_path / "log.sqlite")) as opened:
        yield opened


def test_times_never_decrease_and_the_leaf_is_of_the_time_that_is_stored(store: SqliteLog) -> None:
    later, earlier = stored(ONE, 1, state_at(LATER)), stored(TWO, 1, state_at(EARLIER))
    _, second = store.append([write(events=(later,)), write(events=(earlier,))])
    assert isinstance(second, Receipt)
    assert second.at_ms == LATER_MS
    (third,) = store.append([write()])
    assert isinstance(third, Receipt)
    assert (third.at_ms, store.head().at_ms) == (LATER_MS, LATER_MS)
    assert [state for _, state in store.read(0, 9)] == [state_at(LATER)] * 3
    with closing(sqlite3.connect(store.address)) as raw:
        leaves = raw.execute("SELECT leaf FROM ev").fetchall()
    assert leaves == [(leaf_hash(state_at(LATER)),)] * 3


def test_a_decision_that_no_longer_holds_at_the_newest_time_is_stale(store: SqliteLog) -> None:
    store.append([write(events=(stored(ONE, 1, state_at(LATER)),))])
    ended = write(until_ms=LATER_MS)
    assert store.append([ended]) == [Stale()]
    (receipt,) = store.append([msgspec.structs.replace(ended, until_ms=LATER_MS + 1)])
    assert isinstance(receipt, Receipt)


def test_the_events_of_one_write_have_one_time(store: SqliteLog) -> None:
    events = (stored(ONE, 1, state_at(AT)), stored(ONE, 2, state_at(LATER)))
    store.append([write(events=events)])
    assert [state for _, state in store.read(0, 9)] == [state_at(LATER)] * 2
