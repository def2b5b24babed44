"""One changed byte in a stored body is noticed where the event is used, not only by an audit."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ledger.commands.reading import Reading
from ledger.errors import CorruptError
from tests.support.ledgers import Cast, Process, settled
from tests.support.refusals import refused
from tests.support.states import without_triggers


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    return settled(tmp_path_factory.mktemp("cast"))


def flip(path: Path, position: int) -> None:
    """Change one character inside a text of a stored body; the JSON stays well-formed."""
    with closing(sqlite3.connect(path)) as db, without_triggers(db):
        ((body,),) = db.execute("SELECT data FROM body WHERE pos = ?", (position,)).fetchall()
        at = body.rindex(b'"') - 1
        changed = body[:at] + (b"A" if body[at : at + 1] != b"A" else b"B") + body[at + 1 :]
        db.execute("UPDATE body SET data = ? WHERE pos = ?", (changed, position))


def test_an_event_whose_body_was_changed_is_neither_loaded_nor_shown(
    cast: Cast, tmp_path: Path
) -> None:
    directory = cast.copy(tmp_path / "ledger")
    flip(directory / "log.sqlite", 1)
    with closing(Process(directory, cast.time)) as process:
        with refused(CorruptError, "body_mismatch"):
            asyncio.run(process.writer.ask(Reading.charter))
        with refused(CorruptError, "body_mismatch"):
            process.log.events_at([1])
        with refused(CorruptError, "body_mismatch"):
            process.log.charter()


def test_what_was_not_changed_is_still_served(cast: Cast, tmp_path: Path) -> None:
    directory = cast.copy(tmp_path / "ledger")
    flip(directory / "log.sqlite", 4)
    with closing(Process(directory, cast.time)) as process:
        assert asyncio.run(process.writer.ask(Reading.charter)).version > 0
        assert [each.position for each in process.log.events_at([1, 2, 3])] == [1, 2, 3]


def test_a_missing_body_is_a_missing_position(cast: Cast, tmp_path: Path) -> None:
    directory = cast.copy(tmp_path / "ledger")
    with closing(sqlite3.connect(directory / "log.sqlite")) as db, without_triggers(db):
        db.execute("DELETE FROM body WHERE pos = 2")
    with closing(Process(directory, cast.time)) as process:
        with refused(CorruptError, "position_missing"):
            process.log.events_at([2])
        assert [position for position, _ in process.store.read(0, 3)] == [1, 3, 4]
