"""What changes ask for: the items of each change, as its document states them."""

import sqlite3
from collections.abc import Iterable

from ledger.domain.changes.items import Item, parse_content
from ledger.domain.events import StatementDrafted
from ledger.sqlite.bulk_insert import write
from projections.facts import Batch, find_stream
from projections.paging import Page, decode_cursor, encode_cursor
from projections.spans import search
from projections.summaries import StatementSummary, summaries

NAME = "changes"
VERSION = 1
# `content` is that of the document: every change is small.
TABLES: tuple[str, ...] = (
    "CREATE TABLE change(statement INTEGER PRIMARY KEY, content TEXT NOT NULL) STRICT",
)
INDEXES: tuple[str, ...] = ()
_IS_CHANGE = "EXISTS(SELECT 1 FROM change c WHERE c.statement = s.id)"


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Store the content of each drafted change."""
    rows = [
        (fact.stream, fact.body.change)
        for fact in batch.of(StatementDrafted)
        if fact.body.change is not None
    ]
    write(db, "INSERT INTO change {rows}", rows)


def items(db: sqlite3.Connection, statements: Iterable[str]) -> dict[str, tuple[Item, ...]]:
    """Return the items of those of these statements that are changes, by statement id."""
    found: dict[str, tuple[Item, ...]] = {}
    for statement in statements:
        row = db.execute(
            "SELECT content FROM change WHERE statement = ?", (find_stream(db, statement),)
        ).fetchone()
        if row is not None:
            found[statement] = parse_content(row[0])
    return found


def content(db: sqlite3.Connection, number: int) -> str | None:
    """Return the content of the change with this stream number, None if it is no change."""
    row = db.execute("SELECT content FROM change WHERE statement = ?", (number,)).fetchone()
    return None if row is None else str(row[0])


def pending(
    db: sqlite3.Connection, *, at: int, now: str, limit: int, cursor: str | None = None
) -> Page[StatementSummary]:
    """Return the changes that wait for approvals, newest first.

    Raises MalformedError `cursor_invalid`.
    """
    below = at + 1 if cursor is None else min(at + 1, decode_cursor(NAME, cursor))
    given = {"at": at, "now": now, "below": below}
    found, last = search(db, "pending", _IS_CHANGE, given, limit)
    further = None if last is None else encode_cursor(NAME, last)
    return Page(summaries(db, found, at=at, now=now), further, at)
