"""Views after an erasure: nothing of the statement is in them, nor in their file."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger.store.log import Log
from ledger.store.sqlite.store import SqliteLog
from projections import erasures, readers, statements, timeline
from projections.follower import Follower, rebuild
from projections.views_file import Views
from tests.support.erasing import approved, erased, name_of
from tests.support.ledgers import Cast, Process, know_everybody, settled


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    return settled(tmp_path_factory.mktemp("cast"))


@pytest.fixture
def here(cast: Cast, tmp_path: Path) -> Iterator[Process]:
    process = Process(cast.copy(tmp_path / "ledger"), cast.time)
    know_everybody(process, cast)
    yield process
    process.close()


def test_the_views_are_built_anew_without_what_is_erased(
    here: Process, cast: Cast, tmp_path: Path
) -> None:
    raw = asyncio.run(approved(here, cast))
    opened = Views(tmp_path / "views.sqlite")
    log = Log(SqliteLog(Path(here.store.address)))
    follower = Follower(opened, log)
    follower.catch_up()
    asyncio.run(erased(here, cast, raw))
    size = follower.catch_up()
    with opened.reader() as db:
        reader = readers.of(db, cast.bob.user)
        now = "2027-01-01T00:00:00.000Z"
        assert statements.by_id(db, log, name_of(raw), reader, at=size, now=now) is None
        left = erasures.of_statement(db, name_of(raw), at=size)
        assert left is not None
        assert (left.status, left.bodies) == ("approved", 2)
        assert [each.id for each in erasures.newest(db, at=size, limit=5)] == [name_of(raw)]
        told = timeline.page(db, reader, at=size, limit=9, stream=name_of(raw)).items
        assert [each.actor for each in told] == [None] * 3
        found = statements.page(db, reader, at=size, now=now, limit=9, q="Elm")
        assert found.items == []
    opened.close()
    seen = b"".join(each.read_bytes() for each in tmp_path.glob("views.sqlite*"))
    assert b"elm" not in seen.lower()
    again = tmp_path / "again.sqlite"
    rebuild(again, log)
    log.close()
    dumps = [_dump(path) for path in (tmp_path / "views.sqlite", again)]
    assert dumps[0] == dumps[1]


def _dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        query = (
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'title_word%'"
        )
        tables = sorted(name for (name,) in db.execute(query))
        return [repr((name, db.execute(f"SELECT * FROM {name}").fetchall())) for name in tables]  # noqa: S608
