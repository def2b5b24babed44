"""The stores that benchmarks choose from, each new and empty."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.database import APPLICATION, OWNER, Database
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
        nodes = Database(Here())
        try:
            nodes.start()
            create = [sys.executable, "-m", "ledger", "database", "create", "--role", APPLICATION]
            owner = os.environ | {"LEDGER_DATABASE_URL": nodes.url(OWNER)}
            subprocess.run(create, check=True, env=owner, stdout=subprocess.DEVNULL)
            yield {"LEDGER_DATABASE_URL": nodes.url(), "LEDGER_DATABASE_COMMIT": "quorum"}
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
