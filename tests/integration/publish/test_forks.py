"""Restored backups, forks and rewritten logs: nothing of them is signed."""

import shutil
from pathlib import Path

import pytest

from ledger.domain.entry import cut, leaf_hash
from ledger.errors import CorruptError, LedgerError, UnavailableError
from ledger.settings import Settings
from tests.support.logs import Ledger, opened, settings_of
from tests.support.publications import backed_up, edit, published_size, refusal, restored


def test_a_restored_backup_is_refused_with_a_clear_sentence(
    settings: Settings, tmp_path: Path
) -> None:
    with opened(settings) as ledger:
        ledger.fill(10)
        ledger.publication().catch_up()
        backed_up(ledger, tmp_path / "backup")
        ledger.fill(20)
        ledger.publication().catch_up()
    restored(settings, tmp_path / "backup")
    with opened(settings) as ledger:
        refused = refusal(ledger)
        assert refused.code == "log_rolled_back"
        assert refused.detail == (
            "the log has 10 entries, but a checkpoint of 20 was signed: the file is an older"
            " copy; restore the newest one"
        )
        assert ledger.tree.checkpoint(20) is None


@pytest.mark.parametrize("size", [20, 25])
def test_a_restored_backup_that_grew_again_is_a_fork(
    settings: Settings, tmp_path: Path, size: int
) -> None:
    with opened(settings) as ledger:
        ledger.fill(10)
        ledger.publication().catch_up()
        backed_up(ledger, tmp_path / "backup")
        ledger.fill(20)
        ledger.publication().catch_up()
        signed = ledger.memory.get(ledger.keys.origin)
    restored(settings, tmp_path / "backup")
    with opened(settings) as ledger:
        ledger.fill(size)
        refused = refusal(ledger)
        assert refused.code == "log_forked"
        assert signed is not None
        assert signed.root.hex() in refused.detail
        assert refused.evidence == {"position": 20}
        assert ledger.memory.get(ledger.keys.origin) == signed


def test_two_copies_of_one_log_with_one_state_cannot_both_sign(
    settings: Settings, tmp_path: Path
) -> None:
    with opened(settings) as ledger:
        ledger.fill(10)
        ledger.publication().catch_up()
    copy = tmp_path / "copy"
    shutil.copytree(settings.data, copy)
    shared = {
        "LEDGER_LOG_KEYS": str(settings.log_keys.file),
        "LEDGER_SIGNER_MEMORY": str(settings.signer_memory),
    }
    with opened(settings) as ours, opened(settings_of(copy, **shared)) as theirs:
        running = theirs.publication()
        running.catch_up()
        ours.fill(20)
        theirs.fill(20)
        assert ours.publication().catch_up() == 20
        with pytest.raises(CorruptError) as refused:
            running.catch_up()
        assert refused.value.code == "log_forked"
        assert theirs.tree.checkpoint(20) is None


def test_a_rewritten_entry_is_a_fork_even_with_its_leaf_hash_and_tiles(
    settings: Settings,
) -> None:
    """A rewrite of the complete file still contradicts what was signed."""
    with opened(settings) as ledger:
        ledger.fill(10)
        ledger.publication().catch_up()
        ((_, state),) = ledger.store.states([7])
        changed = state.replace(b'"at":"2026', b'"at":"2025')
        entry, _ = cut(changed)
        edit(ledger, "UPDATE ev SET entry = ?, leaf = ? WHERE pos = 7", entry, leaf_hash(changed))
        edit(ledger, "DELETE FROM tile")
        edit(ledger, "DELETE FROM checkpoint")
        ledger.fill(11)
    with opened(settings) as ledger:
        assert refusal(ledger).code == "log_forked"


def test_an_entry_that_is_not_its_leaf_hash_is_never_signed(ledger: Ledger) -> None:
    ledger.fill(10)
    ((_, state),) = ledger.store.states([7])
    changed = state.replace(b'"at":"2026', b'"at":"2025')
    edit(ledger, "UPDATE ev SET entry = ? WHERE pos = 7", cut(changed)[0])
    refused = refusal(ledger)
    assert (refused.code, refused.evidence) == ("leaf_mismatch", {"position": 7})
    assert ledger.tree.latest() is None


def test_a_missing_entry_is_never_signed(ledger: Ledger) -> None:
    ledger.fill(10)
    edit(ledger, "DELETE FROM ev WHERE pos = 7")
    assert refusal(ledger).code == "position_missing"
    edit(ledger, "DELETE FROM ev WHERE pos > 6")
    assert refusal(ledger).code == "position_missing"


def test_a_log_that_lost_its_end_is_rolled_back(ledger: Ledger) -> None:
    ledger.fill(10)
    ledger.publication().catch_up()
    edit(ledger, "UPDATE log_head SET size = 9")
    assert refusal(ledger).code == "log_rolled_back"


def test_a_changed_checkpoint_is_refused(ledger: Ledger) -> None:
    ledger.fill(10)
    ledger.publication().catch_up()
    edit(ledger, "UPDATE checkpoint SET root = zeroblob(32) WHERE size = 10")
    with pytest.raises(LedgerError):
        ledger.publication().catch_up()
    newest = ledger.tree.latest()
    assert newest is not None
    note = newest.note.replace(b"\n10\n", b"\n11\n")
    edit(ledger, "UPDATE checkpoint SET note = ? WHERE size = 10", note)
    with pytest.raises(LedgerError):
        ledger.publication().catch_up()


def test_a_log_is_not_signed_with_another_logs_keys(settings: Settings, tmp_path: Path) -> None:
    with opened(settings) as ledger:
        ledger.publication().catch_up()
    with opened(settings_of(tmp_path / "other")) as other:
        other.publication().catch_up()
        shutil.copy(other.settings.log_keys.file, settings.log_keys.file)
    with opened(settings) as ledger:
        check_not_signed(ledger)


def test_lost_keys_are_not_replaced(settings: Settings) -> None:
    with opened(settings) as ledger:
        ledger.publication().catch_up()
    settings.log_keys.file.unlink()
    with opened(settings) as ledger:
        check_not_signed(ledger)
    assert not settings.log_keys.file.exists()


def check_not_signed(ledger: Ledger) -> None:
    """Check that what is appended stays unsigned, and that the signer's memory promises nothing."""
    published, promised = published_size(ledger), ledger.memory.get(ledger.keys.origin)
    ledger.fill(10)
    with pytest.raises(UnavailableError) as refused:
        ledger.publication().catch_up()
    assert refused.value.code == "log_keys_missing"
    assert refused.value.evidence["missing"] == [key.vkey for key in ledger.keys.charter.log_keys]
    assert published_size(ledger) == published
    assert ledger.memory.get(ledger.keys.origin) == promised


def test_a_log_from_before_its_keys_were_announced_is_rolled_back(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ledger.commands.log_keys.LedgerActs.open_log_keys", lambda self, state: None)
        with opened(settings) as ledger:
            backed_up(ledger, tmp_path / "backup")
    with opened(settings) as ledger:
        ledger.publication().catch_up()
    restored(settings, tmp_path / "backup")
    with pytest.raises(CorruptError) as refused:
        Ledger(settings)
    assert refused.value.code == "log_rolled_back"
