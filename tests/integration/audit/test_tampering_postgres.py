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
from ledger.audit.result import AuditResult
from ledger.audit.run import AuditRequest, audit
from ledger.errors import CorruptError
from ledger.store.engines import audited_log, remembered
from tests.integration.audit.test_tampering import (
    ENDORSEMENTS,
    FAR,
    PLACES,
    REFERENCE,
    UNCHECKED,
    earlier,
)
from tests.support.audited import LOG, MEMORY, NOW_MS, SIZE, trusted
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


def audited(url: str, memory: Path) -> AuditResult:
    request = AuditRequest(audited_log(url), partial(remembered, url, memory), None, trusted(), 1)
    return audit(request, now_ms=NOW_MS)


def finding_of(url: str, memory: Path) -> Finding | None:
    return audited(url, memory).finding


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

# A deleted row of these is named, but not always with its own place.
LOOSE = ("checkpoint", *ENDORSEMENTS, "log_head", "tile")


def test_the_ledger_in_the_database_passes(url: str, ledger: Path) -> None:
    assert finding_of(url, ledger / MEMORY) is None


def _is_placed(table: str, finding: Finding, place: int) -> bool:
    """Tell whether a finding names the place of the edited row, as `test_tampering` expects it."""
    if table in ("log_head", *ENDORSEMENTS):
        return True
    if table == "tile":
        return finding.position in range(place, place + 256)
    moved = {place, place + 1, place + FAR, SIZE + 1}
    return finding.position in moved | earlier(table, place)


def edited(
    database: psycopg.Connection[Any], table: str, column: str, kind: str
) -> tuple[Any, str, int] | None:
    """Change a column of the last row; return its value, its new ctid and its place in the log.

    None if a CHECK holds.
    """
    order = (
        f"SELECT ctid::text, {column}, {PLACES[table]} FROM ledger.{table}"
        f" ORDER BY {PLACES[table]} DESC"
    )
    ((place, value, where),) = database.execute(f"{order} LIMIT 1".encode()).fetchall()
    change = CHANGES[kind].format(c=column)
    edit = f"UPDATE ledger.{table} SET {column} = {change} WHERE ctid = %s RETURNING ctid::text"
    try:
        ((new,),) = database.execute(edit.encode(), [place]).fetchall()
    except psycopg.errors.CheckViolation:
        return None
    return value, new, where


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
            database.execute(back.encode(), change[:2])
            if finding is None:
                missed.append((table, column))
            elif not _is_placed(table, finding, change[2]):
                unplaced.append((table, column, change[2], finding))
    assert seen == {*PLACES}
    assert (held, missed, unplaced) == ([("log_head", "id")], [], [])
    assert finding_of(url, ledger / MEMORY) is None


def _told(url: str, memory: Path) -> Finding | None:
    return _verdict(url, memory)[1]


def _verdict(url: str, memory: Path) -> tuple[str, Finding | None]:
    """Return verdict and finding; a log of another format is refused, with its name."""
    try:
        found = audited(url, memory)
    except CorruptError as error:
        return "invalid", Finding("file", None, error.code, error.detail)
    return found.verdict, found.finding


def _rows(database: psycopg.Connection[Any], table: str) -> list[tuple[str, int]]:
    """Return (ctid, place) of the rows that the tests of SQLite choose, in the order of the log."""
    order = f"{PLACES[table]}, {', '.join(names(database, table)[:2])}"  # the keys come first
    query = f"SELECT ctid::text, {PLACES[table]} FROM ledger.{table} ORDER BY {order}"
    found = database.execute(query.encode()).fetchall()
    chosen = {0, len(found) // 3, len(found) // 2, len(found) - 1}
    return [found[place] for place in sorted(chosen)]


def _is_newest_word(table: str, which: int, count: int) -> bool:
    """Tell whether a row says nothing that others repeat: the reference lists these."""
    return table in ENDORSEMENTS and which == count - 1


@pytest.mark.parametrize("table", PLACES)
def test_a_row_deleted_from_the_database_is_named_with_its_place(
    url: str, ledger: Path, table: str
) -> None:
    """The same as of a file, where the newest checkpoint leaves the ledger stale."""
    wrong: list[object] = []
    with psycopg.connect(url, autocommit=True) as database:
        database.execute(PAST)
        rows = _rows(database, table)
        for which, (ctid, place) in enumerate(rows):
            columns = ", ".join(names(database, table))
            delete = f"DELETE FROM ledger.{table} WHERE ctid = %s RETURNING {columns}"
            (row,) = database.execute(delete.encode(), [ctid]).fetchall()
            verdict, finding = _verdict(url, ledger / MEMORY)
            marks = ", ".join(["%s"] * len(row))
            back = f"INSERT INTO ledger.{table}({columns}) VALUES({marks})"
            database.execute(back.encode(), row)
            if (table, which) == ("checkpoint", 2) or _is_newest_word(table, which, len(rows)):
                wrong += [] if finding is None else [(which, finding)]
            elif verdict == "verified" or (finding is None) > (table == "checkpoint"):
                wrong.append((which, verdict))
            elif finding is not None and table not in (
                "checkpoint",
                *ENDORSEMENTS,
                "log_head",
                "tile",
            ):
                near = {place, place + 1} | earlier(table, place)
                wrong += [] if finding.position in near else [(which, place, finding)]
    assert wrong == []
    assert finding_of(url, ledger / MEMORY) is None


def names(database: psycopg.Connection[Any], table: str) -> list[str]:
    query = (
        b"SELECT column_name FROM information_schema.columns"
        b" WHERE table_schema = 'ledger' AND table_name = %s ORDER BY ordinal_position"
    )
    return [name for (name,) in database.execute(query, [table])]


@pytest.mark.parametrize(
    ("epoch", "text"),
    [
        ("epoch + 1", "text"),
        ("epoch", "replace(text, '301', '302')"),
        ("epoch", "replace(text, '=', 'A')"),
        ("epoch", "''"),
    ],
)
def test_an_edit_of_what_the_database_remembers_of_signed_trees_is_named(
    url: str, ledger: Path, epoch: str, text: str
) -> None:
    with (
        closing(sqlite3.connect(ledger / MEMORY)) as file,
        psycopg.connect(url, autocommit=True) as database,
    ):
        (signed,) = file.execute("SELECT origin, epoch, text FROM signed").fetchall()
        insert = (
            f"INSERT INTO ledger.signed SELECT origin, {epoch}, {text}"
            " FROM (SELECT %s::text, %s::bigint, %s::text) AS signed(origin, epoch, text)"
        )
        database.execute(insert.encode(), signed)
        finding = _told(url, ledger / MEMORY)
        database.execute(b"DELETE FROM ledger.signed")
    assert finding is not None
    assert finding.part in ("signer's memory", "file"), finding


def test_the_reference_names_every_table_of_the_database(url: str) -> None:
    told = REFERENCE.read_text("utf-8")
    with psycopg.connect(url) as database:
        query = (
            b"SELECT table_name FROM information_schema.tables"
            b" WHERE table_schema = 'ledger' ORDER BY 1"
        )
        tables = [name for (name,) in database.execute(query)]
    part = told[told.index("## Tables of PostgreSQL") :]
    assert [name for name in tables if name not in PLACES and f"`{name}`" not in part] == []


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
