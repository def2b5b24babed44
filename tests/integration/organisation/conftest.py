"""A ledger whose organisation has a provider, which runs on this machine."""

from collections.abc import Iterator

import pytest

from tests.integration.conftest import NO_LIMIT
from tests.integration.http.company import Company
from tests.support.check import check_ledger
from tests.support.directory import Directory
from tests.support.post_office import PostOffice
from tests.support.provider import settings_with_provider
from tests.support.server import Server
from tests.support.webhooks import SETTINGS


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with settings_with_provider(tmp_path_factory.mktemp("client")) as found:
        yield SETTINGS | found | {"LEDGER_RATE_LIMIT": NO_LIMIT}


@pytest.fixture(scope="module")
def office() -> Iterator[PostOffice]:
    found = PostOffice()
    yield found
    found.close()


@pytest.fixture(scope="module")
def company(
    tmp_path_factory: pytest.TempPathFactory, settings: dict[str, str], office: PostOffice
) -> Iterator[Company]:
    """An open ledger with a provider that is not required; it is audited after the tests."""
    data = tmp_path_factory.mktemp("organisation") / "data"
    server = Server(data, **settings | office.settings)
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
def directory(company: Company) -> Iterator[Directory]:
    found = Directory(company.server)
    yield found
    found.client.close()
