"""A server for tests of what no other test may have touched."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server import Server


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[Server]:
    """A server of its own, with a new ledger; the test may stop it, freeze it or break it."""
    server = Server(tmp_path / "data")
    server.start()
    yield server
    server.stop()
