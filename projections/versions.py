"""Versions of statements: which supersede which, and which a version has superseded.

A version joins the family of the statement that it supersedes: `root` is the id of the first one.
A row of `superseded` says from which position on a statement is superseded, and by which version.
"""

import sqlite3
from typing import Any
from uuid import UUID

import msgspec

from ledger.domain.events import StatementDrafted, StatementSuperseded
from ledger.domain.policy import Policy
from projections.facts import OPEN, Batch, Fact, asked_by
from projections.readers import READABLE
from projections.users import uuid_text

TABLES: tuple[str, ...] = (
    "CREATE TABLE version(uuid BLOB PRIMARY KEY, id INTEGER NOT NULL, root BLOB NOT NULL,"
    " earlier BLOB NOT NULL, replaced BLOB) STRICT, WITHOUT ROWID",
    "CREATE TABLE superseded(statement INTEGER PRIMARY KEY, position INTEGER NOT NULL,"
    " by BLOB NOT NULL) STRICT",
)
_BY_EARLIER = "CREATE INDEX version_by_earlier ON version(earlier)"
INDEXES: tuple[str, ...] = (
    "CREATE INDEX version_by_id ON version(id)",
    "CREATE INDEX version_by_root ON version(root)",
    _BY_EARLIER,
)
# The condition that the statement `s` is superseded at the position :at.
SUPERSEDED = "EXISTS(SELECT 1 FROM superseded e WHERE e.statement = s.id AND e.position <= :at)"
_ADD = (
    "INSERT INTO version VALUES(:uuid, :id, coalesce((SELECT root FROM version"
    " WHERE uuid = :earlier), :earlier), :earlier, :replaced)"
)
# The other versions that were to replace the same approved statement, and were still pending.
_OUTRUN = f"""
SELECT o.id FROM stream v JOIN version o ON o.earlier = v.uuid JOIN statement s ON s.id = o.id
WHERE v.id = :ended AND o.uuid <> :by AND o.replaced IS NOT NULL AND o.id < :position
    AND s.final = {OPEN} AND s.expires_at > :at
"""  # noqa: S608  # constants
_END = (
    "UPDATE statement SET final = :position, status = 'superseded'"  # noqa: S608  # a constant
    f" WHERE id = :id AND final = {OPEN}"
)


class Version(msgspec.Struct, frozen=True):
    """One version of a statement: the order of versions is that of their drafts."""

    id: str
    title: str


def fold(db: sqlite3.Connection, batch: Batch) -> list[int]:
    """Add the versions of a batch, and end what they supersede; return the statements that ended.

    The statements of the batch must be in their table, and what else ended them.
    """
    for fact in batch.of(StatementDrafted):
        _add(db, fact)
    ended: list[int] = []
    for fact in batch.of(StatementSuperseded):
        db.execute(_BY_EARLIER.replace("INDEX", "INDEX IF NOT EXISTS", 1))  # a rebuild needs it
        by = UUID(fact.body.by).bytes
        given = {"by": by, "position": fact.position, "at": fact.at, "ended": fact.stream}
        outrun = [number for (number,) in db.execute(_OUTRUN, given)]
        for number in (fact.stream, *outrun):
            ended.append(number)
            db.execute(_END, {"position": fact.position, "id": number})
            row = (number, fact.position, given["by"])
            db.execute("INSERT OR IGNORE INTO superseded VALUES(?, ?, ?)", row)
    return ended


def _add(db: sqlite3.Connection, fact: Fact) -> None:
    named = fact.body.document.supersedes
    if named is None:
        return
    replaced = asked_by(fact)
    given = {
        "uuid": UUID(fact.body.document.statement_id).bytes,
        "id": fact.stream,
        "earlier": UUID(named.statement).bytes,
        "replaced": None if replaced is None else msgspec.json.encode(replaced),
    }
    db.execute(_ADD, given)


def replaced_by(db: sqlite3.Connection, number: int) -> Policy | None:
    """Return what the approved statement that a version is to replace asks of it, if it is one."""
    row = db.execute("SELECT replaced FROM version WHERE id = ?", (number,)).fetchone()
    return None if row is None or row[0] is None else msgspec.json.decode(row[0], type=Policy)


def end_of(db: sqlite3.Connection, number: int, *, at: int) -> tuple[int, str] | None:
    """Return the position from which a statement is superseded, and by which version."""
    row = db.execute(
        "SELECT position, by FROM superseded WHERE statement = ? AND position <= ?", (number, at)
    ).fetchone()
    return None if row is None else (int(row[0]), uuid_text(row[1]))


def all_of(
    db: sqlite3.Connection, statement_id: str, reader: dict[str, Any], *, at: int
) -> list[Version]:
    """Return the versions of a statement up to a position, itself too, in the order of drafts.

    `reader` has the parameters of READABLE: those that the reader may not read are left out.
    """
    uuid = UUID(statement_id).bytes
    row = db.execute("SELECT root FROM version WHERE uuid = ?", (uuid,)).fetchone()
    rows = db.execute(
        "SELECT i.uuid, x.title FROM statement s JOIN stream i ON i.id = s.id"  # noqa: S608  # constants
        " JOIN statement_text x ON x.id = s.id WHERE s.id IN (SELECT id FROM stream"
        " WHERE uuid = :root UNION ALL SELECT id FROM version WHERE root = :root)"
        f" AND s.id <= :at AND {READABLE} ORDER BY s.id",
        reader | {"root": uuid if row is None else row[0], "at": at},
    )
    return [Version(uuid_text(each), title) for each, title in rows]
