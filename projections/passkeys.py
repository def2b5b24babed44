"""Passkeys: since when each works, and until when; links of re-enrolments that are open.

A re-enrolment ends what its person held before without an event: when its passkey begins to work.
`ENDED` says so of a row, as `ledger.domain.person.settled` does of a person's state.
"""

import sqlite3
from collections.abc import Sequence

import msgspec

from ledger.domain.events import (
    CompromiseDeclared,
    CompromiseSet,
    PasskeyAdded,
    PasskeyAdmitted,
    PasskeyRemoved,
    RecoveryCancelled,
    ReEnrolmentOpened,
)
from ledger.jose import thumbprint
from ledger.sqlite.bulk_insert import write
from projections.facts import OPEN, Batch, Fact
from projections.losses import losses
from projections.rows import json_list

NAME = "passkeys"
VERSION = 2
TABLES: tuple[str, ...] = (
    # `admitted` is where a change admitted it, 0 if it needs none; `admitted_at` is when.
    # `cancelled` is where it ended before it worked.
    "CREATE TABLE passkey(position INTEGER PRIMARY KEY, credential_id TEXT NOT NULL,"
    " user INTEGER NOT NULL, at TEXT NOT NULL, removed INTEGER NOT NULL, active_from TEXT,"
    " re_enrols INTEGER NOT NULL, admitted INTEGER NOT NULL, admitted_at TEXT NOT NULL,"
    " cancelled INTEGER NOT NULL) STRICT",
    "CREATE TABLE re_enrolment_link(position INTEGER PRIMARY KEY, user INTEGER NOT NULL,"
    " kid TEXT NOT NULL, expires_at TEXT NOT NULL, ended INTEGER NOT NULL) STRICT",
)
INDEXES: tuple[str, ...] = (
    "CREATE UNIQUE INDEX passkey_by_credential ON passkey(credential_id)",
    "CREATE INDEX passkey_by_user ON passkey(user)",
    "CREATE INDEX passkey_that_waits ON passkey(active_from) WHERE active_from IS NOT NULL",
    "CREATE INDEX passkey_that_re_enrols ON passkey(user) WHERE re_enrols = 1",
    "CREATE INDEX re_enrolment_link_by_user ON re_enrolment_link(user)",
)

# SQL as of :at and :now. A `COMPLETE` passkey `e` re-enrolled its person from `FROM` on. A row of
# `ENDED` has `user`, `position` and `at`: a re-enrolment ended it. The others are of a passkey.
FROM = "max(e.active_from, e.admitted_at)"
COMPLETE = (
    "e.re_enrols = 1 AND e.position <= :at AND e.cancelled > :at AND e.admitted <= :at"
    f" AND {FROM} <= :now"
)
ENDED = (
    f"EXISTS(SELECT 1 FROM passkey e WHERE e.user = {{row}}.user AND {COMPLETE}"  # noqa: S608
    f" AND e.position <> {{row}}.position AND {{row}}.at < {FROM})"
)
HELD = "({row}.position <= :at AND {row}.removed > :at AND NOT " + ENDED + ")"
WAITS = "({row}.admitted > :at OR coalesce({row}.active_from > :now, 0))"
_WAITING = f"{HELD} AND {WAITS}".format(row="p")
LIVE = "(" + HELD + " AND NOT " + WAITS + ")"


class Recovering(msgspec.Struct, frozen=True, rename="camel"):
    """A passkey that a code or the link of a re-enrolment added, and that does not work yet.

    One that `re_enrols` ends everything older when it begins to work. With `needs_admission` it
    also waits until a change admits it.
    """

    credential_id: str
    active_from: str
    re_enrols: bool
    needs_admission: bool


class OpenLink(msgspec.Struct, frozen=True, rename="camel"):
    """The link of a re-enrolment that nobody has redeemed."""

    kid: str
    expires_at: str


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Add passkeys and links; end those that were removed, cancelled, compromised, used or void."""
    added = batch.of(PasskeyAdded)
    rows = [
        (
            fact.position,
            fact.body.credential_id,
            fact.stream,
            fact.at,
            OPEN,
            fact.body.active_from,
            int(fact.body.re_enrols),
            OPEN if fact.body.needs_admission else 0,
            "",
            OPEN,
        )
        for fact in added
    ]
    write(db, "INSERT INTO passkey {rows}", rows)
    for fact in batch.of(PasskeyAdmitted):
        db.execute(
            "UPDATE passkey SET admitted = ?, admitted_at = ? WHERE credential_id = ? AND user = ?",
            (fact.position, fact.at, fact.body.credential_id, fact.stream),
        )
    for fact in batch.of(PasskeyRemoved):
        _remove(db, fact, fact.body.credential_id)
    for fact in batch.of(CompromiseDeclared, CompromiseSet):
        for reference in (fact.body.compromised, *fact.body.also):
            _remove(db, fact, reference.removeprefix("passkey:"))
    for fact in batch.of(RecoveryCancelled):
        _remove(db, fact, fact.body.recovery.removeprefix("passkey:"))
    _fold_links(db, batch)
    for fact in losses(batch):  # last: what ended before a loss stays as it ended
        given = {"position": fact.position, "at": fact.at}
        db.execute(_END_WAITING, given)
        db.execute(_END_LINKS, given)


# A loss ends what waits: `ledger.domain.person_state.settled` says the same of a person's state.
_END_WAITING = (
    "UPDATE passkey SET removed = :position, cancelled = :position WHERE position < :position"
    " AND removed > :position AND (admitted > :position OR active_from > :at)"
)
_END_LINKS = (
    "UPDATE re_enrolment_link SET ended = :position"
    " WHERE position < :position AND ended > :position"
)


def _remove(db: sqlite3.Connection, fact: Fact, credential_id: str) -> None:
    db.execute(
        "UPDATE passkey SET removed = :position,"
        " cancelled = iif(admitted > :position OR active_from > :at, :position, cancelled)"
        " WHERE credential_id = :id AND removed = :open AND user = :user",
        {
            "position": fact.position,
            "at": fact.at,
            "id": credential_id,
            "open": OPEN,
            "user": fact.stream,
        },
    )


def _fold_links(db: sqlite3.Connection, batch: Batch) -> None:
    """Open links; end the one of a person at its use, its cancellation, or the next one."""
    for fact in batch.of(ReEnrolmentOpened, RecoveryCancelled, PasskeyAdded):
        match fact.body:
            case ReEnrolmentOpened(key=key, expires_at=ends):
                _end_link(db, fact)
                row = (fact.position, fact.stream, thumbprint(key), ends, OPEN)
                db.execute("INSERT INTO re_enrolment_link VALUES(?, ?, ?, ?, ?)", row)
            case PasskeyAdded(re_enrols=True):
                _end_link(db, fact)
            case RecoveryCancelled(recovery=recovery) if recovery.startswith("kid:"):
                _end_link(db, fact)


def _end_link(db: sqlite3.Connection, fact: Fact) -> None:
    db.execute(
        "UPDATE re_enrolment_link SET ended = ? WHERE user = ? AND ended = ?",
        (fact.position, fact.stream, OPEN),
    )


def positions(
    db: sqlite3.Connection, users: Sequence[int], *, at: int, now: str, also_ended: bool = False
) -> list[int]:
    """Return where the passkeys of these people were added that have not ended, or all of them."""
    query = (
        "SELECT p.position FROM passkey p WHERE p.user IN (SELECT value FROM json_each(:users))"  # noqa: S608
        f" AND p.position <= :at AND ({HELD.format(row='p')} OR :all) ORDER BY p.position"
    )
    given = {"users": json_list(users), "at": at, "now": now, "all": also_ended}
    return [position for (position,) in db.execute(query, given)]


def people_recovering(db: sqlite3.Connection, *, at: int, now: str, limit: int) -> list[int]:
    """Return the stream numbers of people with a recovery that waits, those that end first."""
    query = (
        f"SELECT p.user FROM passkey p WHERE p.active_from IS NOT NULL AND {_WAITING}"  # noqa: S608
        " ORDER BY p.active_from LIMIT :most"
    )
    given = {"at": at, "now": now, "most": limit}
    return list(dict.fromkeys(number for (number,) in db.execute(query, given)))


def recoveries(
    db: sqlite3.Connection, users: Sequence[int], *, at: int, now: str
) -> dict[int, list[Recovering]]:
    """Return the passkeys that wait, by the stream numbers of their people, oldest first."""
    query = (
        "SELECT p.user, p.credential_id, p.active_from, p.re_enrols, p.admitted > :at"  # noqa: S608
        " FROM passkey p WHERE p.user IN (SELECT value FROM json_each(:users))"
        f" AND p.active_from IS NOT NULL AND {_WAITING} ORDER BY p.position"
    )
    found: dict[int, list[Recovering]] = {}
    for user, name, starts, re_enrols, waits in db.execute(
        query, {"users": json_list(users), "at": at, "now": now}
    ):
        waiting = Recovering(name, starts, bool(re_enrols), bool(waits))
        found.setdefault(user, []).append(waiting)
    return found


def open_link(db: sqlite3.Connection, user: int, *, at: int, now: str) -> OpenLink | None:
    """Return the open link of a person's re-enrolment, None without one."""
    row = db.execute(
        "SELECT kid, expires_at FROM re_enrolment_link WHERE user = :user AND position <= :at"
        " AND ended > :at AND expires_at > :now",
        {"user": user, "at": at, "now": now},
    ).fetchone()
    return None if row is None else OpenLink(*row)
