"""One replicated database and three servers on it, which the tests of this directory share."""

import os
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.cluster.database import Database, wait_until
from tests.cluster.load import Load
from tests.cluster.places import Apart
from tests.cluster.servers import servers_on
from tests.support.actor import Actor
from tests.support.check import check_ledger, head, wait_for
from tests.support.load import Records
from tests.support.real_time import longest_gap_s, out_of_order
from tests.support.server import Server

OUTAGES = pytest.StashKey[dict[str, tuple[float, int, int]]]()
Servers = list[Server]
UnderLoad = Callable[..., Load]


@pytest.fixture(scope="session")
def apart() -> Iterator[Apart]:
    """Networks for all nodes and servers, so that every test runs in the same cluster."""
    assert os.geteuid() == 0, "these tests part nodes by network namespaces: run them as root"
    with Apart().made() as made:
        yield made


@pytest.fixture(scope="session")
def database(apart: Apart) -> Iterator[Database]:
    nodes = Database(apart)
    try:
        nodes.start()
        yield nodes
    finally:
        nodes.stop()


@pytest.fixture(scope="session")
def servers(
    database: Database, apart: Apart, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Servers]:
    make = partial(tmp_path_factory.mktemp, "app")
    with servers_on(database, make, apart, LEDGER_RATE_LIMIT="60000") as started:
        yield started


@pytest.fixture(scope="session")
def records(servers: Servers) -> Records:
    return Records(servers[0])


@pytest.fixture(scope="session")
def creator(servers: Servers) -> Iterator[Actor]:
    with servers[0].client() as client:
        yield Actor(client, "Alice", servers[0].origin).register("creator")


@pytest.fixture
def under_load(
    database: Database,
    servers: Servers,
    creator: Actor,
    records: Records,
    request: pytest.FixtureRequest,
) -> UnderLoad:
    """Return a function that lets a fault happen under load, and checks what is left.

    It mends the fault, if it is told how, when the load has ended.
    """

    def run(fault: Callable[[], None], mend: Callable[[], None] = lambda: None) -> Load:
        load = Load(servers, creator)
        load.start()
        try:
            load.wait_for(50)
            fault()
            load.wait_for(50)
        finally:
            try:
                load.end()
            finally:
                mend()  # or every later test would fail too
        found = (longest_gap_s(load.history), len(load.history), load.repeated)
        request.config.stash.setdefault(OUTAGES, {})[request.node.name] = found
        assert out_of_order(load.history) is None
        records.require(load.acknowledged)
        for each in servers:
            wait_until(lambda: _is_healthy(each), "a healthy server")  # noqa: B023  # run at once
            wait_for(each, head(servers[0]))
        check_ledger(*servers)
        return load

    return run


def _is_healthy(server: Server) -> bool:
    """Tell whether a server has connections again, after a node that held them froze."""
    with server.client() as client:
        status: str = client.get("/healthz").json()["status"]
        return status == "ok"


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print how long each fault stopped writes."""
    for name, (gap_s, acknowledged, repeated) in config.stash.get(OUTAGES, {}).items():
        words = f"{gap_s:5.1f} s, {acknowledged} acknowledged, {repeated} sent again: {name}"
        terminalreporter.write_line(f"longest time without an answer {words}")
