"""The suite on PostgreSQL: with TESTS_DATABASE=postgresql, servers keep their logs there.

Each process of tests starts one PostgreSQL, at its first server, and gives every data directory a
database of its own. Servers run as a role that may do what the ledger needs, and no more, as the
how-to page says. A test whose subject is a file of SQLite takes `IN_FILES`.
"""

import atexit
import os
from functools import cache
from hashlib import sha256
from pathlib import Path

import psycopg

from ledger.store.engines import create_database
from tests.support.postgres import OWNER, Cluster

VARIABLE = "TESTS_DATABASE"
# The setting for a test whose subject is the file: its server has its log there in any case.
IN_FILES = {"LEDGER_DATABASE_URL": ""}
SERVERS = "servers"
CONNECTIONS = "1000"  # a server has about fifteen, and servers of earlier tests may still end


def settings_for(data: Path) -> dict[str, str]:
    """Return the setting that puts the log of a data directory into a database; none by default."""
    chosen = os.environ.get(VARIABLE, "sqlite")
    assert chosen in ("sqlite", "postgresql"), f"{VARIABLE} must be sqlite or postgresql"
    if chosen == "sqlite":
        return {}
    name = f"of_{sha256(str(data.absolute()).encode()).hexdigest()[:32]}"
    cluster = _cluster()
    found = cluster.execute(f"SELECT 1 FROM pg_database WHERE datname = '{name}'")  # noqa: S608  # a hash
    if not found:
        cluster.execute(f"CREATE DATABASE {name}")
        create_database(cluster.url(name), role=SERVERS)
    return {"LEDGER_DATABASE_URL": cluster.url(name, user=SERVERS)}


def of_owner(url: str) -> str:
    """Return the URL of a server's database for the role that owns its tables."""
    return url.replace(f"//{SERVERS}@", f"//{OWNER}@", 1)


def empty(url: str) -> None:
    """Let a server's database be as `settings_for` made it."""
    with psycopg.connect(of_owner(url)) as connection:
        connection.execute("DROP SCHEMA ledger CASCADE")
    create_database(of_owner(url), role=SERVERS)


@cache
def _cluster() -> Cluster:
    cluster = Cluster("-c", f"max_connections={CONNECTIONS}", "-c", "synchronous_commit=on")
    cluster.start()
    cluster.execute(f"CREATE ROLE {SERVERS} LOGIN")
    atexit.register(cluster.stop)
    return cluster
