"""Holds: what a change keeps from being erased, until another releases it."""

import sqlite3
from typing import Any
from uuid import UUID

import msgspec

from ledger.domain.events import HoldPlaced, HoldReleased
from ledger.domain.vocabulary import HeldKind
from ledger.sqlite.bulk_insert import write
from projections.facts import OPEN, Batch
from projections.paging import Page, decode_cursor, encode_cursor
from projections.users import uuid_text

NAME = "holds"
VERSION = 1
# `held` is the id of a statement or person; `ended` is the position of the release.
TABLES: tuple[str, ...] = (
    "CREATE TABLE hold(position INTEGER PRIMARY KEY, at TEXT NOT NULL, change BLOB NOT NULL,"
    " kind TEXT NOT NULL, held BLOB NOT NULL, ended INTEGER NOT NULL) STRICT",
)
INDEXES: tuple[str, ...] = ("CREATE INDEX hold_by_held ON hold(held, position)",)


class HoldInForce(msgspec.Struct, frozen=True, rename="camel"):
    """What a change keeps from being erased: a statement or a person's name, by its id."""

    kind: HeldKind
    held: str
    position: int
    at: str
    change: str


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Add the holds of the batch, and end those that it releases."""
    for fact in batch.of(HoldPlaced, HoldReleased):
        body, held = fact.body, UUID(fact.body.held).bytes
        if isinstance(body, HoldReleased):
            ended = (fact.position, held, body.kind, OPEN)
            db.execute("UPDATE hold SET ended = ? WHERE held = ? AND kind = ? AND ended = ?", ended)
        else:
            row = (fact.position, fact.at, UUID(body.change).bytes, body.kind, held, OPEN)
            write(db, "INSERT INTO hold {rows}", [row])


_COLUMNS = "kind, held, position, at, change"
_ONE = (
    f"SELECT {_COLUMNS} FROM hold WHERE held = :held AND kind = :kind"  # noqa: S608  # a constant
    " AND position <= :at AND ended > :at"
)
_ALL = (
    f"SELECT {_COLUMNS} FROM hold WHERE position < :below AND ended > :at"  # noqa: S608  # a constant
    " ORDER BY position DESC LIMIT :limit"
)


def of(db: sqlite3.Connection, kind: HeldKind, held: str, *, at: int) -> HoldInForce | None:
    """Return the hold on a statement or a person's name as of a position, None without one."""
    asked = {"kind": kind, "held": UUID(held).bytes, "at": at}
    row = db.execute(_ONE, asked).fetchone()
    return None if row is None else _hold(row)


def newest(db: sqlite3.Connection, *, at: int, limit: int) -> list[HoldInForce]:
    """Return the holds in force as of a position, the newest first."""
    return page(db, at=at, limit=limit).items


def page(
    db: sqlite3.Connection, *, at: int, limit: int, cursor: str | None = None
) -> Page[HoldInForce]:
    """Return the holds in force as of a position, newest first.

    Raises MalformedError `cursor_invalid`.
    """
    below = at + 1 if cursor is None else min(at + 1, decode_cursor(NAME, cursor))
    rows = db.execute(_ALL, {"at": at, "below": below, "limit": limit + 1}).fetchall()
    shown = [_hold(row) for row in rows[:limit]]
    further = encode_cursor(NAME, shown[-1].position) if len(rows) > limit else None
    return Page(shown, further, at)


def _hold(row: tuple[Any, ...]) -> HoldInForce:
    kind, held, position, at, change = row
    return HoldInForce(kind, uuid_text(held), position, at, uuid_text(change))
