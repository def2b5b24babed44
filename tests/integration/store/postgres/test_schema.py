"""The definitions of a database: created once, compared at each start and by the audit."""

from contextlib import closing

import psycopg
import pytest

from ledger.errors import ConflictError, CorruptError, MalformedError, UnavailableError
from ledger.store.engines import audited_log, create_database, has_log, open_log, read_log
from ledger.store.postgres.connections import DatabaseConnection
from ledger.store.postgres.store import PostgresLog
from tests.support.postgres import Cluster
from tests.support.postgres_definitions import PLACE, text_of
from tests.support.refusals import refused
from tests.support.writes import write


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_the_definitions_that_are_expected_are_those_that_are_created(store: PostgresLog) -> None:
    with closing(DatabaseConnection(store.address)) as database:
        assert text_of(database) == PLACE.read_text("utf-8")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("DROP TRIGGER only_erased ON ledger.body", "trigger ledger.body.only_erased is missing"),
        (
            "ALTER TABLE ledger.ev DISABLE TRIGGER no_truncate",
            "trigger ledger.ev.no_truncate is changed",
        ),
        (
            "ALTER TABLE ledger.stamp DISABLE TRIGGER ALL",
            "internal triggers stamp is changed; trigger ledger.stamp.no_change is changed;"
            " trigger ledger.stamp.no_truncate is changed",
        ),
        ("ALTER TABLE ledger.cmd DROP CONSTRAINT cmd_pkey", "cmd_pkey is missing"),
        ("ALTER TABLE ledger.claim ADD extra int", "column claim.extra is foreign"),
        ("CREATE TABLE ledger.other(id int)", "table other is foreign"),
        ("CREATE RULE r AS ON INSERT TO ledger.ev DO INSTEAD NOTHING", "rule ev.r is foreign"),
        (
            "CREATE FUNCTION ledger.other() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "function ledger.other() is foreign",
        ),
        (
            "CREATE OR REPLACE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RETURN NEW; END'",
            "function ledger.refuse_change() is changed",
        ),
        (
            "ALTER FUNCTION ledger.seal_log() SECURITY INVOKER",
            "function ledger.seal_log() is changed",
        ),
    ],
)
def test_a_database_whose_definitions_were_changed_is_not_opened_and_the_audit_says_so(
    url: str, change: str, told: str
) -> None:
    PostgresLog(url).close()
    execute(url, change)
    with pytest.raises(CorruptError, match="schema_changed") as refusal:
        PostgresLog(url)
    assert told in refusal.value.detail
    with closing(audited_log(url).open()) as rows:
        finding = rows.engine_finding()
    assert finding is not None
    assert finding.code == "schema_changed"
    assert told in finding.detail


def test_a_log_of_another_format_is_not_opened(url: str) -> None:
    PostgresLog(url).close()
    execute(url, "SET session_replication_role = replica", "UPDATE ledger.log_head SET format = 99")
    with refused(CorruptError, "format_unknown"):
        PostgresLog(url)
    with closing(audited_log(url).open()) as rows, refused(CorruptError, "format_unknown"):
        rows.require_format()


def test_a_log_without_its_head_takes_nothing(url: str) -> None:
    with closing(PostgresLog(url)) as store:
        execute(url, "SET session_replication_role = replica", "DELETE FROM ledger.log_head")
        with refused(CorruptError, "file_malformed"):
            store.head()
        with refused(UnavailableError, "storage_failed"):
            store.seal()
        (result,) = store.append([write()])
        assert "NotStored" in repr(result)
    with refused(CorruptError, "format_unknown"):
        PostgresLog(url)


def test_creating_the_tables_again_changes_nothing(url: str) -> None:
    assert not has_log(url)
    create_database(url, role=None)
    with closing(PostgresLog(url)) as store:
        store.append([write()])
    create_database(url, role=None)
    assert has_log(url)
    with closing(read_log(url)) as reader:
        assert reader.head().stored == 1


def test_a_database_of_another_encoding_is_refused(postgres: Cluster) -> None:
    postgres.execute("CREATE DATABASE latin ENCODING LATIN1 LOCALE 'C' TEMPLATE template0")
    with refused(ConflictError, "database_refused"):
        PostgresLog(postgres.url("latin"))


def test_a_database_that_syncs_nothing_is_refused(own_cluster: Cluster, own_url: str) -> None:
    own_cluster.execute("ALTER SYSTEM SET fsync = off")
    own_cluster.execute("SELECT pg_reload_conf()")
    try:
        with refused(ConflictError, "database_refused"):
            PostgresLog(own_url)
    finally:
        own_cluster.execute("ALTER SYSTEM RESET fsync")
        own_cluster.execute("SELECT pg_reload_conf()")


@pytest.mark.parametrize(
    "url", ["postgresql://me:secret@[host/db", "postgresql://me:secret@host/db?what=1"]
)
def test_a_malformed_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(MalformedError, match="setting_invalid") as refusal:
        open_log(url)
    assert "secret" not in str(refusal.value)


def test_the_name_in_a_report_has_no_password() -> None:
    name = audited_log("postgresql://me:secret@db.example.com:5433/approvals").name
    assert name == "PostgreSQL approvals at db.example.com:5433"


def test_a_database_that_does_not_answer_is_told_without_its_address() -> None:
    with pytest.raises(UnavailableError, match="storage_failed") as refusal:
        open_log("postgresql://me@127.0.0.1:1/db")
    assert "127.0.0.1" not in str(refusal.value)
