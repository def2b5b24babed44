"""A ledger that lost its log keys is read, and its own key leads on."""

from pathlib import Path

import pytest

from ledger.data_files import LEDGER_KEY_FILE
from ledger.errors import ConflictError, CorruptError, MalformedError
from ledger.jose import SigningKey
from ledger.settings import Settings
from tests.support.logs import FOUNDING, opened
from tests.support.publications import (
    Crash,
    check_published,
    edit,
    publisher_of,
    until,
    why_refused,
)


@pytest.fixture
def lost(settings: Settings) -> Settings:
    """The settings of a ledger of ten entries that published all and lost its log keys."""
    with opened(settings) as ledger:
        ledger.fill(10)
        ledger.publication().catch_up()
    settings.log_keys.file.unlink()
    return settings


def test_without_its_log_keys_a_ledger_takes_no_write_and_says_what_to_do(lost: Settings) -> None:
    with opened(lost) as ledger:
        publisher = publisher_of(ledger)
        publisher.open()
        assert publisher.size == 10
        refused = why_refused(publisher)
        assert refused.code == "log_keys_missing"
        assert "announce new ones with `ledger log rotate-keys`" in refused.detail
        (reason,) = publisher.reasons()
        assert reason.startswith("the log is not published: log_keys_missing: ")
        assert str(lost.data) not in f"{reason} {refused.detail}"  # strangers read both
        publisher.start()
        until(lambda: publisher.failure is not None)
        assert why_refused(publisher).code == "log_keys_missing"
        publisher.stop()
        assert not publisher.is_over


def test_keys_that_are_put_back_sign_again_without_a_restart(settings: Settings) -> None:
    with opened(settings) as ledger:
        ledger.publication().catch_up()
    pem = settings.log_keys.file.read_bytes()
    settings.log_keys.file.unlink()
    with opened(settings) as ledger:
        publisher = publisher_of(ledger)
        publisher.open()
        publisher.start()
        until(lambda: publisher.failure is not None)
        settings.log_keys.file.write_bytes(pem)
        until(lambda: publisher.failure is None)
        publisher.require_sound()
        assert publisher.reasons() == []
        publisher.stop()


def test_the_ledgers_own_key_announces_new_log_keys_and_ends_the_lost_ones(lost: Settings) -> None:
    with opened(lost) as ledger:
        old = [key.vkey for key in ledger.keys.charter.log_keys]
        publisher = publisher_of(ledger)
        publisher.open()
        publisher.start()
        until(lambda: publisher.failure is not None)
        rotated = ledger.acts.rotate()
        assert list(rotated.ended) == old
        until(lambda: publisher.size == 12)
        publisher.require_sound()
        publisher.stop()
        assert [(key.first_size, key.last_size) for key in ledger.keys.charter.log_keys] == [
            *((FOUNDING, 11), (FOUNDING, 11), (11, None), (11, None))
        ]
        signers = [signer.key.vkey for signer in ledger.keys.signers(12)]
        assert signers == list(rotated.announced)
        check_published(ledger, 12)


def test_one_lost_key_of_two_is_a_loss(settings: Settings) -> None:
    with opened(settings) as ledger:
        ledger.publication().catch_up()
        ed25519, _ = ledger.keys.signers(FOUNDING)
    settings.log_keys.file.write_bytes(ed25519.to_pem())
    with opened(settings) as ledger:
        publisher = publisher_of(ledger)
        publisher.open()
        assert why_refused(publisher).code == "log_keys_missing"


@pytest.mark.parametrize("has_other_root", [False, True])
def test_a_promise_of_lost_keys_is_continued_and_never_contradicted(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, has_other_root: bool
) -> None:
    """The process ended between the promise of size 10 and its checkpoint."""

    def crash(*_: object) -> None:
        raise Crash

    with opened(settings) as ledger:
        ledger.publication().catch_up()
        ledger.fill(10)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ledger.tree, "publish", crash)
            with pytest.raises(Crash):
                ledger.publication().step()
    settings.log_keys.file.unlink()
    with opened(settings) as ledger:
        if has_other_root:
            edit(ledger, "DELETE FROM ev WHERE pos > 5")
            edit(ledger, "DELETE FROM body WHERE pos > 5")
            edit(ledger, "UPDATE log_head SET size = 5")
            ledger.fill(10)
        ledger.acts.rotate()
        if has_other_root:
            with pytest.raises(CorruptError) as refused:
                ledger.publication().catch_up()
            assert refused.value.code == "log_forked"
            return
        assert ledger.publication().catch_up() == 12
        assert [each.size for each in ledger.tree.checkpoints(0, 10)] == [FOUNDING, 12]
        ledger.keys.refresh()
        check_published(ledger, 12)


def test_a_broken_file_of_log_keys_is_a_loss_and_is_never_overwritten(lost: Settings) -> None:
    lost.log_keys.file.write_bytes(b"-----BEGIN")
    with opened(lost) as ledger:
        publisher = publisher_of(ledger)
        publisher.open()
        assert why_refused(publisher).code == "log_keys_missing"
        assert "log_keys_invalid" in str(ledger.keys.why_not_signing(10))
        with pytest.raises(MalformedError) as invalid:
            ledger.acts.rotate()
        assert invalid.value.code == "log_keys_invalid"
    assert lost.log_keys.file.read_bytes() == b"-----BEGIN"


@pytest.mark.parametrize("has_other_key", [False, True])
def test_without_the_ledgers_own_key_nothing_leads_on(lost: Settings, has_other_key: bool) -> None:
    path = lost.data / LEDGER_KEY_FILE
    path.unlink()
    if has_other_key:
        path.write_bytes(SigningKey.generate().to_pem())
    with opened(lost) as ledger:
        size = ledger.store.head()
        with pytest.raises(ConflictError) as refused:
            ledger.acts.rotate()
        assert refused.value.code == "ledger_key_missing"
        assert ledger.store.head() == size
    assert not lost.log_keys.file.exists()


def test_a_frozen_ledger_that_is_published_to_its_end_needs_no_log_key(settings: Settings) -> None:
    with opened(settings) as ledger:
        ledger.acts.freeze("The fund is closed.")
        ledger.publication().catch_up()
    settings.log_keys.file.unlink()
    with opened(settings) as ledger:
        publisher = publisher_of(ledger)
        publisher.open()
        assert publisher.reasons() == []


def test_the_vkeys_of_a_log_are_read_without_its_private_keys(lost: Settings) -> None:
    with opened(lost) as ledger:
        assert len(ledger.keys.keys(10)) == 2
    assert not Path(lost.log_keys.file).exists()
