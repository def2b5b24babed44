"""A ledger whose messages go to this machine: a receiver of webhooks and a mail server."""

from collections.abc import Iterator

import pytest

from tests.integration.conftest import NO_LIMIT
from tests.integration.http.company import Company
from tests.support.actor import Actor
from tests.support.check import check_ledger
from tests.support.post_office import PostOffice
from tests.support.receiver import Receiver
from tests.support.server import Server
from tests.support.unused_names import unused
from tests.support.webhooks import SETTINGS


@pytest.fixture(scope="module")
def office() -> Iterator[PostOffice]:
    found = PostOffice()
    yield found
    found.close()


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory, office: PostOffice) -> Iterator[Company]:
    """An open ledger whose messages go to this machine; it is audited after the tests."""
    data = tmp_path_factory.mktemp("messages") / "data"
    settings = SETTINGS | office.settings
    server = Server(data, LEDGER_RATE_LIMIT=NO_LIMIT, LEDGER_REGISTRATION="open", **settings)
    server.start()
    found = Company(server)
    try:
        yield found
        check_ledger(server)
    finally:
        for client in found.clients:
            client.close()
        server.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


@pytest.fixture
def bob(company: Company) -> Actor:
    return company.person(unused("Bob")).register("investor")


@pytest.fixture
def alice(company: Company) -> Actor:
    return company.person(unused("Alice")).register("creator")
