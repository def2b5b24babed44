"""A ledger whose HSM fails: nothing is lost, nothing false is signed, and it says what is wrong."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.errors import ConflictError, NotFoundError, UnavailableError
from ledger.keystore.opening import open_signing_key
from ledger.settings import Settings
from tests.support.logs import FOUNDING, Ledger, opened, settings_of
from tests.support.publications import check_published, publisher_of, until, why_refused
from tests.support.refusals import refused
from tests.support.softhsm import PIN, SoftHsm


class Bench:
    """A ledger's settings with both keys in the token, and a PIN file of its own."""

    def __init__(self, hsm: SoftHsm, directory: Path) -> None:
        self.hsm = hsm
        self.directory = directory
        self.pin = directory / "pin"
        self.pin.write_text(PIN)
        self.own, self.log = (hsm.uri(hsm.create_key(), pin=self.pin) for _ in range(2))

    def settings(self, log_keys: str | None = None) -> Settings:
        keys = {"LEDGER_OWN_KEY": self.own, "LEDGER_LOG_KEYS": log_keys or self.log}
        return settings_of(self.directory / "data", **keys)

    def unplug(self) -> None:
        """End every session with the token, and take the PIN away."""
        self.hsm.restart()
        self.pin.unlink()

    def plug_in(self, pin: str = PIN) -> None:
        self.pin.write_text(pin)


@pytest.fixture
def bench(hsm: SoftHsm, tmp_path: Path) -> Bench:
    return Bench(hsm, tmp_path)


@pytest.fixture
def ledger(bench: Bench) -> Iterator[Ledger]:
    with opened(bench.settings()) as ledger:
        yield ledger


def test_while_the_device_is_away_events_are_recorded_and_they_are_signed_afterwards(
    ledger: Ledger, bench: Bench
) -> None:
    publisher = publisher_of(ledger)
    publisher.open()
    publisher.start()
    until(lambda: publisher.size == FOUNDING)
    bench.unplug()
    ledger.fill(10)
    publisher.committed(ledger.tree.head())
    until(lambda: publisher.failure is not None)
    publisher.require_sound()
    (reason,) = publisher.reasons()
    assert reason.startswith("the log is not published: signer_unavailable: ")
    assert "pkcs11:" not in reason  # strangers read it
    ledger.fill(20)
    bench.plug_in()
    until(lambda: publisher.size == 20)
    publisher.stop()
    assert publisher.reasons() == []
    check_published(ledger, 20)


def test_a_heads_key_in_the_device_is_replaced_by_another_one_there(bench: Bench) -> None:
    first, second = (bench.hsm.uri(bench.hsm.create_key(), pin=bench.pin) for _ in range(2))
    data = bench.directory / "data"
    with (
        opened(settings_of(data, LEDGER_HEADS_KEY=first)) as ledger,
        refused(ConflictError, "heads_key_not_new"),
    ):
        ledger.acts.replace_heads_key()
    with opened(settings_of(data, LEDGER_HEADS_KEY=second)) as ledger:
        ledger.acts.replace_heads_key()
        ledger.keys.refresh()
        assert ledger.keys.charter.heads == open_signing_key(ledger.settings.heads_key).jwk


def test_a_start_without_the_device_takes_no_write_until_it_answers(bench: Bench) -> None:
    with opened(bench.settings()) as ledger:
        ledger.publication().catch_up()
    bench.unplug()
    with opened(bench.settings()) as ledger:
        publisher = publisher_of(ledger)
        publisher.open()
        assert why_refused(publisher).code == "signer_unavailable"
        publisher.start()
        until(lambda: publisher.failure is not None)
        assert why_refused(publisher).code == "signer_unavailable"
        bench.plug_in()
        until(lambda: publisher.failure is None)
        publisher.require_sound()
        publisher.stop()


def test_nothing_is_rotated_while_a_place_gives_no_answer(bench: Bench) -> None:
    with opened(bench.settings()) as ledger:
        ledger.publication().catch_up()
    bench.unplug()
    with opened(bench.settings()) as ledger:
        with pytest.raises(UnavailableError) as refused:
            ledger.acts.rotate()
        assert refused.value.code == "signer_unavailable"
        assert ledger.store.head().stored == FOUNDING
    bench.plug_in()
    with opened(bench.settings(f"{bench.log} {bench.hsm.uri('another')}")) as ledger:
        with pytest.raises(NotFoundError) as missing:
            ledger.acts.rotate()
        assert missing.value.code == "signer_key_missing"
        assert ledger.store.head().stored == FOUNDING


def test_a_wrong_pin_is_tried_once(bench: Bench) -> None:
    with opened(bench.settings()) as ledger:
        ledger.publication().catch_up()
    bench.unplug()
    bench.plug_in("1111")
    with opened(bench.settings()) as ledger:
        publisher = publisher_of(ledger)
        publisher.open()
        assert why_refused(publisher).code == "log_keys_missing"
        assert "pin_refused" in str(ledger.keys.why_not_signing(FOUNDING))
        bench.plug_in()
        assert ledger.keys.why_not_signing(FOUNDING) is not None
    with opened(bench.settings()) as ledger:
        assert ledger.publication().catch_up() == FOUNDING


def test_an_own_key_with_a_wrong_pin_founds_nothing(bench: Bench) -> None:
    bench.unplug()
    bench.plug_in("1111")
    with pytest.raises(ConflictError) as refused:
        Ledger(bench.settings())
    assert refused.value.code == "pin_refused"


def test_a_rotation_needs_a_new_key_in_the_device(ledger: Ledger) -> None:
    with pytest.raises(ConflictError) as refused:
        ledger.acts.rotate()
    assert refused.value.code == "log_key_not_new"
    assert ledger.store.head().stored == FOUNDING


@pytest.mark.parametrize("has_new_device", [False, True])
def test_a_key_that_was_lost_with_its_device_is_replaced(
    bench: Bench, has_new_device: bool
) -> None:
    with opened(bench.settings()) as ledger:
        ledger.publication().catch_up()
        file = ledger.settings.log_keys.file
    new = f" {bench.hsm.uri(bench.hsm.create_key())}" if has_new_device else ""
    with opened(bench.settings(f"{file}{new}")) as ledger:
        rotated = ledger.acts.rotate()
        assert (len(rotated.announced), len(rotated.ended)) == (2, 2)
        assert ledger.publication().catch_up() == 4
        ledger.keys.refresh()
        check_published(ledger, 4)
