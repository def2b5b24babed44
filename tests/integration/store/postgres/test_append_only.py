"""Nobody changes what is stored: the role that runs the ledger cannot, its owner not by mistake."""

from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

from ledger.domain.entry import leaf_hash
from ledger.errors import ConflictError
from ledger.store.engines import (
    create_database,
    open_operations,
    open_signer_memory,
    stored_accesses,
)
from ledger.store.ports.endorsements import Stamp
from ledger.store.ports.operations import Access
from ledger.store.ports.transfer import MESSAGE_TABLES, STATE_TABLES
from ledger.store.ports.tree import Published
from ledger.store.postgres.store import PostgresLog
from ledger.tlog import vkeys
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.merkle import Edge
from tests.support.postgres import Cluster
from tests.support.refusals import refused
from tests.support.writes import STATE, positions, write

TABLES = "log_head ev body cmd claim member tile checkpoint cosignature stamp".split()
APPENDED = [table for table in TABLES if table not in ("log_head", "tile")]
WITNESS = vkeys.generate("w1.example.com", cosigner=True)[0].key


@pytest.fixture(scope="session")
def role(postgres: Cluster) -> str:
    """A role that owns nothing and may do nothing of its own accord."""
    postgres.execute("CREATE ROLE application LOGIN")
    return "application"


@pytest.fixture
def application(url: str, role: str) -> str:
    """The URL of a database with a log, as the role that runs the ledger."""
    create_database(url, role=role)
    with closing(PostgresLog(url)) as store:
        fill(store)
    return url.replace(urlsplit(url).username or "", role, 1)


def fill(store: PostgresLog) -> None:
    """Store a row in every table."""
    stream = uuid4()
    claims, joins = ((f"kid/{stream}", stream),), (("role/a", stream),)
    positions(store.append([write(stream, claims=claims, joins=joins)]))
    with closing(store.tree()) as tree, closing(store.endorsements()) as endorsements:
        size = tree.head()
        edge, tiles = Edge().extend(leaf_hash(STATE) * size)
        published = Published(size, edge.root(), b"note", f"2026-11-21T03:04:05.{size:03}Z")
        assert tree.publish(published, tiles)
        tree.save(tiles)
        tree.mend(size, tiles)
        endorsements.cosign(size, WITNESS, b"line")
        endorsements.stamp(Stamp(size, b"note", b"token", "now"))


# How to change a table, by the column that would be set.
CHANGES = [
    "UPDATE ledger.{table} SET {column} = {column}",
    "DELETE FROM ledger.{table}",
    "TRUNCATE ledger.{table} CASCADE",
]
ATTEMPTS = [
    *CHANGES,
    "INSERT INTO ledger.{table} SELECT * FROM ledger.{table}",
    "ALTER TABLE ledger.{table} DISABLE TRIGGER ALL",
    "DROP TABLE ledger.{table} CASCADE",
    "SELECT * FROM ledger.{table} FOR UPDATE",
]
ELSEWHERE = [
    "SET session_replication_role = replica",
    "CREATE TABLE ledger.other(id int)",
    "DROP FUNCTION ledger.seal_log",
    "ALTER ROLE application SUPERUSER",
]
COLUMNS = {"log_head": "size", "tile": "level"} | dict.fromkeys(
    ("checkpoint", "cosignature", "stamp"), "size"
)


def on(table: str, statement: str) -> str:
    return statement.format(table=table, column=COLUMNS.get(table, "pos"))


def test_the_role_that_runs_the_ledger_reads_and_appends_and_does_nothing_else(
    application: str,
) -> None:
    with psycopg.connect(application, autocommit=True) as connection:
        for attempt in [on(table, each) for table in TABLES for each in ATTEMPTS] + ELSEWHERE:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(attempt.encode())
    with closing(PostgresLog(application)) as store:
        assert store.head().stored == 1
        fill(store)
        assert store.seal() == 2


def test_that_role_changes_what_servers_share_and_only_adds_to_the_access_record(
    application: str, tmp_path: Path
) -> None:
    shown = Access(5, "alice", "list")
    with (
        closing(open_operations(application, tmp_path, born_ms=7)) as state,
        closing(open_signer_memory(application, tmp_path / "memory.sqlite")) as memory,
    ):
        state.open_session("t", "alice", opened_by="k", browser="", now_ms=0, expires_ms=9)
        state.close_sessions("alice")
        state.use_once("act", now_ms=0, expires_ms=9)
        state.note_sign_count("passkey", 1, now_ms=0)
        state.note_access(shown)
        assert state.accesses(before=None, limit=9) == [(1, shown)]
        assert stored_accesses(application, tmp_path) == [shown]
        assert memory.swap(None, Checkpoint("log", 1, bytes(32)))
        assert memory.swap(memory.get("log"), Checkpoint("log", 2, bytes(32)))
    with psycopg.connect(application, autocommit=True) as connection:
        for change in (
            "UPDATE ledger.access SET at_ms = 0",
            "DELETE FROM ledger.access",
            "DELETE FROM ledger.signed",
            "UPDATE ledger.secret SET value = ''",
            "UPDATE ledger.birth SET ms = 0",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(change.encode())


def test_that_role_changes_every_table_of_what_servers_share(application: str) -> None:
    added = {"secret", "birth", "access"}  # what is added to, by a function for the last one
    tables = sorted({*STATE_TABLES, *MESSAGE_TABLES, "outbox_lease"} - added)
    with psycopg.connect(application) as connection:
        for table in tables:
            for right in ("SELECT", "INSERT", "UPDATE", "DELETE"):
                query = "SELECT has_table_privilege(%s, %s)"
                ((may,),) = connection.execute(query, (f"ledger.{table}", right)).fetchall()
                assert may, (table, right)


@pytest.mark.parametrize("table", APPENDED)
def test_the_owner_changes_no_row_while_the_triggers_are_there(
    application: str, url: str, table: str
) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for change in CHANGES:
            with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="append-only"):
                connection.execute(on(table, change).encode())
    with closing(PostgresLog(application)) as store:
        assert store.head().stored == 1


@pytest.mark.parametrize("change", ["size = 0", "epoch = -1", "at_ms = 0", "format = 2"])
def test_the_head_only_grows(application: str, url: str, change: str) -> None:
    with (
        psycopg.connect(url, autocommit=True) as connection,
        pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="the log only grows"),
    ):
        connection.execute(b"UPDATE ledger.log_head SET " + change.encode())
    with closing(PostgresLog(application)) as store:
        assert store.head().stored == 1


def test_a_role_that_owns_nothing_creates_no_log(url: str, role: str) -> None:
    theirs = url.replace(urlsplit(url).username or "", role, 1)
    with refused(ConflictError, "database_refused"):
        PostgresLog(theirs)
    with refused(ConflictError, "database_refused"):
        create_database(url, role="nobody there")
