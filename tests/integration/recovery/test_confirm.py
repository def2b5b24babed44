"""A ledger without its signer's memory goes on only if somebody confirms the newest size."""

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from ledger.errors import ConflictError, NotFoundError, UnavailableError
from ledger.recovery.confirm import confirm
from ledger.settings import Settings
from ledger.store.engines import open_signer_memory
from ledger.tlog.checkpoint import parse_note
from tests.support.logs import opened, settings_of
from tests.support.refusals import refused
from tests.support.restores import audited, backed_up, grow, invited, restored
from tests.support.signers import LEDGER


@pytest.fixture
def settings(ledger: Path, tmp_path: Path) -> Settings:
    """A copy of the ledger with every kind of row, without its signer's memory."""
    copy = invited(Path(shutil.copytree(ledger, tmp_path / "data")))
    copy.signer_memory.unlink()
    return copy


def size_of(settings: Settings) -> int:
    with opened(settings) as ledger:
        newest = ledger.tree.latest()
        assert newest is not None
        return newest.size


def test_without_its_memory_a_ledger_signs_nothing_and_guesses_nothing(settings: Settings) -> None:
    with opened(settings) as ledger:
        with refused(UnavailableError, "memory_missing"):
            ledger.publication().catch_up()
        assert ledger.memory.known() == []


def test_the_operator_confirms_the_newest_size(settings: Settings) -> None:
    size = size_of(settings)
    point, by = confirm(settings, size)
    assert (point.size, point.origin, by) == (size, LEDGER, ["the operator"])
    assert parse_note(grow(settings)).checkpoint.size == size + 1
    assert audited(settings).verdict == "verified"


def test_a_larger_size_than_the_log_has_needs_a_restore(settings: Settings) -> None:
    with refused(ConflictError, "entries_lost"):
        confirm(settings, size_of(settings) + 1)
    with closing(open_signer_memory(settings.log_address, settings.signer_memory)) as memory:
        assert memory.known() == []


def test_a_smaller_size_confirms_nothing(settings: Settings) -> None:
    with refused(ConflictError, "memory_unconfirmed"):
        confirm(settings, size_of(settings) - 1)


def test_without_witnesses_nobody_confirms(settings: Settings) -> None:
    with refused(ConflictError, "memory_unconfirmed"):
        confirm(settings, None)


def test_a_memory_that_is_there_is_not_replaced(settings: Settings) -> None:
    confirm(settings, size_of(settings))
    with refused(ConflictError, "memory_known"):
        confirm(settings, size_of(settings))


def test_a_ledger_that_published_nothing_has_nothing_to_confirm(tmp_path: Path) -> None:
    fresh = settings_of(tmp_path / "fresh")
    with opened(fresh), refused(NotFoundError, "checkpoint_unknown"):
        confirm(fresh, 1)


def test_a_restored_ledger_is_confirmed_under_its_new_origin(
    settings: Settings, tmp_path: Path
) -> None:
    backed_up(settings, tmp_path / "backup")
    restored(settings, tmp_path / "backup")
    settings.signer_memory.unlink()
    confirm(settings, size_of(settings))
    assert parse_note(grow(settings)).checkpoint.origin == f"{LEDGER}/1"
    assert audited(settings).verdict == "verified"
