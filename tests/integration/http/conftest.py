"""A server for tests of what no other test may have touched."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import NO_LIMIT
from tests.integration.http.company import Company
from tests.support.check import check_ledger
from tests.support.post_office import PostOffice
from tests.support.server import Server


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[Server]:
    """A server of its own, with a new ledger; the test may stop it, freeze it or break it."""
    server = Server(tmp_path / "data")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def office() -> Iterator[PostOffice]:
    found = PostOffice()
    yield found
    found.close()


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    """An open ledger with one administrator; it is audited after the test."""
    server = Server(tmp_path / "data", LEDGER_RATE_LIMIT=NO_LIMIT, LEDGER_REGISTRATION="open")
    server.start()
    found = Company(server)
    try:
        yield found
        check_ledger(server)
    finally:
        for client in found.clients:
            client.close()
        server.stop()
