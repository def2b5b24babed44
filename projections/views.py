"""The views' tables, and how far each view has come.

All views share one file, so that a page reads them all at one position. The table `tracking` holds
for each view its position, the version of the code that built it, and the leaf hash of its last
entry. A view that does not continue this log is dropped and rebuilt.
"""

import logging
import re
import sqlite3
from typing import Protocol

import msgspec

from ledger.sqlite.files import primary_code
from projections import (
    acceptances,
    account_acts,
    changes,
    erasures,
    holds,
    inbox,
    invitations,
    keys,
    passkeys,
    rules,
    statements,
    streams,
    timeline,
    types,
    users,
)
from projections.facts import Batch


class View(Protocol):
    """What each view's module defines; its SQL must match SQLite's stored text exactly.

    TABLES are created with the view, INDEXES when it first reaches the head: one sort is cheaper.
    Changing the tables or what `fold` writes requires a new VERSION.
    """

    NAME: str
    VERSION: int
    TABLES: tuple[str, ...]
    INDEXES: tuple[str, ...]

    def fold(self, db: sqlite3.Connection, batch: Batch) -> None:
        """Add the batch to the view's tables."""


VIEWS: tuple[View, ...] = (
    streams,
    users,
    passkeys,
    keys,
    statements,
    inbox,
    timeline,
    changes,
    invitations,
    rules,
    acceptances,
    types,
    erasures,
    holds,
    account_acts,
)

_TRACKING = (
    "CREATE TABLE tracking(name TEXT PRIMARY KEY, version INTEGER NOT NULL,"
    " position INTEGER NOT NULL, leaf BLOB NOT NULL, complete INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID"
)
_log = logging.getLogger("ledger.projections")


class Tracking(msgspec.Struct, frozen=True):
    """A view's last position, that entry's leaf hash, and whether its indexes exist."""

    name: str
    position: int
    leaf: bytes
    complete: bool


def tracking(db: sqlite3.Connection) -> list[Tracking]:
    """Return the tracking of every view."""
    rows = db.execute("SELECT name, position, leaf, complete FROM tracking")
    return [Tracking(*row) for row in rows]


def is_complete(db: sqlite3.Connection) -> bool:
    """Tell whether every view can be read: its tables and indexes exist."""
    try:
        return all(each.complete for each in tracking(db))
    except sqlite3.OperationalError as error:
        if primary_code(error) == sqlite3.SQLITE_ERROR:  # a new file has no table yet
            return False
        raise


def advance(db: sqlite3.Connection, *, after: int, position: int, leaf: bytes) -> None:
    """Move every view at `after` to `position`."""
    db.execute(
        "UPDATE tracking SET position = ?, leaf = ? WHERE position = ?", (position, leaf, after)
    )


def reset(db: sqlite3.Connection, name: str) -> None:
    """Drop a view's tables and create them empty."""
    view = next(view for view in VIEWS if name == view.NAME)
    for table in view.TABLES:
        db.execute(f"DROP TABLE IF EXISTS {_TABLE_NAME.findall(table)[0]}")
        db.execute(table)
    db.execute("INSERT OR REPLACE INTO tracking VALUES(?, ?, 0, x'', 0)", (view.NAME, view.VERSION))


def complete(db: sqlite3.Connection) -> None:
    """Create the missing indexes and let readers in."""
    present = _schema(db)
    for view in VIEWS:
        for index in view.INDEXES:
            if index not in present:
                db.execute(index)
    db.execute("UPDATE tracking SET complete = 1")


_TABLE_NAME = re.compile(r"CREATE (?:VIRTUAL )?TABLE (\w+)")


def prepare(db: sqlite3.Connection) -> None:
    """Create missing tables; reset every view that another version of the code built."""
    present = _schema(db)
    if _TRACKING not in present:
        db.execute("DROP TABLE IF EXISTS tracking")
        db.execute(_TRACKING)
    versions = dict(db.execute("SELECT name, version FROM tracking"))
    for view in VIEWS:
        if versions.get(view.NAME) != view.VERSION or not present.issuperset(view.TABLES):
            if view.NAME in versions:
                _log.warning("the view %s was built by another version; it is rebuilt", view.NAME)
            reset(db, view.NAME)


def _schema(db: sqlite3.Connection) -> set[str]:
    return {sql for (sql,) in db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
