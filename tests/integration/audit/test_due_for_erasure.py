"""Retention: the page's query and `ledger ask due-for-erasure` find the same statements."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ledger import clock
from ledger.audit import due_for_erasure
from ledger.domain.events import memberships
from ledger.store.engines import audited_log
from ledger.store.log import Log
from ledger.store.sqlite.store import SqliteLog
from projections import retention
from projections.retention import DueStatement
from tests.support.chronicle import statement_id
from tests.support.type_definitions import POLICY, define, definition, retire, stated
from tests.support.versions import copied
from tests.support.views_in_memory import views_in_memory
from tests.support.writes import stored, write
from tests.vectors.changes.company import Company
from tests.vectors.types.tries import CONTENT, define_types

DAY_MS = 24 * 3_600_000
FINAL = definition(retention={"days": 30, "since": "final"})
DRAFTED = definition(retention={"days": 30, "since": "drafted"})
NONE = definition(2)
VETO = POLICY | {"veto": ["role:investor"]}


class Told(Company):
    """A company whose statements have a type, number by number."""

    def draft_one(self, number: int, text: str = FINAL, **members: Any) -> bytes:
        found = {"content": CONTENT, "policy": POLICY, "type": stated(text)} | members
        return self.draft(self.cal, number, **found)

    def approve_one(self, number: int, text: str = FINAL, **members: Any) -> bytes:
        raw = self.draft_one(number, text, **members)
        self.sign(self.ivy, self.ivy.shared(raw), raw)
        return raw

    def wait(self, days: float) -> None:
        self.time.ms += round(days * DAY_MS)


def found(told: Told, tmp_path: Path, *, limit: int = 50) -> dict[str, tuple[str, str]]:
    """Return what is due now, by id: its status and since when; both answers are the same."""
    path = tmp_path / f"log-{len(told.events)}-{told.time.ms}.sqlite"
    store = SqliteLog(path)
    for event, state in zip(told.events, told.states, strict=True):
        row = stored(event.stream, event.version, state, tag=event.body.TAG)
        joins = tuple(each for each, present in memberships([event]).items() if present)
        store.append([write(event.stream, events=(row,), joins=joins)])
    now = clock.to_text(told.time.ms)
    db = views_in_memory(told, [*enumerate(told.states, start=1)])
    with closing(Log(store)) as log, closing(audited_log(str(path)).open()) as rows:
        shown = every(db, log, at=len(told.states), now=now, limit=limit)
        answer = due_for_erasure.due(rows, now_ms=told.time.ms)
    named = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    asked = {str(each["statement"]): (each["status"], each["due"]) for each in named}
    assert {each.id: (each.status, each.due_at) for each in shown} == asked
    return {name: (str(status), str(due)) for name, (status, due) in asked.items()}


def every(db: sqlite3.Connection, log: Log, *, at: int, now: str, limit: int) -> list[DueStatement]:
    """Return what all pages of so many statements have; no page is beyond the last one."""
    page = retention.due(db, log, at=at, now=now, limit=limit)
    shown = page.items
    while page.next is not None:
        page = retention.due(db, log, at=at, now=now, limit=limit, after=page.next)
        assert len(page.items) <= limit
        shown = [*shown, *page.items]
    return shown


def test_a_page_that_examined_its_most_has_a_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told()
    define_types(told, define(FINAL))
    for number in (9, 10, 11):
        told.approve_one(number)
    told.wait(31)
    expected = [statement_id(number) for number in (9, 10, 11)]
    assert [*found(told, tmp_path)] == expected
    monkeypatch.setattr(retention, "EXAMINED", 1)
    told.wait(1)
    assert [*found(told, tmp_path)] == expected


def test_versions_that_wait_do_not_slow_the_search_down() -> None:
    """Anybody who drafts can leave many of them, and nothing needs to be superseded yet."""
    told = Told()
    db = views_in_memory(told, [*enumerate(told.states, start=1)])
    given = {"at": 9, "now": str(told.time), "after": 0, "type": "terms", "last": 9}
    plan = [step for *_, step in db.execute(f"EXPLAIN QUERY PLAN {retention._CANDIDATES}", given)]
    assert "SEARCH v USING INDEX version_by_earlier (earlier=?)" in plan


def test_a_statement_is_due_so_many_days_after_it_is_final(tmp_path: Path) -> None:
    told = Told()
    define_types(told, define(FINAL))
    raw = told.draft_one(9)
    told.wait(10)
    told.sign(told.ivy, told.ivy.shared(raw), raw)
    final_ms = told.time.ms - 1_000
    told.time.ms = final_ms + 30 * DAY_MS - 1
    assert found(told, tmp_path) == {}
    told.time.ms += 1
    due = clock.to_text(final_ms + 30 * DAY_MS)
    assert found(told, tmp_path) == {statement_id(9): ("approved", due)}


def test_counted_from_the_draft_it_is_due_no_sooner_than_it_is_final(tmp_path: Path) -> None:
    told = Told()
    define_types(told, define(DRAFTED))
    waits, soon = told.draft_one(9, DRAFTED), told.approve_one(10, DRAFTED)
    assert json.loads(soon)["statementId"] == statement_id(10)
    told.wait(31)
    assert [*found(told, tmp_path)] == [statement_id(10)]
    told.sign(told.ivy, told.ivy.shared(waits), waits)
    assert [*found(told, tmp_path)] == [statement_id(9), statement_id(10)]
    assert found(told, tmp_path, limit=1).keys() == {statement_id(9), statement_id(10)}


@pytest.mark.parametrize("ends", ["time", "type", "loss", "rejected", "withdrawn", "superseded"])
def test_each_end_of_a_statement_begins_its_time(ends: str, tmp_path: Path) -> None:
    told = Told()
    rule = {"days": 30, "since": "final"}
    short = definition(retention=rule, maxAge=5 * DAY_MS, policy=VETO)
    define_types(told, define(short))
    raw = told.draft_one(9, short, policy=VETO)
    told.wait(1)
    match ends:
        case "type":
            define_types(told, retire(short, "stop"), number=4)
        case "loss":
            told.restore("unknown")
        case "rejected":
            told.reject(told.ivy, raw)
        case "withdrawn":
            told.withdraw(told.cal, raw)
        case "superseded":
            told.draft_one(10, short, policy=VETO, supersedes=copied(raw))
        case _:
            told.wait(4)
    ended_ms = told.time.ms
    told.time.ms = ended_ms + 29 * DAY_MS
    assert statement_id(9) not in found(told, tmp_path)
    told.time.ms = ended_ms + 30 * DAY_MS + 1_000
    status = ends if ends in ("rejected", "withdrawn", "superseded") else "expired"
    assert found(told, tmp_path)[statement_id(9)][0] == status


def test_what_no_change_could_erase_is_left_out(tmp_path: Path) -> None:
    executors = {"by": ["role:creator"], "times": 1}
    usable = definition(name="deploys", usable=executors, retention={"days": 30, "since": "final"})
    told = Told()
    define_types(told, define(FINAL), define(usable))
    held, replaced = told.approve_one(9), told.approve_one(10)
    used = told.approve_one(11, usable, usable=executors)
    told.approve_one(12, usable, usable=executors)
    until = clock.to_text(told.time.ms + DAY_MS)
    told.approve_one(13, usable, usable=executors | {"until": until})
    told.use_statement(told.cal, used, "n" * 22)
    told.change(told.ada, 4, {"hold": {"statement": json.loads(held)["statementId"]}})
    told.wait(31)
    told.draft_one(14, supersedes=copied(replaced))  # pending: it is to replace number 10
    assert [*found(told, tmp_path)] == [statement_id(11), statement_id(13)]
    told.change(told.ada, 5, {"release-hold": {"statement": statement_id(9)}})
    assert [*found(told, tmp_path)] == [statement_id(9), statement_id(11), statement_id(13)]


def test_the_newest_version_of_a_type_has_the_rule_for_all_of_them(tmp_path: Path) -> None:
    told = Told()
    define_types(told, define(FINAL))
    told.approve_one(9)
    told.wait(31)
    define_types(told, define(NONE, FINAL), number=4)
    assert found(told, tmp_path) == {}
    again = definition(3, retention={"days": 1, "since": "final"})
    define_types(told, define(again, NONE), number=5)
    define_types(told, retire(again), number=6)
    assert [*found(told, tmp_path)] == [statement_id(9)]


def test_no_rule_no_list(tmp_path: Path) -> None:
    told = Told()
    raw = told.draft(told.cal, 9, policy=POLICY)
    told.sign(told.ivy, told.ivy.shared(raw), raw)
    told.wait(4_000)
    assert found(told, tmp_path) == {}
