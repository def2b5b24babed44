"""The views' file and its follower: however they got here, they show what the log says.

Two ways lead to a view: following the log in batches of any size, with crashes and restarts
between them, and a rebuild in one go. Both must give the same rows and answers, at every position.
"""

import random
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import CorruptError, UnavailableError
from projections import views
from projections.follower import Follower, Views, rebuild
from tests.support.random_story import Upto, random_story
from tests.support.refusals import refused
from tests.support.story import Story

Rows = dict[str, list[tuple[Any, ...]]]


def rows_of(db: sqlite3.Connection) -> Rows:
    """Return every row of every table, and which titles each word leads to."""
    names = db.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'title_word%'"
    ).fetchall()
    tables = {name: db.execute(f"SELECT * FROM {name}").fetchall() for (name,) in names}  # noqa: S608  # names from the file
    found = {}
    for word in "abcdefghijklmnopqrstuvwxyz":
        query = "SELECT rowid FROM title_word WHERE title_word MATCH ?"
        found[f"title_word {word}"] = db.execute(query, (f'"{word}"*',)).fetchall()
    return {name: sorted(rows, key=repr) for name, rows in (tables | found).items()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "views.sqlite"


@pytest.fixture
def opened(path: Path) -> Iterator[Views]:
    opened = Views(path)
    yield opened
    opened.close()


def test_following_in_any_batches_gives_the_rows_of_a_rebuild(opened: Views) -> None:
    story = random_story(400, seed=1)
    rnd = random.Random(2)
    log = Upto(story, 0)
    follower = Follower(opened, log)
    while log.size < story.head():
        log.size = min(story.head(), log.size + rnd.choice([1, 1, 2, 3, 5, 40]))
        assert follower.catch_up() == log.size
    with opened.reader() as db:
        followed = rows_of(db)
    fresh = rows_of(story.views())
    followed.pop("tracking")
    fresh.pop("tracking")
    assert followed == fresh


def test_a_crash_between_batches_resumes_exactly_where_it_was(path: Path) -> None:
    story = random_story(200, seed=5)
    for head in (1, 2, 50, 51, 120, 200):
        opened = Views(path)
        Follower(opened, Upto(story, head)).catch_up()
        opened.close()  # nothing but the file is left
    opened = Views(path)
    with opened.reader() as db:
        assert opened.position(db) == 200
        followed = rows_of(db)
    opened.close()
    assert followed.pop("statement") == rows_of(story.views())["statement"]


def test_a_crash_in_the_middle_of_a_batch_leaves_nothing_of_it(path: Path) -> None:
    story = random_story(60, seed=6)
    opened = Views(path)
    Follower(opened, Upto(story, 50)).catch_up()
    with opened.reader() as db:
        before = rows_of(db)
    story.states[59] = b"\0\0broken"
    with refused(CorruptError, "event_malformed"):
        Follower(opened, story).catch_up()
    with opened.reader() as db:
        assert rows_of(db) == before
    opened.close()


def test_rebuild_makes_the_same_file_again_and_tells_how_far_it_is(path: Path) -> None:
    story = random_story(100, seed=7)
    told: list[int] = []
    assert rebuild(path, story, told.append) == 100
    opened = Views(path)
    with opened.reader() as db:
        first = rows_of(db)
    opened.close()
    assert rebuild(path, story) == 100
    opened = Views(path)
    with opened.reader() as db:
        assert rows_of(db) == first
    opened.close()


def test_a_deleted_file_is_rebuilt(path: Path) -> None:
    story = random_story(60, seed=8)
    for _ in range(2):
        opened = Views(path)
        assert Follower(opened, story).catch_up() == 60
        opened.close()
        path.unlink()


@pytest.mark.parametrize(
    "damage",
    [
        "DROP TABLE timeline",
        "DROP TABLE title_word",
        "ALTER TABLE user ADD COLUMN more TEXT",
        "UPDATE tracking SET version = 0 WHERE name = 'inbox'",
        "DELETE FROM tracking WHERE name = 'keys'",
        "DROP TABLE tracking",
    ],
)
def test_a_view_without_its_tables_or_of_another_version_is_rebuilt(
    path: Path, damage: str
) -> None:
    story = random_story(100, seed=9)
    rebuild(path, story)
    db = sqlite3.connect(path)
    before = rows_of(db)
    db.execute(damage)
    db.commit()
    db.close()
    opened = Views(path)
    with refused(UnavailableError, "views_rebuilding"), opened.reader():
        pass
    assert Follower(opened, story).catch_up() == 100
    with opened.reader() as reader:
        assert rows_of(reader) == before
    opened.close()


def test_a_file_of_garbage_is_rebuilt(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.write_bytes(b"no database at all" * 1000)
    opened = Views(path)
    assert Follower(opened, random_story(30, seed=10)).catch_up() == 30
    opened.close()
    assert "rebuilt from the log" in caplog.text


def test_a_file_that_is_locked_is_left_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projections.views_file.BUSY_TIMEOUT_S", 0.05)
    rebuild(path, random_story(30, seed=20))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    opened = Views(path)
    with refused(UnavailableError, "storage_failed"), opened.writing():
        pass
    with opened.reader() as db:
        assert opened.position(db) == 30  # a lock stops no reader
    other.execute("ROLLBACK")
    assert other.execute("SELECT count(*) FROM timeline").fetchone() == (30,)
    other.close()
    with opened.writing() as db:
        assert db.execute("SELECT count(*) FROM timeline").fetchone() == (30,)
    opened.close()


def test_the_views_are_rebuilt_for_a_log_that_was_restored_from_a_backup(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    story = random_story(100, seed=11)
    rebuild(path, story)
    opened = Views(path)
    assert Follower(opened, Upto(story, 80)).catch_up() == 80
    with opened.reader() as db:
        restored = rows_of(db)
    opened.close()
    assert "does not match this log" in caplog.text
    assert restored["timeline"] == rows_of(story.views(80))["timeline"]


def test_the_views_are_rebuilt_for_a_log_that_differs_from_what_they_read(path: Path) -> None:
    rebuild(path, random_story(100, seed=12))
    other = random_story(150, seed=13)
    opened = Views(path)
    assert Follower(opened, other).catch_up() == other.head()
    with opened.reader() as db:
        shown = rows_of(db)
    opened.close()
    assert shown["timeline"] == rows_of(other.views())["timeline"]


def test_the_file_is_its_owners_alone(path: Path) -> None:
    opened = Views(path)
    Follower(opened, random_story(30, seed=14)).catch_up()
    files = [*path.parent.iterdir()]
    assert {file.name for file in files} >= {"views.sqlite", "views.sqlite-wal"}
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    opened.close()


def test_a_reader_stands_still_while_the_views_go_on(opened: Views) -> None:
    story = random_story(100, seed=15)
    log = Upto(story, 50)
    follower = Follower(opened, log)
    follower.catch_up()
    with opened.reader() as db:
        log.size = 100
        assert follower.catch_up() == 100
        assert opened.position(db) == 50
        assert db.execute("SELECT max(position) FROM timeline").fetchone() == (50,)
    with opened.reader() as db:
        assert opened.position(db) == 100


def test_a_reader_cannot_write(opened: Views) -> None:
    Follower(opened, Story()).catch_up()
    with opened.reader() as db, pytest.raises(sqlite3.OperationalError, match="readonly"):
        db.execute("DELETE FROM timeline")


def test_two_followers_of_one_file_fold_each_event_once(path: Path) -> None:
    story = random_story(120, seed=16)
    first, second = Views(path), Views(path)
    log = Upto(story, 0)
    followers = [Follower(first, log), Follower(second, log)]
    for turn, head in enumerate(range(1, 121)):
        log.size = head
        followers[turn % 2].catch_up()
    with first.reader() as db:
        shown = rows_of(db)
    first.close()
    second.close()
    assert shown["decision"] == rows_of(story.views())["decision"]


def test_streams_that_were_forgotten_are_looked_up(
    opened: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = random_story(200, seed=17)
    expected = rows_of(story.views())["decision"]
    monkeypatch.setattr("projections.stream_numbers.REMEMBERED", 3)
    log = Upto(story, 0)
    follower = Follower(opened, log)
    for log.size in range(1, 201):
        follower.catch_up()
    with opened.reader() as db:
        assert rows_of(db)["decision"] == expected


def test_all_views_state_their_tables_as_sqlite_keeps_them() -> None:
    db = sqlite3.connect(":memory:", isolation_level=None)
    views.prepare(db)
    views.complete(db)
    kept = {sql for (sql,) in db.execute("SELECT sql FROM sqlite_master")}
    for view in views.VIEWS:
        assert kept.issuperset(view.TABLES + view.INDEXES)
    db.close()
