"""A ledger whose organisation has a provider, which runs on this machine."""

import hashlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.integration.conftest import NO_LIMIT
from tests.integration.http.company import Company
from tests.support.check import check_ledger
from tests.support.directory import TOKEN, Directory
from tests.support.mailboxes import until
from tests.support.server import Server, free_port
from tests.support.webhooks import SETTINGS


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A provider that signs in anybody, in a process of its own."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        found = f"http://127.0.0.1:{port}"
        try:
            assert until(lambda: is_open(port))
            yield found
        finally:
            run.terminate()


def is_open(port: int) -> bool:
    with closing(socket.socket()) as sock:
        sock.settimeout(1)
        return sock.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def settings(issuer: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    secret = tmp_path_factory.mktemp("client") / "secret"
    secret.write_text("a secret of the client\n")
    return SETTINGS | {
        "LEDGER_RATE_LIMIT": NO_LIMIT,
        "LEDGER_REGISTRATION": "open",
        "LEDGER_OIDC_ISSUER": issuer,
        "LEDGER_OIDC_CLIENT_ID": "ledger",
        "LEDGER_OIDC_CLIENT_SECRET_FILE": str(secret),
        "LEDGER_OIDC_PRIVATE_HOSTS": "127.0.0.1",
        "LEDGER_SCIM_TOKEN_SHA256": hashlib.sha256(TOKEN.encode()).hexdigest(),
    }


@pytest.fixture(scope="module")
def company(
    tmp_path_factory: pytest.TempPathFactory, settings: dict[str, str]
) -> Iterator[Company]:
    """An open ledger with a provider that is not required; it is audited after the tests."""
    server = Server(tmp_path_factory.mktemp("organisation") / "data", **settings)
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
