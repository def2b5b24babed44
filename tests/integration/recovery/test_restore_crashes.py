"""A restore that is killed at any point is begun again or finished, and loses nothing more."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.data_files import LOG_FILE, RESTORING
from ledger.errors import ConflictError
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
