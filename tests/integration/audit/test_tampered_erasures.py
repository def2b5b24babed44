"""An attacker changes what the database says of an erasure: no report repeats it.

The event that states an erasure is later than what it erased, so a report of what was erased does
not show that event. It is compared all the same, as the audit compares it.
"""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest

from ledger.audit.replay import fold
from ledger.audit.source import LogSource, RowFilter
from ledger.audit.stored_events import ErasedRow, stored_rows
from ledger.domain import entry
from ledger.errors import CorruptError
from ledger.store.engines import audited_log
from tests.integration.audit.test_tampering_postgres import PAST, url
from tests.support.audited import LOG
from tests.support.states import without_triggers

__all__ = ["url"]  # a fixture
ANOTHER = "00000000-0000-4000-8000-00000000dead"
Run = Callable[..., list[tuple[Any, ...]]]


class Attacked(NamedTuple):
    """A log with erasures, and SQL on its tables past all triggers."""

    source: LogSource
    run: Run

    def erasure(self) -> tuple[int, int]:
        """Return an erased position and the position of the event that says so."""
        ((position, by),) = self.run("SELECT pos, by_pos FROM erased ORDER BY pos LIMIT 1")
        return position, by


@pytest.fixture
def in_a_file(ledger: Path, copy: Path) -> Iterator[Attacked]:
    shutil.copytree(ledger, copy)
    with closing(sqlite3.connect(copy / LOG)) as file:

        def run(sql: str, *values: object) -> list[tuple[Any, ...]]:
            with without_triggers(file):
                return file.execute(sql, values).fetchall()

        yield Attacked(audited_log(str(copy / LOG)), run)


@pytest.fixture
def in_a_database(url: str) -> Iterator[Attacked]:
    with psycopg.connect(url, autocommit=True) as database:
        database.execute(PAST)
        database.execute(b"SET search_path = ledger")

        def run(sql: str, *values: object) -> list[tuple[Any, ...]]:
            found = database.execute(sql.replace("?", "%s").encode(), values)
            return found.fetchall() if found.description else []

        kept = {
            each: run(f"SELECT * FROM {each}")  # noqa: S608  # from this test
            for each in ("erased", "body", "ev")
        }
        yield Attacked(audited_log(url), run)
        for table, rows in kept.items():
            run(f"DELETE FROM {table}")  # noqa: S608  # from this test
            places = ", ".join("?" * len(rows[0]))
            for row in rows:
                run(f"INSERT INTO {table} VALUES({places})", *row)


@pytest.fixture(params=["in_a_file", "in_a_database"])
def attacked(request: pytest.FixtureRequest) -> Attacked:
    found: Attacked = request.getfixturevalue(request.param)
    return found


def blame_another_change(attacked: Attacked) -> None:
    _, by = attacked.erasure()
    ((data,),) = attacked.run("SELECT data FROM body WHERE pos = ?", by)
    salt, body = data[: entry.SALT_BYTES], json.loads(data[entry.SALT_BYTES :])
    forged = salt + json.dumps(body | {"change": ANOTHER}, separators=(",", ":")).encode()
    attacked.run("UPDATE body SET data = ? WHERE pos = ?", forged, by)


def change_the_leaf(attacked: Attacked) -> None:
    _, by = attacked.erasure()
    attacked.run("UPDATE ev SET leaf = ? WHERE pos = ?", bytes(32), by)


def change_the_version(attacked: Attacked) -> None:
    _, by = attacked.erasure()
    attacked.run("UPDATE ev SET version = version + 1000 WHERE pos = ?", by)


def name_another_event(attacked: Attacked) -> None:
    position, _ = attacked.erasure()
    attacked.run("UPDATE erased SET by_pos = ? WHERE pos = ?", 1, position)


def name_another_body(attacked: Attacked) -> None:
    _, by = attacked.erasure()
    attacked.run("INSERT INTO erased VALUES(?, ?)", 1, by)


def take_the_event_away(attacked: Attacked) -> None:
    _, by = attacked.erasure()
    attacked.run("DELETE FROM body WHERE pos = ?", by)
    attacked.run("DELETE FROM ev WHERE pos = ?", by)


ATTACKS = [
    (blame_another_change, "body_mismatch"),
    (change_the_leaf, "leaf_mismatch"),
    (change_the_version, "columns_mismatch"),
    (name_another_event, "erasure_unknown"),
    (name_another_body, "erasure_unknown"),
    (take_the_event_away, "position_missing"),
]


def test_reports_say_what_erased_a_body(attacked: Attacked) -> None:
    position, by = attacked.erasure()
    with closing(attacked.source.open()) as rows:
        (row,) = stored_rows(rows, RowFilter(after=position - 1, last=position))
        assert isinstance(row, ErasedRow)
        assert row.change != ANOTHER
        fold(rows, by - 1, time=None, statement=None, decide=False)


@pytest.mark.parametrize(("attack", "code"), ATTACKS)
def test_a_report_of_erased_events_refuses_what_was_changed(
    attacked: Attacked, attack: Callable[[Attacked], None], code: str
) -> None:
    position, _ = attacked.erasure()
    attack(attacked)
    with closing(attacked.source.open()) as rows, pytest.raises(CorruptError, match=code):
        list(stored_rows(rows, RowFilter(after=position - 1, last=position)))


@pytest.mark.parametrize(("attack", "code"), ATTACKS)
def test_a_replay_of_before_the_erasure_refuses_what_was_changed(
    attacked: Attacked, attack: Callable[[Attacked], None], code: str
) -> None:
    _, by = attacked.erasure()
    attack(attacked)
    with closing(attacked.source.open()) as rows, pytest.raises(CorruptError, match=code):
        fold(rows, by - 1, time=None, statement=None, decide=False)
