"""What a restore refuses, before it changes anything, and what does not hinder it."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ledger.data_files import LOG_FILE, VIEWS_FILE
from ledger.errors import ConflictError, CorruptError, NotFoundError, RefusedError, UnavailableError
from ledger.settings import Settings
from ledger.system.wall_clock import WallClock
from ledger.tlog import checkpoint, vkeys
from ledger.tlog.checkpoint import Checkpoint
from tests.support.logs import opened
from tests.support.refusals import refused
from tests.support.restores import (
    backed_up,
    copied,
    forge_manifest,
    grow,
    lose_log,
    newest_note,
    restored,
)
from tests.support.signers import LEDGER

NEXT = f"{LEDGER}/1"


@pytest.fixture
def settings(ledger: Path, tmp_path: Path) -> Settings:
    return copied(ledger, tmp_path)


@pytest.mark.parametrize("how", ["another one", "a changed file"])
def test_backups_that_do_not_belong_together_are_refused(
    how: str, settings: Settings, tmp_path: Path
) -> None:
    backed_up(settings, tmp_path / "monday")
    grow(settings)
    backed_up(settings, tmp_path / "tuesday", tmp_path / "monday")
    if how == "a changed file":
        with closing(sqlite3.connect(tmp_path / "monday" / LOG_FILE)) as db, db:
            db.execute("PRAGMA user_version = 9")
    else:
        shutil.rmtree(tmp_path / "monday")
        backed_up(settings, tmp_path / "monday")
    with refused(CorruptError, "backup_damaged"):
        restored(settings, tmp_path / "tuesday")


def test_a_missing_earlier_backup_is_named(settings: Settings, tmp_path: Path) -> None:
    backed_up(settings, tmp_path / "monday")
    grow(settings)
    backed_up(settings, tmp_path / "tuesday", tmp_path / "monday")
    shutil.rmtree(tmp_path / "monday")
    with refused(NotFoundError, "backup_unknown"):
        restored(settings, tmp_path / "tuesday")


def test_a_backup_that_the_audit_refuses_changes_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    backed_up(settings, tmp_path / "backup")
    with closing(sqlite3.connect(tmp_path / "backup" / LOG_FILE)) as db, db:
        db.executescript("DROP TRIGGER claim_only_freed; DELETE FROM claim")
    forge_manifest(tmp_path / "backup")
    size_before = newest_note(settings).size
    with refused(CorruptError, "backup_invalid"):
        restored(settings, tmp_path / "backup")
    assert newest_note(settings).size == size_before


def test_a_loss_cannot_be_declared_without_the_ledgers_own_key(
    settings: Settings, tmp_path: Path
) -> None:
    backed_up(settings, tmp_path / "backup")
    grow(settings)
    (settings.data / "ledger-key.pem").unlink()
    with refused(ConflictError, "ledger_key_missing"):
        restored(settings, tmp_path / "backup")
    with opened(settings) as ledger:
        assert ledger.memory.known()[-1].epoch == 0


def test_a_loss_is_not_declared_by_a_clock_that_disagrees_with_the_log(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backed_up(settings, tmp_path / "backup")
    grow(settings)
    monkeypatch.setattr("ledger.recovery.restore.WallClock", lambda: WallClock(lambda: 0))
    with refused(UnavailableError, "clock_unconfirmed"):
        restored(settings, tmp_path / "backup")
    with opened(settings) as ledger:
        assert ledger.memory.known()[-1].epoch == 0


def test_a_log_in_the_data_directory_that_cannot_be_read_hinders_no_restore(
    settings: Settings, tmp_path: Path
) -> None:
    backed_up(settings, tmp_path / "backup")
    lose_log(settings)
    for name in (LOG_FILE, VIEWS_FILE):
        (settings.data / name).write_bytes(b"damaged " * 1_000)
    plan = restored(settings, tmp_path / "backup")
    assert plan is not None
    assert (plan.origin, plan.lost) == (None, None)


def test_a_ledger_whose_memory_is_gone_signs_nothing(settings: Settings) -> None:
    settings.signer_memory.unlink()
    with opened(settings) as ledger, refused(UnavailableError, "memory_missing"):
        ledger.publication().catch_up()


def test_a_checkpoint_by_a_key_that_had_ended_is_no_reason_to_declare_a_loss(
    settings: Settings, tmp_path: Path
) -> None:
    with opened(settings) as ledger:
        ledger.acts.rotate()
        ledger.acts.retire()
        size = ledger.publication().catch_up()
        ledger.keys.refresh()
        announced = ledger.keys.charter.log_keys
    ended = [key.vkey for key in announced if key.last_size is not None]
    stored = vkeys.from_pem(LEDGER, settings.log_keys.file.read_bytes())
    old = tuple(each for each in stored if each.key.vkey in ended)
    assert len(old) == 2
    forged = tmp_path / "forged"
    forged.write_bytes(checkpoint.sign(Checkpoint(LEDGER, size + 9, bytes(32)), old, now_s=1))
    backed_up(settings, tmp_path / "backup")
    with refused(RefusedError, "note_unsigned"):
        restored(settings, tmp_path / "backup", checkpoints=(forged,))
