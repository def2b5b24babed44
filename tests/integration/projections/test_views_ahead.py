"""Read models that have more events than the log are kept whole, one loss at a time."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from projections.views import _TRACKING
from projections.views_ahead import keep_if_ahead, position_of

SUFFIXES = ("", "-wal", "-shm")


@contextmanager
def tracked(path: Path, position: int) -> Iterator[None]:
    """Make read models whose position is in the write-ahead log until the block ends."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute(_TRACKING)
        db.execute("INSERT INTO tracking VALUES ('all', 1, ?, x'00', 1)", (position,))
        db.commit()
        yield


def crashed(path: Path, position: int, data: Path) -> Path:
    """Return a copy of read models as the end of their process left it: with a write-ahead log."""
    with tracked(path, position):
        for suffix in SUFFIXES:
            shutil.copy(f"{path}{suffix}", data / f"views.sqlite{suffix}")
    return data / "views.sqlite"


def test_a_second_loss_is_kept_without_the_write_ahead_log_of_the_first(tmp_path: Path) -> None:
    kept, data = tmp_path / "views-ahead.sqlite", tmp_path / "data"
    data.mkdir()
    keep_if_ahead(crashed(tmp_path / "first.sqlite", 30, data), 10, kept)
    assert (position_of(kept), Path(f"{kept}-wal").stat().st_size > 0) == (30, True)
    with tracked(data / "views.sqlite", 20), closing(sqlite3.connect(data / "views.sqlite")) as db:
        whole = db.serialize()
    for suffix in SUFFIXES:
        (data / f"views.sqlite{suffix}").unlink(missing_ok=True)
    (data / "views.sqlite").write_bytes(whole[:18] + b"\1\1" + whole[20:])  # no write-ahead log
    keep_if_ahead(data / "views.sqlite", 10, kept)
    assert [Path(f"{kept}{suffix}").exists() for suffix in SUFFIXES] == [True, False, False]
    assert position_of(kept) == 20


def test_read_models_that_the_log_has_in_full_stay_where_they_are(tmp_path: Path) -> None:
    path, kept = tmp_path / "views.sqlite", tmp_path / "views-ahead.sqlite"
    with tracked(path, 10):
        pass
    keep_if_ahead(path, 10, kept)
    assert (path.exists(), kept.exists()) == (True, False)
