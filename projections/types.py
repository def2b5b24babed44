"""The types that changes defined: each version, what replaced or retired it, and when."""

import sqlite3
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from ledger.domain.document import DocumentType
from ledger.domain.events import TypeDefined, TypeRetired
from ledger.domain.statement_types import TypeDefinition, parse_definition
from ledger.sqlite.bulk_insert import write
from projections.facts import OPEN, Batch
from projections.paging import Page, decode_cursor, encode_cursor
from projections.rows import json_list
from projections.users import uuid_text

NAME = "types"
VERSION = 1
# A version holds from its position until `ended`: the position of its successor, or of the end of
# the type. `retired` is that of the end.
TABLES: tuple[str, ...] = (
    "CREATE TABLE statement_type(name TEXT NOT NULL, version INTEGER NOT NULL,"
    " position INTEGER NOT NULL, ended INTEGER NOT NULL, title TEXT NOT NULL,"
    " sha256 BLOB NOT NULL, definition TEXT NOT NULL, change BLOB NOT NULL,"
    " PRIMARY KEY(name, version)) STRICT, WITHOUT ROWID",
    "CREATE TABLE retired_type(name TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT,"
    " WITHOUT ROWID",
)
INDEXES: tuple[str, ...] = (
    "CREATE INDEX statement_type_by_position ON statement_type(position)",
    "CREATE INDEX statement_type_by_digest ON statement_type(sha256)",
)
_COLUMNS = (
    "t.name, t.version, t.title, t.sha256, t.position, t.change, t.ended > :at,"
    " EXISTS(SELECT 1 FROM retired_type r WHERE r.name = t.name AND r.position <= :at)"
)


class TypeSummary(msgspec.Struct, frozen=True, rename="camel"):
    """A version of a type; `change` is the statement that defined it.

    `sha256` is the digest of the definition, in hex. The version is in force if statements of it
    can be drafted: no later one replaced it, and the type is not retired.
    """

    name: str
    version: int
    title: str
    sha256: str
    position: int
    change: str
    is_in_force: bool
    is_retired: bool


class TypeDetail(TypeSummary, frozen=True, rename="camel"):
    """A type with its definition, which is the exact text that the digest covers."""

    definition: str


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Add the versions that were defined, and end those that were replaced or retired."""
    for fact in batch.of(TypeDefined, TypeRetired):
        body, position = fact.body, fact.position
        db.execute(
            "UPDATE statement_type SET ended = ? WHERE name = ? AND ended = ?",
            (position, body.name, OPEN),
        )
        if isinstance(body, TypeRetired):
            write(db, "INSERT INTO retired_type {rows}", [(body.name, position)])
            continue
        found = parse_definition(body.definition)
        row = (
            body.name,
            found.definition.version,
            position,
            OPEN,
            found.definition.title,
            bytes.fromhex(found.sha256),
            body.definition,
            UUID(body.change).bytes,
        )
        write(db, "INSERT INTO statement_type {rows}", [row])


def named_by(db: sqlite3.Connection, statements: Iterable[int]) -> dict[int, str]:
    """Return the names of the types that statements have, by stream number."""
    return dict(db.execute(_NAMES, {"ids": json_list([*statements])}).fetchall())


_NAMES = (
    "SELECT id, type FROM statement"
    " WHERE type IS NOT NULL AND id IN (SELECT value FROM json_each(:ids))"
)


def page(
    db: sqlite3.Connection, *, at: int, limit: int, cursor: str | None = None
) -> Page[TypeSummary]:
    """Return the newest version of each type as of a position, retired ones too, newest first.

    Raises MalformedError `cursor_invalid`.
    """
    below = at + 1 if cursor is None else min(at + 1, decode_cursor(NAME, cursor))
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM statement_type t WHERE t.position < :below"  # noqa: S608  # constants
        " AND t.version = (SELECT max(n.version) FROM statement_type n"
        " WHERE n.name = t.name AND n.position <= :at)"
        " ORDER BY t.position DESC LIMIT :limit + 1",
        {"at": at, "below": below, "limit": limit},
    ).fetchall()
    shown = [_summary(row) for row in rows[:limit]]
    further = encode_cursor(NAME, shown[-1].position) if len(rows) > limit else None
    return Page(shown, further, at)


def newest(db: sqlite3.Connection, *, at: int, limit: int) -> list[TypeDetail]:
    """Return the newest version of each type as of a position, with its definition."""
    found = [
        by_digest(db, bytes.fromhex(each.sha256), at=at)
        for each in page(db, at=at, limit=limit).items
    ]
    return [each for each in found if each is not None]


def by_digest(db: sqlite3.Connection, digest: bytes, *, at: int) -> TypeDetail | None:
    """Return the version of a type with this digest as of a position, None if there is none."""
    row = db.execute(
        f"SELECT {_COLUMNS}, t.definition FROM statement_type t"  # noqa: S608  # constants
        " WHERE t.sha256 = :digest AND t.position <= :at",
        {"at": at, "digest": digest},
    ).fetchone()
    if row is None:
        return None
    return TypeDetail(**msgspec.structs.asdict(_summary(row[:8])), definition=row[8])


def definition_of(
    db: sqlite3.Connection, named: DocumentType | None, *, at: int
) -> TypeDefinition | None:
    """Return the definition of the type that a document names, None if it names none."""
    if named is None or named.sha256 is None:
        return None
    found = by_digest(db, bytes.fromhex(named.sha256), at=at)
    return None if found is None else parse_definition(found.definition).definition


def schema_of(db: sqlite3.Connection, named: DocumentType | None, *, at: int) -> Any:
    """Return the parsed schema of the type that a document names, None if it has none."""
    found = definition_of(db, named, at=at)
    return None if found is None else found.schema


def in_force(db: sqlite3.Connection, name: str, *, at: int) -> TypeDetail | None:
    """Return the version of a type that is in force as of a position, None if there is none."""
    row = db.execute(
        "SELECT sha256 FROM statement_type WHERE name = ? AND position <= ? AND ended > ?",
        (name, at, at),
    ).fetchone()
    return None if row is None else by_digest(db, row[0], at=at)


def _summary(row: tuple[Any, ...]) -> TypeSummary:
    name, version, title, digest, position, change, in_force, retired = row
    return TypeSummary(
        name=name,
        version=version,
        title=title,
        sha256=digest.hex(),
        position=position,
        change=uuid_text(change),
        is_in_force=bool(in_force),
        is_retired=bool(retired),
    )
