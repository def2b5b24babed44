"""Databases of the shared PostgreSQL, and PostgreSQL servers that a test may harm."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger.store.postgres.store import PostgresLog
from tests.support.engines import DATABASES
from tests.support.postgres import Cluster


@pytest.fixture
def url(postgres: Cluster, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, as its owner."""
    yield DATABASES.url(tmp_path)
    DATABASES.give_back()


@pytest.fixture
def store(url: str) -> Iterator[PostgresLog]:
    with closing(PostgresLog(url)) as opened:
        yield opened


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    """A PostgreSQL of one file of tests, which may stop it."""
    cluster = Cluster()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def own_url(own_cluster: Cluster) -> Iterator[str]:
    """The URL of the database of that PostgreSQL, without a ledger."""
    yield own_cluster.url()
    own_cluster.execute("DROP SCHEMA IF EXISTS ledger CASCADE")
