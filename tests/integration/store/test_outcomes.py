"""What happened to a write is told honestly: stored, refused, not stored, or not known."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from ledger.errors import UnavailableError
from ledger.sqlite import files
from ledger.store.async_state import AsyncState
from ledger.store.ports.log import Receipt
from ledger.store.sqlite.operations import SqliteState
from ledger.store.sqlite.store import SqliteLog
from tests.support.refusals import refused
from tests.support.writes import write

ONE = UUID(int=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteLog]:
    with closing(SqliteLog(path)) as opened:
        yield opened


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
