"""An attacker with the database edits any column of it: the audit finds the edit there as well.

The tests of SQLite attack the same ledger, row by row. The columns and the triggers are
read from the database, so that a new one is tested too.
"""
# ruff: noqa: S608 (names of tables and columns, from the database itself)

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from ledger.audit.findings import Finding
from ledger.audit.run import AuditRequest, audit
from ledger.errors import CorruptError
from ledger.store.engines import audited_log, remembered
from tests.integration.audit.test_tampering import PLACES, UNCHECKED
from tests.support.audited import LOG, MEMORY, NOW_MS, trusted
from tests.support.engines import DATABASES

# Read rows past the triggers, and change them, as the superuser of a database can.
PAST = b"SET session_replication_role = replica"


@pytest.fixture(scope="module")
def url(ledger: Path, postgres: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a database with every row of the ledger."""
    data = tmp_path_factory.mktemp("postgres") / "data"
    DATABASES.open_log(data).close()
    address = DATABASES.url(data)
    with (
        closing(sqlite3.connect(ledger / LOG)) as file,
        psycopg.connect(address, autocommit=True) as database,
    ):
        database.execute(PAST)
        database.execute(b"DELETE FROM ledger.log_head")
        for table in PLACES:
            _copy(file, database, table)
    shutil.copy(ledger / MEMORY, data.parent / MEMORY)
    yield address
    DATABASES.give_back()


def _copy(file: sqlite3.Connection, database: psycopg.Connection[Any], table: str) -> None:
    names = [row[1] for row in file.execute(f"PRAGMA table_info({table})")]
    given = [*names, "format"] if table == "log_head" else names
    places = ", ".join(["%s"] * len(given))
    insert = f"INSERT INTO ledger.{table}({', '.join(given)}) VALUES({places})"
    for row in file.execute(f"SELECT * FROM {table}"):
        values = [_of_database(*each) for each in zip(names, row, strict=True)]
        database.execute(insert.encode(), [*values, 1] if table == "log_head" else values)


def _of_database(name: str, value: Any) -> Any:
    if name == "stream":
        return UUID(bytes=value)
    return bool(value) if name == "present" else value


def finding_of(url: str, memory: Path) -> Finding | None:
    request = AuditRequest(audited_log(url), partial(remembered, url, memory), None, trusted(), 1)
    return audit(request, now_ms=NOW_MS).finding


def columns(database: psycopg.Connection[Any]) -> list[tuple[str, str, str]]:
    """Return (table, column, type) of everything that the database keeps of the log."""
    query = (
        b"SELECT table_name, column_name, data_type FROM information_schema.columns"
        b" WHERE table_schema = 'ledger' ORDER BY table_name, ordinal_position"
    )
    return [row for row in database.execute(query) if row[0] in PLACES]


# Another value of the same type, of the row that is the last in the order of the log.
CHANGES = {
    "bigint": "{c} + 1000000",
    "integer": "{c} + 1000000",
    "smallint": "{c} + 1",
    "bytea": "set_byte({c}, octet_length({c}) - 1, get_byte({c}, octet_length({c}) - 1) # 1)",
    "text": "left({c}, -1) || CASE right({c}, 1) WHEN '1' THEN '2' ELSE '1' END",
    "uuid": "'00000000-0000-4000-8000-0000000000ff'::uuid",
    "boolean": "NOT {c}",
}


def test_the_ledger_in_the_database_passes(url: str, ledger: Path) -> None:
    assert finding_of(url, ledger / MEMORY) is None


def edited(
    database: psycopg.Connection[Any], table: str, column: str, kind: str
) -> tuple[Any, str] | None:
    """Change a column of the last row; return its value and new place, None if a CHECK holds."""
    order = f"SELECT ctid::text, {column} FROM ledger.{table} ORDER BY {PLACES[table]} DESC"
    ((place, value),) = database.execute(f"{order} LIMIT 1".encode()).fetchall()
    change = CHANGES[kind].format(c=column)
    edit = f"UPDATE ledger.{table} SET {column} = {change} WHERE ctid = %s RETURNING ctid::text"
    try:
        ((new,),) = database.execute(edit.encode(), [place]).fetchall()
    except psycopg.errors.CheckViolation:
        return None
    return value, new


def test_an_edit_of_any_column_in_the_database_is_named(url: str, ledger: Path) -> None:
    """What a CHECK holds cannot be edited without a change of the definitions, which is named."""
    held, missed, unplaced, seen = [], [], [], set()
    with psycopg.connect(url, autocommit=True) as database:
        database.execute(PAST)
        for table, column, kind in columns(database):
            seen.add(table)
            if (table, column) in UNCHECKED:
                continue
            change = edited(database, table, column, kind)
            if change is None:
                held.append((table, column))
                continue
            finding = _told(url, ledger / MEMORY)
            back = f"UPDATE ledger.{table} SET {column} = %s WHERE ctid = %s"
            database.execute(back.encode(), change)
            if finding is None:
                missed.append((table, column))
            elif finding.position is None and table != "log_head":
                unplaced.append((table, column, finding))
    assert seen == {*PLACES}
    assert (held, missed, unplaced) == ([("log_head", "id")], [], [])
    assert finding_of(url, ledger / MEMORY) is None


def _told(url: str, memory: Path) -> Finding | None:
    """Return the finding; a log of another format is refused with the name of its file."""
    try:
        return finding_of(url, memory)
    except CorruptError as error:
        return Finding("file", None, error.code, error.detail)


def test_each_trigger_that_is_disabled_in_the_database_is_named(url: str) -> None:
    missed, count = [], 0
    query = (
        b"SELECT c.relname::text, t.tgname::text FROM pg_trigger t JOIN pg_class c"
        b" ON c.oid = t.tgrelid WHERE c.relnamespace = 'ledger'::regnamespace"
        b" AND NOT t.tgisinternal"
    )
    with psycopg.connect(url, autocommit=True) as database, closing(audited_log(url).open()) as log:
        for table, trigger in database.execute(query).fetchall():
            count += 1
            alter = f"ALTER TABLE ledger.{table} {{}} TRIGGER {trigger}"
            database.execute(alter.format("DISABLE").encode())
            finding = log.engine_finding()
            database.execute(alter.format("ENABLE").encode())
            if finding is None or f"trigger ledger.{table}.{trigger} is changed" != finding.detail:
                missed.append((table, trigger, finding))
        assert (log.engine_finding(), missed) == (None, [])
    assert count >= 2 * (len(PLACES) - 2)
