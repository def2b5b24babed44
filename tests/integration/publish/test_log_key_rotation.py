"""Log keys are rotated and retired, and a log is ended."""

from pathlib import Path

import pytest

from ledger.data_files import LEDGER_KEY_FILE
from ledger.errors import ConflictError
from ledger.jose import SigningKey
from ledger.settings import Settings
from ledger.tlog import checkpoint
from tests.support.logs import Ledger, opened
from tests.support.publications import Crash, check_published
from tests.support.refusals import refused


def signers_of(ledger: Ledger) -> list[str]:
    newest = ledger.tree.latest()
    assert newest is not None
    keys = ledger.keys.keys(newest.size)
    found = checkpoint.verify_note(newest.note, keys, expected_origin=ledger.keys.origin)
    return [key.vkey for key in found.signers]


def test_rotated_keys_sign_together_until_the_old_ones_are_retired(ledger: Ledger) -> None:
    publication = ledger.publication()
    publication.catch_up()
    old = signers_of(ledger)
    new = list(ledger.acts.rotate().announced)
    publication.catch_up()
    ledger.keys.refresh()
    assert signers_of(ledger) == old + new
    ledger.fill(10)
    assert list(ledger.acts.retire()) == old
    publication.catch_up()
    ledger.keys.refresh()
    assert signers_of(ledger) == new
    assert [(key.first_size, key.last_size) for key in ledger.keys.charter.log_keys] == [
        *((2, 10), (2, 10), (3, None), (3, None))
    ]
    check_published(ledger, 11)
    with pytest.raises(ConflictError) as refused:
        ledger.acts.retire()
    assert refused.value.code == "log_keys_refused"


def test_a_rotation_that_died_is_finished_by_the_next(ledger: Ledger) -> None:
    def crash(*_: object) -> None:
        raise Crash

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ledger.commands.log_keys.LedgerActs._append", crash)
        with pytest.raises(Crash):
            ledger.acts.rotate()
    written = ledger.settings.log_keys.file.read_bytes()
    ledger.publication().catch_up()
    vkeys = ledger.acts.rotate().announced
    assert ledger.settings.log_keys.file.read_bytes() == written
    ledger.publication().catch_up()
    ledger.keys.refresh()
    assert signers_of(ledger)[2:] == list(vkeys)


def test_another_heads_key_is_made_and_a_try_that_died_is_finished(ledger: Ledger) -> None:
    file, first = ledger.settings.heads_key, ledger.keys.charter.heads
    assert isinstance(file, Path)

    def crash(*_: object) -> None:
        raise Crash

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ledger.commands.log_keys.LedgerActs._append", crash)
        with pytest.raises(Crash):
            ledger.acts.replace_heads_key()
    written = file.read_bytes()
    ledger.acts.replace_heads_key()
    assert file.read_bytes() == written
    ledger.keys.refresh()
    second = ledger.keys.charter.heads
    assert SigningKey.from_pem(written).jwk == second != first
    file.unlink()  # lost
    ledger.acts.replace_heads_key()
    ledger.keys.refresh()
    assert ledger.keys.charter.heads not in (first, second)
    file.write_bytes(written)
    with refused(ConflictError, "key_known"):
        ledger.acts.replace_heads_key()


def test_without_the_ledgers_own_key_no_log_key_is_announced_and_nothing_is_appended(
    ledger: Ledger,
) -> None:
    (ledger.settings.data / LEDGER_KEY_FILE).unlink()
    size = ledger.store.head().stored
    with pytest.raises(ConflictError) as refused:
        ledger.acts.rotate()
    assert refused.value.code == "ledger_key_missing"
    assert ledger.store.head().stored == size


def test_a_frozen_ledger_takes_nothing_more_and_is_published_to_its_end(
    settings: Settings,
) -> None:
    with opened(settings) as ledger, opened(settings) as other:
        ledger.fill(10)
        assert ledger.acts.freeze("The fund is closed.") == 11
        for each in (ledger, other):
            with pytest.raises(AssertionError):
                each.fill(12)
            for act in (
                each.acts.rotate,
                each.acts.retire,
                lambda acts=each.acts: acts.freeze("The fund is closed."),
            ):
                each.keys.refresh()
                with pytest.raises(ConflictError) as refused:
                    act()
                assert refused.value.code in ("ledger_frozen", "log_keys_refused")
        assert ledger.publication().catch_up() == 11
        assert ledger.store.head().stored == 11
        check_published(ledger, 11)
