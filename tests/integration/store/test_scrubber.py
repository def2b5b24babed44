"""The scrubber finds damage in events that nobody reads."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger.errors import CorruptError, UnavailableError
from ledger.store.scrubber import EVENTS, Scrubber
from ledger.store.sqlite.store import SqliteLog
from tests.support.logs import fill
from tests.support.states import without_triggers

SIZE = 3 * EVENTS + 5


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteLog]:
    with closing(SqliteLog(tmp_path / "log.sqlite")) as store:
        fill(store, SIZE)
        yield store


@pytest.fixture
def scrubber(store: SqliteLog) -> Iterator[Scrubber]:
    with closing(store.tree()) as tree:
        yield Scrubber(store, tree)


def edit(store: SqliteLog, script: str) -> None:
    with closing(sqlite3.connect(store.address)) as db, without_triggers(db):
        db.executescript(script)


def test_a_sound_log_is_read_to_its_end(scrubber: Scrubber) -> None:
    assert [scrubber.step() for _ in range(5)] == [True, True, True, True, False]
    assert (scrubber.position, scrubber.failures()) == (SIZE, [])


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("UPDATE body SET data = zeroblob(40) WHERE pos = 40", "body_mismatch"),
        ("UPDATE ev SET entry = x'7b7d' WHERE pos = 40", "entry_malformed"),
        ("UPDATE ev SET leaf = zeroblob(32) WHERE pos = 40", "leaf_mismatch"),
        ("DELETE FROM body WHERE pos = 40", "position_missing"),
        ("DELETE FROM ev WHERE pos = 40", "position_missing"),
    ],
)
def test_the_first_damage_is_named_with_its_position(
    store: SqliteLog, scrubber: Scrubber, script: str, code: str
) -> None:
    edit(store, script)
    with pytest.raises(CorruptError) as caught:
        [scrubber.step() for _ in range(5)]
    assert caught.value.code == code
    assert "40" in caught.value.detail


def test_a_scrubber_in_the_background_tells_what_it_found(
    store: SqliteLog, scrubber: Scrubber
) -> None:
    edit(store, "UPDATE body SET data = zeroblob(40) WHERE pos = 40")
    scrubber.start()
    while not scrubber.failures():
        time.sleep(0.01)
    (told,) = scrubber.failures()
    assert "position 40" in told
    scrubber.stop()


def test_a_disk_that_fails_for_a_moment_is_no_damage(
    store: SqliteLog, scrubber: Scrubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def fails(after: int, limit: int) -> list[tuple[int, bytes]]:
        asked.append(limit)
        raise UnavailableError("storage_failed", "as if no descriptor were left")

    monkeypatch.setattr(store, "read", fails)
    scrubber.start()
    while scrubber._worker.failure is None:
        time.sleep(0.01)
    assert (scrubber.failures(), asked) == ([], [EVENTS])
    scrubber.stop()
