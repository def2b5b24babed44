"""A restore goes on as before if nothing was lost; otherwise the log says what was, for ever."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from ledger.data_files import LOG_FILE
from ledger.errors import CorruptError, UnavailableError
from ledger.settings import Settings
from ledger.tlog.checkpoint import Checkpoint, parse_note
from tests.support.logs import opened
from tests.support.refusals import refused
from tests.support.restores import (
    REASON,
    audited,
    backed_up,
    copied,
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


def test_a_restore_that_loses_nothing_goes_on_under_the_same_origin(
    settings: Settings, tmp_path: Path
) -> None:
    grow(settings)
    written = backed_up(settings, tmp_path / "backup")
    lose_log(settings)
    plan = restored(settings, tmp_path / "backup")
    assert plan is not None
    assert (plan.origin, plan.lost, plan.epoch) == (None, None, 0)
    found = audited(settings)
    assert (found.verdict, found.size, found.root) == ("verified", written.size, written.root)
    assert found.restorations == []
    assert parse_note(grow(settings)).checkpoint.origin == LEDGER


def test_a_restore_that_loses_entries_says_which_and_goes_on_under_another_origin(
    settings: Settings, tmp_path: Path
) -> None:
    written = backed_up(settings, tmp_path / "backup")
    grow(settings, 2)
    plan = restored(settings, tmp_path / "backup")
    assert plan is not None
    assert (plan.origin, plan.epoch) == (NEXT, 1)
    assert plan.lost is not None
    kept, lost = written.size, written.size + 2
    assert plan.lost.size == lost
    found = audited(settings)
    assert (found.verdict, found.size, found.newest) == ("verified", kept + 1, kept + 1)
    (told,) = found.restorations
    assert (told.position, told.epoch, told.origin) == (kept + 1, 1, NEXT)
    assert (told.kept, told.lost, told.reason) == (kept, lost, REASON)
    assert newest_note(settings).origin == NEXT
    # The log that was replaced is kept: it may have what was lost.
    (aside,) = settings.data.glob("replaced-*")
    assert (aside / LOG_FILE).is_file()
    assert (aside / "log-keys.pem").is_file()
    # It goes on: the next event is signed under the new origin, by the new keys.
    assert parse_note(grow(settings)).checkpoint == newest_note(settings)
    assert audited(settings).verdict == "verified"


def test_without_any_memory_what_was_lost_is_unknown(settings: Settings, tmp_path: Path) -> None:
    written = backed_up(settings, tmp_path / "backup")
    lose_log(settings)
    settings.signer_memory.unlink()
    plan = restored(settings, tmp_path / "backup")
    assert plan is not None
    assert (plan.origin, plan.lost, plan.known) == (NEXT, None, [])
    (told,) = audited(settings).restorations
    assert (told.kept, told.lost) == (written.size, "unknown")


def test_a_log_that_was_copied_back_by_hand_does_not_say_that_nothing_was_lost(
    settings: Settings, tmp_path: Path
) -> None:
    """Such a log, without the signer's memory, once gave a position out a second time."""
    written = backed_up(settings, tmp_path / "backup")
    grow(settings)
    lose_log(settings)
    settings.signer_memory.unlink()
    shutil.copy(tmp_path / "backup" / LOG_FILE, settings.data / LOG_FILE)
    with opened(settings) as ledger, refused(UnavailableError, "memory_missing"):
        ledger.publication().catch_up()
    plan = restored(settings, tmp_path / "backup")
    assert plan is not None
    assert (plan.origin, plan.lost) == (NEXT, None)
    (told,) = audited(settings).restorations
    assert (told.kept, told.lost) == (written.size, "unknown")


def test_a_checkpoint_that_somebody_has_says_what_was_lost(
    settings: Settings, tmp_path: Path
) -> None:
    backed_up(settings, tmp_path / "backup")
    note = tmp_path / "checkpoint"
    note.write_bytes(grow(settings, 3))
    size = parse_note(note.read_bytes()).checkpoint.size
    lose_log(settings)
    settings.signer_memory.unlink()
    plan = restored(settings, tmp_path / "backup", checkpoints=(note,))
    assert plan is not None
    assert plan.lost is not None
    assert (plan.lost.size, plan.lost.note) == (size, note.read_bytes())
    with opened(settings) as ledger:
        (restoration,) = ledger.keys.charter.restorations
    assert restoration.lost is not None
    assert restoration.lost != "unknown"
    assert restoration.lost.checkpoint == note.read_text()
    assert audited(settings).verdict == "verified"


def test_the_operator_can_say_what_was_published(settings: Settings, tmp_path: Path) -> None:
    written = backed_up(settings, tmp_path / "backup")
    lose_log(settings)
    settings.signer_memory.unlink()
    plan = restored(settings, tmp_path / "backup", published=written.size)
    assert plan is not None
    assert plan.origin is None
    assert parse_note(grow(settings)).checkpoint.origin == LEDGER


def test_another_history_of_the_same_size_is_lost_too(settings: Settings, tmp_path: Path) -> None:
    written = backed_up(settings, tmp_path / "backup")
    with sqlite3.connect(settings.signer_memory) as db:
        other = Checkpoint(LEDGER, written.size, bytes(32))
        db.execute("UPDATE signed SET text = ?", (other.text(),))
    db.close()
    lose_log(settings)
    plan = restored(settings, tmp_path / "backup")
    assert plan is not None
    assert plan.origin == NEXT
    (told,) = audited(settings).restorations
    assert (told.kept, told.lost) == (written.size, written.size)


def test_backups_that_continue_each_other_are_joined(settings: Settings, tmp_path: Path) -> None:
    backed_up(settings, tmp_path / "monday")
    grow(settings, 2)
    written = backed_up(settings, tmp_path / "tuesday", tmp_path / "monday")
    lose_log(settings)
    plan = restored(settings, tmp_path / "tuesday")
    assert plan is not None
    assert plan.origin is None
    found = audited(settings)
    assert (found.verdict, found.root) == ("verified", written.root)


def test_a_second_loss_begins_a_second_epoch(settings: Settings, tmp_path: Path) -> None:
    backed_up(settings, tmp_path / "first")
    grow(settings)
    restored(settings, tmp_path / "first")
    backed_up(settings, tmp_path / "second")
    grow(settings)
    plan = restored(settings, tmp_path / "second")
    assert plan is not None
    assert (plan.origin, plan.epoch) == (f"{LEDGER}/2", 2)
    assert [each.epoch for each in audited(settings).restorations] == [1, 2]


def test_an_epoch_whose_restore_was_lost_is_not_used_again(
    settings: Settings, tmp_path: Path
) -> None:
    backed_up(settings, tmp_path / "backup")
    grow(settings)
    restored(settings, tmp_path / "backup")
    plan = restored(settings, tmp_path / "backup")
    assert plan is not None
    assert (plan.origin, plan.epoch) == (f"{LEDGER}/2", 2)
    (told,) = audited(settings).restorations
    assert told.epoch == 2


def test_an_old_log_put_back_after_a_restore_signs_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    backed_up(settings, tmp_path / "backup")
    grow(settings)
    restored(settings, tmp_path / "backup")
    (aside,) = settings.data.glob("replaced-*")
    for path in settings.data.glob(f"{LOG_FILE}*"):
        path.unlink()
    shutil.copy(aside / LOG_FILE, settings.data / LOG_FILE)
    shutil.copy(aside / "log-keys.pem", settings.log_keys.file)
    with opened(settings) as ledger, refused(CorruptError, "log_rolled_back"):
        ledger.publication().catch_up()
    assert audited(settings).finding is not None
