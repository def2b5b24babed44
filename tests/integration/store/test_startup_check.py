"""A start refuses a log whose end is not what was committed, and costs the same at any size."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from ledger.__main__ import main
from ledger.errors import CorruptError
from ledger.store.sqlite.store import SqliteLog
from ledger.store.startup_check import require_sound_end
from tests.support.logs import fill, opened, settings_of
from tests.support.refusals import refused
from tests.support.states import without_triggers

SIZE = 1_500


@pytest.fixture
def data(tmp_path: Path) -> Path:
    with opened(settings_of(tmp_path / "data")) as ledger:
        ledger.fill(SIZE)
    return tmp_path / "data"


def edit(data: Path, script: str) -> None:
    with closing(sqlite3.connect(data / "log.sqlite")) as db, without_triggers(db):
        db.executescript(script)


@pytest.mark.parametrize(
    ("script", "code", "position"),
    [
        ("UPDATE ev SET leaf = zeroblob(32) WHERE pos = 1500", "leaf_mismatch", 1500),
        ("UPDATE ev SET leaf = zeroblob(32) WHERE pos = 501", "leaf_mismatch", 501),
        ("UPDATE ev SET entry = x'09' WHERE pos = 700", "leaf_mismatch", 700),
        ("DELETE FROM ev WHERE pos = 1500", "position_missing", 1500),
        ("DELETE FROM ev WHERE pos = 900", "position_missing", None),
        ("UPDATE log_head SET size = 1499", "head_mismatch", 1500),
        ("UPDATE log_head SET size = 1501", "position_missing", 1501),
    ],
)
def test_a_log_with_a_wrong_end_is_not_served(
    data: Path, capsys: pytest.CaptureFixture[str], script: str, code: str, position: int | None
) -> None:
    edit(data, script)
    with closing(SqliteLog(data / "log.sqlite")) as store, closing(store.tree()) as tree:
        with pytest.raises(CorruptError) as caught:
            require_sound_end(tree)
        assert caught.value.code == code
        assert position is None or caught.value.evidence["position"] == position
    assert main(["serve", "--data", str(data)]) == 1
    assert code in capsys.readouterr().err


def test_what_is_older_is_left_to_the_audit(data: Path) -> None:
    edit(data, "UPDATE ev SET leaf = zeroblob(32) WHERE pos = 500")
    with closing(SqliteLog(data / "log.sqlite")) as store, closing(store.tree()) as tree:
        require_sound_end(tree)
        with refused(CorruptError, "leaf_mismatch"):
            require_sound_end(tree, SIZE)


def test_what_another_server_appends_meanwhile_is_no_wrong_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(SqliteLog(tmp_path / "log.sqlite")) as store, closing(store.tree()) as tree:
        fill(store, 10)
        heads: list[int] = []
        counted = tree.head

        def head() -> int:
            heads.append(counted())
            if len(heads) == 1:
                fill(store, 11)
            return heads[-1]

        monkeypatch.setattr(tree, "head", head)
        require_sound_end(tree)
        assert heads == [10, 11]


def test_looking_at_the_end_takes_no_time_to_speak_of(tmp_path: Path) -> None:
    with closing(SqliteLog(tmp_path / "log.sqlite")) as store, closing(store.tree()) as tree:
        fill(store, 3_000)
        begun_s = time.process_time()
        require_sound_end(tree)
        assert time.process_time() - begun_s < 0.3
