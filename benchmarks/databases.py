"""The stores that benchmarks choose from, each new and empty."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from tests.cluster.database import APPLICATION, DATABASE, OWNER, PASSWORD, Database
from tests.cluster.places import Here
from tests.support.postgres import Cluster

STORES = ("sqlite", "postgres", "quorum")
ONE_NODE = ("-c", "shared_buffers=128MB", "-c", "max_connections=200")


@contextmanager
def database(store: str) -> Iterator[dict[str, str]]:
    """Start a store; yield the settings of a server on it."""
    if store == "sqlite":
        yield {}
    elif store == "postgres":
        with one_node() as cluster:
            yield {"LEDGER_DATABASE_URL": cluster.url()}
    else:
        with three_nodes() as nodes:
            yield {"LEDGER_DATABASE_URL": nodes.url(), "LEDGER_DATABASE_COMMIT": "quorum"}


@contextmanager
def addresses(store: str, directory: Path) -> Iterator[tuple[str, str]]:
    """Start a store; yield the address of a log, and that of what is compared with it."""
    if store == "sqlite":
        yield str(directory / "log.sqlite"), str(directory)
    elif store == "postgres":
        with one_node() as cluster:
            yield cluster.url(), cluster.url()
    else:
        with three_nodes() as nodes:
            leader = nodes.leader()
            assert leader is not None
            address = nodes.address(leader, "sql")
            yield nodes.url(), f"postgresql://{OWNER}:{quote(PASSWORD)}@{address}/{DATABASE}"


@contextmanager
def three_nodes() -> Iterator[Database]:
    """Start three nodes with a quorum, and a ledger's schema in them."""
    nodes = Database(Here())
    try:
        nodes.start()
        create = [sys.executable, "-m", "ledger", "database", "create", "--role", APPLICATION]
        owner = os.environ | {"LEDGER_DATABASE_URL": nodes.url(OWNER)}
        subprocess.run(create, check=True, env=owner, stdout=subprocess.DEVNULL)
        yield nodes
    finally:
        nodes.stop()


@contextmanager
def one_node() -> Iterator[Cluster]:
    """Start one PostgreSQL."""
    cluster = Cluster(*ONE_NODE)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
