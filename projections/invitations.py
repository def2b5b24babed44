"""Invitations: who invited, as what, until when, and the state of each; and the operator's."""

import sqlite3
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec

from ledger.domain.events import (
    GovernanceSet,
    InvitationCancelled,
    InvitationIssued,
    OperatorInvitationsCancelled,
    OperatorInvited,
    UserRegistered,
)
from ledger.sqlite.bulk_insert import write
from projections.facts import OPEN, Batch
from projections.losses import losses
from projections.paging import Page, collect, decode_cursor, encode_cursor
from projections.rows import json_list
from projections.users import NamedPerson, names, people, uuid_text

NAME = "invitations"
VERSION = 3
# `change` is the statement that issued it, null for the operator's, which have a `recovery`.
# `used_by` is a stream number, null unless it was used.
TABLES: tuple[str, ...] = (
    "CREATE TABLE invitation(id TEXT PRIMARY KEY, position INTEGER NOT NULL, role TEXT NOT NULL,"
    " expires_at TEXT NOT NULL, change BLOB, ended INTEGER NOT NULL, used_by INTEGER,"
    " recovery TEXT) STRICT, WITHOUT ROWID",
    "CREATE TABLE operator_recovery(id TEXT PRIMARY KEY, position INTEGER NOT NULL,"
    " lost TEXT NOT NULL, reason TEXT NOT NULL, active_from TEXT NOT NULL,"
    " expires_at TEXT NOT NULL) STRICT, WITHOUT ROWID",
)
INDEXES: tuple[str, ...] = ("CREATE INDEX invitation_by_position ON invitation(position)",)

# `void`: cancelled by a restore that lost something.
InvitationState = Literal["waiting", "open", "used", "expired", "cancelled", "void"]


class InvitationDetail(msgspec.Struct, frozen=True, rename="camel"):
    """An invitation as of a position; `change` is the statement whose approval issued it.

    The operator's have a `recovery` instead, and work from `active_from` on.
    """

    id: str
    role: str
    state: InvitationState
    issued_at_position: int
    expires_at: str
    change: str | None
    recovery: str | None
    active_from: str | None
    invited_by: NamedPerson | None
    used_by: NamedPerson | None


class OpenRecovery(NamedTuple):
    """A recovery by the operator that is not over: whom it states as lost, and how many it invites.

    Its links work from `active_from` until `expires_at`.
    """

    id: str
    lost: list[NamedPerson]
    invited: int
    reason: str
    active_from: str
    expires_at: str


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Add the issued invitations; end those that were used or cancelled."""
    issued: list[tuple[Any, ...]] = [
        (
            fact.body.invitation,
            fact.position,
            fact.body.role,
            fact.body.expires_at,
            UUID(fact.body.change).bytes,
            OPEN,
            None,
            None,
        )
        for fact in batch.of(InvitationIssued)
    ]
    begun = batch.of(OperatorInvited)
    issued += [
        (
            each.id,
            fact.position,
            each.role,
            fact.body.expires_at,
            None,
            OPEN,
            None,
            fact.body.recovery,
        )
        for fact in begun
        for each in fact.body.invitations
    ]
    write(db, "INSERT INTO invitation {rows}", issued)
    recoveries = [
        (
            fact.body.recovery,
            fact.position,
            json_list(fact.body.lost),
            fact.body.reason,
            fact.body.active_from,
            fact.body.expires_at,
        )
        for fact in begun
    ]
    write(db, "INSERT INTO operator_recovery {rows}", recoveries)
    for end in sorted(_ends(batch)):
        db.execute(_END, end)


# With neither an invitation nor a recovery, all of the operator's; with `*`, all of them.
_END = """
UPDATE invitation SET ended = ?1, used_by = ?2 WHERE ended > ?1 AND position < ?1 AND
    CASE WHEN ?3 = '*' THEN 1 WHEN ?3 <> '' THEN id = ?3 WHEN ?4 <> '' THEN recovery = ?4
    ELSE recovery IS NOT NULL END
"""
_End = tuple[int, int | None, str, str]  # a position, who used it, an invitation, a recovery


def _ends(batch: Batch) -> list[_End]:
    """Return the ends of invitations; a new recovery or governance policy ends the operator's.

    A loss ends all of them.
    """
    ends: list[_End] = [
        (fact.position, fact.stream, fact.body.invitation, "")
        for fact in batch.of(UserRegistered)
        if fact.body.invitation is not None
    ]
    ends += [
        (fact.position, None, fact.body.invitation, "") for fact in batch.of(InvitationCancelled)
    ]
    ends += [
        (fact.position, None, "", fact.body.recovery)
        for fact in batch.of(OperatorInvitationsCancelled)
    ]
    ends += [(fact.position, None, "*", "") for fact in losses(batch)]
    replaced = batch.of(OperatorInvited, GovernanceSet)
    return ends + [(fact.position, None, "", "") for fact in replaced]


_ROWS = """
SELECT v.position, v.id, v.role, v.expires_at, v.change, v.ended, v.used_by, s.creator,
    v.recovery, r.active_from, EXISTS(SELECT 1 FROM loss l WHERE l.position = v.ended)
FROM invitation v
LEFT JOIN operator_recovery r ON r.id = v.recovery
LEFT JOIN stream i ON i.uuid = v.change
LEFT JOIN statement s ON s.id = i.id
WHERE v.position IN (SELECT value FROM json_each(?)) ORDER BY v.position DESC, v.id
"""


def page(
    db: sqlite3.Connection, *, at: int, now: str, limit: int, cursor: str | None = None
) -> Page[InvitationDetail]:
    """Return invitations as of a position, newest first; raise MalformedError `cursor_invalid`."""
    below = at + 1 if cursor is None else min(at + 1, decode_cursor(NAME, cursor))
    rows = db.execute(
        "SELECT DISTINCT position, 1 FROM invitation WHERE position < ?"
        " ORDER BY position DESC LIMIT ?",
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
    position, invitation, role, expires_at, change, ended, used_by, creator, *rest = row
    recovery, active_from, is_void = rest
    state: InvitationState = "expired" if expires_at <= now else "open"
    if active_from is not None and now < active_from:
        state = "waiting"
    if ended <= at:
        state = "used" if used_by is not None else "void" if is_void else "cancelled"
    return InvitationDetail(
        id=invitation,
        role=role,
        state=state,
        issued_at_position=position,
        expires_at=expires_at,
        change=None if change is None else uuid_text(change),
        recovery=recovery,
        active_from=active_from,
        invited_by=named.get(creator),
        used_by=named.get(used_by) if state == "used" else None,
    )


_OPEN = """
SELECT r.id, r.lost, r.reason, r.active_from, r.expires_at,
    (SELECT count(*) FROM invitation v WHERE v.recovery = r.id AND v.ended > :at) AS invited
FROM operator_recovery r
WHERE r.position <= :at AND r.expires_at > :now AND invited > 0 ORDER BY r.position DESC LIMIT 1
"""


def open_recovery(db: sqlite3.Connection, *, at: int, now: str) -> OpenRecovery | None:
    """Return the recovery by the operator that is not over, if there is one."""
    row = db.execute(_OPEN, {"at": at, "now": now}).fetchone()
    if row is None:
        return None
    recovery, lost, reason, active_from, expires_at, invited = row
    users = msgspec.json.decode(lost, type=list[str])
    found = names(db, users, at=at)
    people_lost = [NamedPerson(user, found[user]) for user in users if user in found]
    return OpenRecovery(recovery, people_lost, invited, reason, active_from, expires_at)
