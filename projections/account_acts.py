"""Which service account did what: it counts as its owner's, and is shown beside their name."""

import sqlite3
from collections.abc import Iterable

from ledger.domain.events import (
    OutcomeReported,
    ServiceAccountAdded,
    StatementDrafted,
    StatementUsed,
)
from ledger.sqlite.bulk_insert import write
from projections.facts import Batch
from projections.rows import json_list

NAME = "account_acts"
VERSION = 1
TABLES: tuple[str, ...] = (
    "CREATE TABLE service_account(kid TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE account_act(position INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT",
)
INDEXES: tuple[str, ...] = ()


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Add the accounts of the batch, and those of its acts that accounts signed."""
    added = [(each.body.kid, each.body.name) for each in batch.of(ServiceAccountAdded)]
    write(db, "INSERT INTO service_account {rows}", added)
    acts = [
        (each.position, each.body.kid)
        for each in batch.of(StatementDrafted, StatementUsed, OutcomeReported)
    ]
    if acts and db.execute("SELECT 1 FROM service_account LIMIT 1").fetchone() is not None:
        query = "INSERT INTO account_act SELECT ?, name FROM service_account WHERE kid = ?"
        db.executemany(query, acts)


def names(db: sqlite3.Connection, positions: Iterable[int]) -> dict[int, str]:
    """Return the names of the accounts that acted at some of these positions."""
    query = (
        "SELECT position, name FROM account_act WHERE position IN (SELECT value FROM json_each(?))"
    )
    return dict(db.execute(query, (json_list(positions),)))
