"""Ledgers with published checkpoints, and the commands of backup and restore."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.settings import Settings
from tests.support.logs import Ledger, opened, settings_of


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_of(tmp_path / "data", LEDGER_LOG_ORIGIN="ledger.example/approvals")


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Ledger]:
    """A ledger of 300 entries and two checkpoints, open in this process."""
    with opened(settings) as ledger:
        for size in (100, 300):
            ledger.fill(size)
            ledger.publication().catch_up()
        yield ledger
