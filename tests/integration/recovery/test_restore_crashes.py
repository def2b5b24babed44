"""A restore that is killed at any point is begun again or finished, and loses nothing more."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ledger.data_files import LOG_FILE, RESTORING
from ledger.errors import ConflictError, UnavailableError
from ledger.recovery.staging import is_ready
from ledger.settings import Settings
from ledger.system.directory_lock import serving
from ledger.tlog.checkpoint import parse_note
from tests.support.refusals import refused
from tests.support.restores import POINTS, audited, backed_up, grow, invited, restored
from tests.support.signers import LEDGER

DECIDED = POINTS.index("ready")


@pytest.fixture
def settings(ledger: Path, tmp_path: Path) -> Settings:
    return invited(Path(shutil.copytree(ledger, tmp_path / "data")))


def killed(settings: Settings, backup: Path, point: str) -> None:
    """Restore in a process that is killed at this point."""
    command = [sys.executable, "-m", "tests.support.restores", str(settings.data), str(backup)]
    done = subprocess.run([*command, point], capture_output=True, text=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_restore_is_completed_by_the_next_one(
    point: str, settings: Settings, tmp_path: Path
) -> None:
    written = backed_up(settings, tmp_path / "backup")
    lost = parse_note(grow(settings)).checkpoint.size
    killed(settings, tmp_path / "backup", point)
    if point in POINTS[DECIDED:]:
        with refused(ConflictError, "restore_unfinished"), serving(settings.data):
            pass
    plan = restored(settings, tmp_path / "backup")
    assert (plan is None) is (point in POINTS[DECIDED:])
    found = audited(settings)
    assert (found.verdict, found.size) == ("verified", written.size + 1)
    (told,) = found.restorations
    assert (told.kept, told.lost) == (written.size, lost)
    # An epoch that was remembered before the process ended is not used again.
    second = point in ("epoch remembered", "restore recorded")
    assert told.origin == f"{LEDGER}/{2 if second else 1}"
    assert not (settings.data / RESTORING).exists()
    (aside,) = settings.data.glob("replaced-*")
    assert (aside / LOG_FILE).is_file()
    with serving(settings.data):
        assert parse_note(grow(settings)).checkpoint.origin == told.origin


def test_a_restore_that_was_killed_before_it_was_decided_leaves_the_log_as_it_was(
    settings: Settings, tmp_path: Path
) -> None:
    backed_up(settings, tmp_path / "backup")
    size = parse_note(grow(settings)).checkpoint.size
    killed(settings, tmp_path / "backup", "staged")
    assert parse_note(grow(settings)).checkpoint.size == size + 1
    assert audited(settings).verdict == "verified"


def test_a_restore_is_decided_by_a_whole_file_or_not_at_all(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backed_up(settings, tmp_path / "backup")
    grow(settings)
    fsync, staging = os.fsync, settings.data / RESTORING

    def failing(descriptor: int) -> None:
        inode = os.fstat(descriptor).st_ino
        if any(path.stat().st_ino == inode for path in staging.glob("ready*")):
            raise OSError(28, "No space left on device")
        fsync(descriptor)

    with monkeypatch.context() as full:
        full.setattr(os, "fsync", failing)
        with pytest.raises(OSError, match="No space"):
            restored(settings, tmp_path / "backup")
    assert not is_ready(settings.data)
    assert restored(settings, tmp_path / "backup") is not None
    (aside,) = settings.data.glob("replaced-*")
    assert (aside / LOG_FILE).is_file()


def test_a_staged_log_whose_last_events_are_outside_its_file_is_not_installed(
    settings: Settings, tmp_path: Path
) -> None:
    backed_up(settings, tmp_path / "backup")
    grow(settings)
    with closing(sqlite3.connect(":memory:")) as reader:

        def reached(point: str) -> None:
            if point == "epoch remembered":  # a reader keeps SQLite from emptying the other file
                reader.execute("ATTACH ? AS log", (str(settings.data / RESTORING / LOG_FILE),))
                reader.execute("BEGIN")
                reader.execute("SELECT size FROM log.log_head").fetchall()

        with refused(UnavailableError, "storage_failed"):
            restored(settings, tmp_path / "backup", reached)
    assert not is_ready(settings.data)
    assert not [*settings.data.glob("replaced-*")]  # nothing was replaced
    assert restored(settings, tmp_path / "backup") is not None
    assert audited(settings).verdict == "verified"
