"""Servers whose disk fails as a test says, and one ledger that outlives them."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.faulty_sqlite import FAULTS_FILE
from tests.support.server import Server
from tests.support.suite_database import IN_FILES

SECONDS = 60.0


class FaultyServer(Server):
    """A server whose disk is what `fault` says."""

    program = "tests.support.faulty_sqlite"

    def __init__(self, data: Path, **settings: str) -> None:
        self._faults = data.parent / "faults.json"
        super().__init__(data, **{FAULTS_FILE: str(self._faults)}, **IN_FILES, **settings)

    def fault(self, **what: Any) -> None:
        """Make the disk fail from now on as `tests.support.faulty_sqlite` says."""
        new = self._faults.with_suffix(".new")
        new.write_text(json.dumps(what))
        new.replace(self._faults)


def until(holds: Callable[[], bool]) -> None:
    """Return once another process has made it true."""
    give_up = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.05)


@pytest.fixture
def faulty(tmp_path: Path) -> Iterator[FaultyServer]:
    """A running server whose disk works until the test says otherwise."""
    running = FaultyServer(tmp_path / "data", LEDGER_RATE_LIMIT="60000")
    running.start()
    yield running
    running.fault()
    running.stop()
