"""What happened to a write is told honestly: stored, refused, not stored, or not known."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from ledger.errors import UnavailableError
from ledger.sqlite import files
from ledger.store.async_state import AsyncState
from ledger.store.ports.log import EpochMoved, Receipt, RolledBack, Unknown
from ledger.store.results import require_stored
from ledger.store.sqlite import store as engine
from ledger.store.sqlite.operations import SqliteState
from ledger.store.sqlite.store import SqliteLog
from tests.support.refusals import refused
from tests.support.states import without_triggers
from tests.support.writes import write

ONE = UUID(int=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteLog]:
    with closing(SqliteLog(path)) as opened:
        yield opened


def failing_commit(times: int, *, stores: bool) -> Callable[[sqlite3.Connection], None]:
    """Return a commit that reports a failed sync this often, and stores in it or does not."""
    left, real = [times], engine._commit

    def commit(db: sqlite3.Connection) -> None:
        if not left[0]:
            return real(db)
        left[0] -= 1
        db.execute("COMMIT" if stores else "ROLLBACK")
        raise engine._CommitError(sqlite3.OperationalError("disk I/O error"))

    return commit


@pytest.mark.parametrize("stores", [True, False])
def test_a_commit_that_may_have_failed_is_tried_again_and_stores_once(
    store: SqliteLog, monkeypatch: pytest.MonkeyPatch, stores: bool
) -> None:
    monkeypatch.setattr(engine, "RETRY_S", 0)
    monkeypatch.setattr(engine, "_commit", failing_commit(1, stores=stores))
    (result,) = store.append([write(ONE)])
    assert require_stored(result).position == 1
    assert (store.head().stored, len(store.stream(ONE))) == (1, 1)


@pytest.mark.parametrize("stores", [True, False])
def test_what_stays_unknown_is_said_to_be_and_the_same_request_tells(
    store: SqliteLog, monkeypatch: pytest.MonkeyPatch, stores: bool
) -> None:
    monkeypatch.setattr(engine, "RETRY_S", 0)
    monkeypatch.setattr(engine, "_commit", failing_commit(engine.TRIES, stores=stores))
    sent = write(ONE)
    (result,) = store.append([sent])
    assert isinstance(result, Unknown)
    with refused(UnavailableError, "outcome_unknown"):
        require_stored(result)
    (again,) = store.append([sent])
    assert isinstance(again, Receipt)
    assert (again.position, again.repeated) == (1, stores)
    assert store.head().stored == 1


def test_a_repetition_is_acknowledged_after_a_commit_of_its_own(
    store: SqliteLog, path: Path
) -> None:
    sent = write(ONE)
    store.append([sent])
    log = path.with_name(path.name + "-wal")
    before = log.stat().st_size
    (again,) = store.append([sent])
    assert isinstance(again, Receipt)
    assert again.repeated
    assert log.stat().st_size > before  # something was written, and so synced
    before = log.stat().st_size
    assert store.seal() == 1
    assert log.stat().st_size > before


def test_a_process_of_an_earlier_epoch_appends_nothing(store: SqliteLog, path: Path) -> None:
    first = write(ONE)
    store.append([first])
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE log_head SET epoch = epoch + 1")
        db.commit()
    (result, repeated) = store.append([write(), first])
    assert result == EpochMoved(1)
    assert isinstance(repeated, Receipt)  # what is stored is stored
    with refused(UnavailableError, "epoch_moved"):
        require_stored(result)
    with closing(SqliteLog(path)) as later:
        assert isinstance(later.append([write()])[0], Receipt)


def test_a_log_that_lacks_what_this_process_stored_takes_nothing(
    store: SqliteLog, path: Path
) -> None:
    store.append([write(), write()])
    with closing(sqlite3.connect(path)) as db, without_triggers(db):
        db.executescript("DELETE FROM ev WHERE pos = 2; UPDATE log_head SET size = 1")
    (result,) = store.append([write()])
    assert result == RolledBack(2)
    with refused(UnavailableError, "log_rolled_back"):
        require_stored(result)


def test_a_lock_on_the_operational_state_stops_no_reader_and_no_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "BUSY_TIMEOUT_S", 0.2)
    path = tmp_path / "state.sqlite"

    async def run(state: AsyncState) -> None:
        token = await state.open_session("bob", opened_by="p", browser="b", now_ms=1_000)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            waiting = asyncio.create_task(
                state.open_session("bob", opened_by="p", browser="b", now_ms=1_000)
            )
            await asyncio.sleep(0)
            assert await state.session_user(token, now_ms=1_000) == "bob"
            assert await state.fallen_counts() == {}
            assert not waiting.done()
            with refused(UnavailableError, "state_unavailable"):
                await waiting
            other.execute("ROLLBACK")
        assert await state.open_session("bob", opened_by="p", browser="b", now_ms=1_000)

    with closing(SqliteState(path)) as operations, closing(AsyncState(operations)) as state:
        asyncio.run(run(state))
