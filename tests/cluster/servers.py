"""Three servers of one ledger on the replicated database, each with a data directory of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.cluster.database import APPLICATION, OWNER, Database
from tests.cluster.places import SERVERS, Apart
from tests.support.carried import carry
from tests.support.check import wait_until_published
from tests.support.programs import NETWORK
from tests.support.server import TLS, Server


class FarServer(Server):
    """A server in a network namespace, which tests can cut off."""

    def __init__(self, data: Path, apart: Apart, number: int, **settings: str) -> None:
        self._host = apart.server_host(number)
        self._network = str(apart.namespace(f"app{number + 1}"))
        super().__init__(data, LEDGER_HOST=self._host, **settings)

    @property
    def address(self) -> str:
        """The address where the process listens."""
        return f"http://{self._host}:{self.port}"

    def client(self) -> httpx.Client:
        """Return a client with its own cookies."""
        return httpx.Client(base_url=self.address, timeout=30, verify=TLS)

    def environment(self) -> dict[str, str]:
        """The process's environment variables."""
        return super().environment() | {NETWORK: self._network}


@contextmanager
def servers_on(
    database: Database,
    make_directory: Callable[[], Path],
    apart: Apart | None = None,
    **settings: str,
) -> Iterator[list[Server]]:
    """Start three servers as docs/how-to/cluster says; the later ones get the first one's keys."""
    create = [sys.executable, "-m", "ledger", "database", "create", "--role", APPLICATION]
    url = {"LEDGER_DATABASE_URL": database.url(OWNER)}
    subprocess.run(create, check=True, env=os.environ | url, stdout=subprocess.DEVNULL)
    settings |= {
        "LEDGER_DATABASE_URL": database.url(),
        "LEDGER_DATABASE_COMMIT": "quorum",
    }
    started: list[Server] = []
    try:
        for number in SERVERS:
            data = make_directory() / "data"
            if started:
                carry(started[0].data, data)
                settings |= {"LEDGER_ORIGIN": started[0].settings["LEDGER_ORIGIN"]}
            server = (
                Server(data, **settings)
                if apart is None
                else FarServer(data, apart, number, **settings)
            )
            started.append(server)
            server.start()
            wait_until_published(server)
        yield started
    finally:
        for each in started:
            each.stop()
