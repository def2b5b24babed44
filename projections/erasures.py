"""Statements and names that a change erased: all that the read models know of them.

The follower rebuilds the views when it meets an erasure, so no other view has anything of them.
"""

import sqlite3
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from ledger.domain.events import BodiesErased, NameErased
from ledger.domain.readers import unknown_statement
from ledger.domain.vocabulary import Status
from ledger.errors import NotFoundError
from ledger.sqlite.bulk_insert import write
from projections.facts import Batch, find_stream
from projections.users import NAMED, uuid_text

NAME = "erasures"
VERSION = 2
TABLES: tuple[str, ...] = (
    "CREATE TABLE erased_statement(id INTEGER PRIMARY KEY, position INTEGER NOT NULL,"
    " at TEXT NOT NULL, change BLOB NOT NULL, status TEXT NOT NULL, successor BLOB,"
    " bodies INTEGER NOT NULL) STRICT",
    "CREATE TABLE erased_name(id INTEGER PRIMARY KEY, position INTEGER NOT NULL, at TEXT NOT NULL,"
    " change BLOB NOT NULL) STRICT",
)
INDEXES: tuple[str, ...] = ()


class ErasedStatement(msgspec.Struct, frozen=True, rename="camel"):
    """What is left of an erased statement: by which change, when, and how it stood.

    `bodies` is the number of its events whose bodies are gone; `successor` is the version that
    superseded it.
    """

    id: str
    position: int
    at: str
    change: str
    status: Status
    successor: str | None
    bodies: int


class ErasedName(msgspec.Struct, frozen=True, rename="camel"):
    """By which change a person's name was erased, and when; `person` is the person's id."""

    person: str
    position: int
    at: str
    change: str


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Add the erasures of the batch."""
    rows = [_row(fact) for fact in batch.of(BodiesErased)]
    write(db, "INSERT INTO erased_statement {rows}", rows)
    names = [
        (fact.stream, fact.position, fact.at, UUID(fact.body.change).bytes)
        for fact in batch.of(NameErased)
    ]
    write(db, "INSERT INTO erased_name {rows}", names)


_SHOWN = "SELECT 1 FROM statement WHERE id = ?"


def erases(db: sqlite3.Connection, batch: Batch) -> bool:
    """Tell whether the batch erases what the views still show: then they are built anew.

    Rows could be deleted one by one, but not their traces in the views' file.
    """
    statements = [(fact.stream,) for fact in batch.of(BodiesErased)]
    names = [(fact.stream,) for fact in batch.of(NameErased)]
    return any(
        db.execute(shown, each).fetchone() is not None
        for shown, erased in ((_SHOWN, statements), (NAMED, names))
        for each in erased
    )


def _row(fact: Any) -> tuple[Any, ...]:
    body = fact.body
    successor = None if body.successor is None else UUID(body.successor).bytes
    stated = (UUID(body.change).bytes, body.status, successor, len(body.positions))
    return (fact.stream, fact.position, fact.at, *stated)


_COLUMNS = "i.uuid, e.position, e.at, e.change, e.status, e.successor, e.bodies"
_ONE = f"SELECT {_COLUMNS} FROM erased_statement e JOIN stream i ON i.id = e.id WHERE e.id = ?"  # noqa: S608  # a constant
_ALL = (
    f"SELECT {_COLUMNS} FROM erased_statement e JOIN stream i ON i.id = e.id"  # noqa: S608  # a constant
    " WHERE e.id <= ? ORDER BY e.position DESC LIMIT ?"
)


def of_statement(db: sqlite3.Connection, statement_id: str, *, at: int) -> ErasedStatement | None:
    """Return what is left of a statement that was drafted by a position; None if it is not erased.

    Its evidence is gone for every position, so also for those before the erasure.
    """
    number = find_stream(db, statement_id)
    if number is None or number > at:
        return None
    row = db.execute(_ONE, (number,)).fetchone()
    return None if row is None else _erased(row)


def newest(db: sqlite3.Connection, *, at: int, limit: int) -> list[ErasedStatement]:
    """Return the statements drafted by a position that were erased, the newest erasure first."""
    return [_erased(row) for row in db.execute(_ALL, (at, limit))]


_NAMES = (
    "SELECT i.uuid, e.position, e.at, e.change FROM erased_name e JOIN stream i ON i.id = e.id"
    " WHERE e.id <= ? ORDER BY e.position DESC LIMIT ?"
)


def newest_names(db: sqlite3.Connection, *, at: int, limit: int) -> list[ErasedName]:
    """Return the people registered by a position whose name was erased, the newest first."""
    return [
        ErasedName(uuid_text(uuid), position, time, uuid_text(change))
        for uuid, position, time, change in db.execute(_NAMES, (at, limit))
    ]


_CHANGE = (
    "SELECT change FROM erased_statement WHERE id = :id"
    " UNION ALL SELECT change FROM erased_name WHERE id = :id"
)


def change_of(db: sqlite3.Connection, stream: str) -> str | None:
    """Return the change that erased a statement's bodies or a person's name, None without one."""
    row = db.execute(_CHANGE, {"id": find_stream(db, stream)}).fetchone()
    return None if row is None else uuid_text(row[0])


_IS_ERASED = "SELECT 1 FROM erased_name WHERE id = ?"


def of_names(db: sqlite3.Connection, people: Iterable[str]) -> frozenset[str]:
    """Return those of these people, by id, whose names were erased."""
    return frozenset(
        each for each in people if db.execute(_IS_ERASED, (find_stream(db, each),)).fetchone()
    )


def _erased(row: tuple[Any, ...]) -> ErasedStatement:
    uuid, position, at, change, status, successor, bodies = row
    return ErasedStatement(
        id=uuid_text(uuid),
        position=position,
        at=at,
        change=uuid_text(change),
        status=status,
        successor=None if successor is None else uuid_text(successor),
        bodies=bodies,
    )


def unknown(db: sqlite3.Connection, statement_id: str, *, at: int) -> NotFoundError:
    """Return the error for a statement that a person cannot read: `statement_erased` if it is that.

    Everybody who is signed in may know of an erasure: the change names the statement.
    """
    erased = of_statement(db, statement_id, at=at)
    if erased is None:
        return unknown_statement()
    detail = f"the change {erased.change} erased it, at position {erased.position}"
    return NotFoundError("statement_erased", detail)
