"""Invitations: who invited, as what, until when, and the state of each."""

import sqlite3
from typing import Any, Literal
from uuid import UUID

import msgspec

from ledger.domain.events import InvitationCancelled, InvitationIssued, UserRegistered
from ledger.sqlite.bulk_insert import write
from projections.facts import OPEN, Batch
from projections.paging import Page, collect, decode_cursor, encode_cursor
from projections.rows import json_list
from projections.users import NamedPerson, people, uuid_text

NAME = "invitations"
VERSION = 1
# `change` is the statement that issued it. `used_by` is a stream number, null unless it was used.
TABLES: tuple[str, ...] = (
    "CREATE TABLE invitation(id TEXT PRIMARY KEY, position INTEGER NOT NULL, role TEXT NOT NULL,"
    " expires_at TEXT NOT NULL, change BLOB NOT NULL, ended INTEGER NOT NULL,"
    " used_by INTEGER) STRICT, WITHOUT ROWID",
)
INDEXES: tuple[str, ...] = ("CREATE INDEX invitation_by_position ON invitation(position)",)

InvitationState = Literal["open", "used", "expired", "cancelled"]


class InvitationDetail(msgspec.Struct, frozen=True, rename="camel"):
    """An invitation as of a position; `change` is the statement whose approval issued it."""

    id: str
    role: str
    state: InvitationState
    issued_at_position: int
    expires_at: str
    change: str
    invited_by: NamedPerson | None
    used_by: NamedPerson | None


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Add the issued invitations; end those that were used or cancelled."""
    issued = [
        (
            fact.body.invitation,
            fact.position,
            fact.body.role,
            fact.body.expires_at,
            UUID(fact.body.change).bytes,
            OPEN,
            None,
        )
        for fact in batch.of(InvitationIssued)
    ]
    write(db, "INSERT INTO invitation {rows}", issued)
    ends: list[tuple[int, int | None, str | None]] = [
        (fact.position, fact.stream, fact.body.invitation) for fact in batch.of(UserRegistered)
    ]
    ends += [(fact.position, None, fact.body.invitation) for fact in batch.of(InvitationCancelled)]
    for position, user, invitation in ends:
        if invitation is not None:
            db.execute(
                "UPDATE invitation SET ended = ?, used_by = ? WHERE id = ?",
                (position, user, invitation),
            )


_ROWS = """
SELECT v.position, v.id, v.role, v.expires_at, v.change, v.ended, v.used_by, s.creator
FROM invitation v
LEFT JOIN stream i ON i.uuid = v.change
LEFT JOIN statement s ON s.id = i.id
WHERE v.position IN (SELECT value FROM json_each(?)) ORDER BY v.position DESC
"""


def page(
    db: sqlite3.Connection, *, at: int, now: str, limit: int, cursor: str | None = None
) -> Page[InvitationDetail]:
    """Return invitations as of a position, newest first; raise MalformedError `cursor_invalid`."""
    below = at + 1 if cursor is None else min(at + 1, decode_cursor(NAME, cursor))
    rows = db.execute(
        "SELECT position, 1 FROM invitation WHERE position < ? ORDER BY position DESC LIMIT ?",
        (below, limit + 1),
    )
    positions, last = collect(rows, limit)
    found = db.execute(_ROWS, (json_list(positions),)).fetchall()
    named = people(db, {each for row in found for each in row[6:8] if each is not None})
    further = None if last is None else encode_cursor(NAME, last)
    return Page([_invitation(row, named, at, now) for row in found], further, at)


def _invitation(
    row: tuple[Any, ...], named: dict[int, NamedPerson], at: int, now: str
) -> InvitationDetail:
    position, invitation, role, expires_at, change, ended, used_by, creator = row
    state: InvitationState = "expired" if expires_at <= now else "open"
    if ended <= at:
        state = "cancelled" if used_by is None else "used"
    return InvitationDetail(
        id=invitation,
        role=role,
        state=state,
        issued_at_position=position,
        expires_at=expires_at,
        change=uuid_text(change),
        invited_by=named.get(creator),
        used_by=named.get(used_by) if state == "used" else None,
    )
