"""The uses of approved statements, and what was reported of each.

A use and each report is a row with its position, and none ever changes: a reader of a past position
takes those up to it.
"""

import sqlite3
from typing import Any

import msgspec

from ledger.domain.events import OutcomeReported, StatementUsed
from ledger.domain.vocabulary import UseOutcome
from ledger.sqlite.bulk_insert import write
from projections import account_acts
from projections.facts import Batch
from projections.timeline import time_of
from projections.users import NamedPerson, people

TABLES = (
    "CREATE TABLE statement_use(statement INTEGER NOT NULL, position INTEGER NOT NULL,"
    " person INTEGER NOT NULL, number INTEGER NOT NULL, generation INTEGER NOT NULL,"
    " reference TEXT, PRIMARY KEY(statement, position)) STRICT, WITHOUT ROWID",
    "CREATE TABLE use_report(statement INTEGER NOT NULL, position INTEGER NOT NULL,"
    " person INTEGER NOT NULL, number INTEGER NOT NULL, generation INTEGER NOT NULL,"
    " outcome TEXT NOT NULL, frees INTEGER NOT NULL,"
    " PRIMARY KEY(statement, position)) STRICT, WITHOUT ROWID",
)


class Use(msgspec.Struct, frozen=True, rename="camel"):
    """Describe one use, and what was reported of it.

    `account` is the service account with which the person used it, None without one.

    `outcome` is None while nobody reported any. Then, and while it is `unknown`, the use is
    unreconciled. `freed` tells that `confirmed_by` confirmed that it was not done: the use counts
    no longer.
    """

    position: int
    at: str
    person: NamedPerson
    number: int
    generation: int
    reference: str | None
    outcome: UseOutcome | None
    reported_at: str | None
    freed: bool
    confirmed_by: NamedPerson | None
    account: str | None


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Add the uses and reports of the batch."""
    used = [
        (each.stream, each.position, each.actor, body.number, body.generation, body.reference)
        for each in batch.of(StatementUsed)
        for body in [each.body]
    ]
    reports = [
        (*(each.stream, each.position, each.actor), *_report(each.body))
        for each in batch.of(OutcomeReported)
    ]
    write(db, "INSERT INTO statement_use {rows}", used)
    write(db, "INSERT INTO use_report {rows}", reports)


def _report(body: Any) -> tuple[Any, ...]:
    return body.number, body.generation, body.outcome, body.frees


def of_statement(db: sqlite3.Connection, statement: int, *, at: int) -> list[Use]:
    """Return the uses of a statement up to a position, oldest first."""
    given = {"statement": statement, "at": at}
    used = db.execute(
        "SELECT number, generation, position, person, reference FROM statement_use"
        " WHERE statement = :statement AND position <= :at ORDER BY position",
        given,
    ).fetchall()
    reports = db.execute(
        "SELECT number, generation, position, person, outcome, frees FROM use_report"
        " WHERE statement = :statement AND position <= :at ORDER BY position",
        given,
    ).fetchall()
    last = {(number, generation): rest for number, generation, *rest in reports}
    named = people(db, [*(row[3] for row in used), *(row[3] for row in reports)])
    accounts = account_acts.names(db, [row[2] for row in used])
    shown = []
    for number, generation, position, person, reference in used:
        reported, by, outcome, frees = last.get((number, generation), (None, None, None, 0))
        shown.append(
            Use(
                position=position,
                at=time_of(db, position),
                person=named[person],
                number=number,
                generation=generation,
                reference=reference,
                outcome=outcome,
                reported_at=None if reported is None else time_of(db, reported),
                freed=bool(frees),
                confirmed_by=named[by] if frees and by is not None else None,
                account=accounts.get(position),
            )
        )
    return shown
