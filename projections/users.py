"""Registered people, with their roles, passkeys and active keys."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec

from ledger.domain.events import (
    PersonSuspended,
    RoleClosed,
    RoleEnded,
    RoleGranted,
    StandingSet,
    UserNamed,
    UserRegistered,
)
from ledger.domain.names import ERASED, without_name
from ledger.domain.vocabulary import OPERATOR, AdmittedBy, PersonStanding
from ledger.sqlite.bulk_insert import write
from projections.facts import OPEN, Batch, find_stream
from projections.paging import Page, collect, decode_cursor, encode_cursor
from projections.passkeys import (
    COMPLETE,
    ENDED,
    FROM,
    HELD,
    Recovering,
    people_recovering,
    recoveries,
)
from projections.rows import json_list

NAME = "users"
VERSION = 6
_CHUNK = 500  # fewer than the smallest limit of SQLite on parameters
TABLES: tuple[str, ...] = (
    "CREATE TABLE user(id INTEGER PRIMARY KEY, name TEXT NOT NULL, at TEXT NOT NULL,"
    " admitted_by TEXT) STRICT",
    "CREATE TABLE user_role(user INTEGER NOT NULL, position INTEGER NOT NULL, role TEXT NOT NULL,"
    " ended INTEGER NOT NULL, PRIMARY KEY(user, position)) STRICT, WITHOUT ROWID",
    "CREATE TABLE user_standing(user INTEGER NOT NULL, position INTEGER NOT NULL,"
    " standing TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY(user, position))"
    " STRICT, WITHOUT ROWID",
)
INDEXES: tuple[str, ...] = ("CREATE INDEX user_role_by_role ON user_role(role, position)",)


# SQL as of :at and :now: the standing that a row `h` sets, and that a signing key signs. A
# re-enrolment ends a suspension from before the change that opened its link.
STANDING = (
    "iif(h.standing = 'suspended' AND EXISTS(SELECT 1 FROM passkey e JOIN re_enrolment_link n"  # noqa: S608  # constants
    f" ON n.ended = e.position WHERE e.user = h.user AND {COMPLETE} AND h.position < n.position),"
    " 'active', h.standing)"
)
# SQL that finds a person whose name is shown.
NAMED = f"SELECT 1 FROM user WHERE id = ? AND name NOT LIKE '{ERASED} (%'"  # noqa: S608  # a constant
# A loss stops every key that is older, until its person reaffirms it.
_STOPPED = (
    "EXISTS(SELECT 1 FROM loss l WHERE l.position > {row}.position AND l.position <= :at"
    " AND NOT EXISTS(SELECT 1 FROM reaffirmation f WHERE f.key = {row}.position"
    " AND f.position > l.position AND f.position <= :at))"
)
_UNENDED = (
    "{row}.position <= :at AND {row}.revoked > :at AND coalesce({row}.expires_at > :now, 1)"
    f" AND NOT {ENDED}"
)
KEY_IN_FORCE = f"({_UNENDED} AND NOT {_STOPPED})"
# A signing key's status (`KeyStatus`).
KEY_STATUS = (
    f"CASE WHEN {{row}}.revoked <= :at OR {ENDED} THEN 'revoked'"
    " WHEN coalesce({row}.expires_at <= :now, 0) THEN 'expired'"
    f" WHEN {_STOPPED} THEN 'waiting' ELSE 'active' END"
)


class NamedPerson(msgspec.Struct, frozen=True):
    """A person's id and name, as other records refer to them."""

    id: str
    name: str


class User(msgspec.Struct, frozen=True, rename="camel"):
    """A person as of a position; `kids` are the signing keys active then.

    `unaffirmed` are those that sign again once the person reaffirms them after a loss.
    `re_enrolled_at` is when a re-enrolment last ended everything older, None without one.
    `admitted_by` is `"operator"` for somebody whom `ledger recover` invited.
    """

    id: str
    name: str
    roles: list[str]
    credential_ids: list[str]
    kids: list[str]
    registered_at: str
    position: int
    standing: PersonStanding = "active"
    recovering: list[Recovering] = []
    re_enrolled_at: str | None = None
    admitted_by: AdmittedBy | None = None
    unaffirmed: list[str] = []


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Add people and roles, end roles, and note standing."""
    registered, granted = batch.of(UserRegistered), batch.of(RoleGranted)
    people = [
        (fact.stream, without_name(fact.body.user), fact.at, fact.body.admitted_by)
        for fact in registered
    ]
    write(db, "INSERT INTO user {rows}", people)
    for fact in batch.of(UserNamed):
        db.execute("UPDATE user SET name = ? WHERE id = ?", (fact.body.name, fact.stream))
    roles = [
        (fact.stream, fact.position, fact.body.role, OPEN)
        for fact in registered + granted
        if fact.body.role is not None
    ]
    write(db, "INSERT INTO user_role {rows}", roles)
    for fact in batch.of(RoleEnded):
        # Not those of the same batch that came later.
        db.execute(
            "UPDATE user_role SET ended = ?1 WHERE user = ?2 AND role = ?3 AND ended = ?4"
            " AND position < ?1",
            (fact.position, fact.stream, fact.body.role, OPEN),
        )
    for fact in batch.of(RoleClosed):  # it counts for nobody
        db.execute(
            "UPDATE user_role SET ended = ?1 WHERE role = ?2 AND ended = ?3 AND position < ?1",
            (fact.position, fact.body.role, OPEN),
        )
    moved = [
        (fact.stream, fact.position, "suspended", fact.at) for fact in batch.of(PersonSuspended)
    ]
    moved += [
        (fact.stream, fact.position, fact.body.standing, fact.at) for fact in batch.of(StandingSet)
    ]
    write(db, "INSERT INTO user_standing {rows}", moved)


def by_id(db: sqlite3.Connection, user_id: str, *, at: int, now: str) -> User | None:
    """Return the person as of a position; None if not yet registered."""
    number = find_stream(db, user_id)
    return None if number is None else next(iter(_users(db, [number], at, now)), None)


def by_name(db: sqlite3.Connection, name: str, *, at: int, now: str) -> User | None:
    """Return the person with exactly this name, None if nobody has it: no two people do."""
    row = db.execute("SELECT id FROM user WHERE name = ? AND id <= ?", (name, at)).fetchone()
    return None if row is None else next(iter(_users(db, [row[0]], at, now)), None)


def by_credential(db: sqlite3.Connection, credential_id: str, *, at: int, now: str) -> User | None:
    """Return the owner of a passkey, also of a removed one: a passkey never changes owner."""
    row = db.execute(
        "SELECT user FROM passkey WHERE credential_id = ? AND position <= ?", (credential_id, at)
    ).fetchone()
    return None if row is None else next(iter(_users(db, [row[0]], at, now)), None)


def page(
    db: sqlite3.Connection, *, at: int, now: str, limit: int, cursor: str | None = None
) -> Page[User]:
    """Return people in order of registration.

    Raises MalformedError `cursor_invalid`.
    """
    after = 0 if cursor is None else decode_cursor(NAME, cursor)
    rows = db.execute(
        "SELECT id, 1 FROM user WHERE id > ? AND id <= ? ORDER BY id LIMIT ?",
        (after, at, limit + 1),
    )
    numbers, last = collect(rows, limit)
    further = None if last is None else encode_cursor(NAME, last)
    return Page(_users(db, numbers, at, now), further, at)


def recovering(db: sqlite3.Connection, *, at: int, now: str, limit: int) -> list[User]:
    """Return people with a recovery that waits, those that end first."""
    return _users(db, people_recovering(db, at=at, now=now, limit=limit), at, now)


def by_numbers(db: sqlite3.Connection, numbers: Sequence[int], *, at: int, now: str) -> list[User]:
    """Return the people with these stream numbers, in order of registration."""
    return _users(db, list(numbers), at, now)


def holding(db: sqlite3.Connection, role: str, *, at: int, limit: int) -> list[int]:
    """Return the stream numbers of people who hold a role as of a position."""
    rows = db.execute(
        "SELECT DISTINCT user FROM user_role WHERE role = ?1 AND position <= ?2 AND ended > ?2"
        " ORDER BY user LIMIT ?3",
        (role, at, limit),
    )
    return [number for (number,) in rows]


def roles_of(db: sqlite3.Connection, number: int, *, at: int) -> frozenset[str]:
    """Return the roles of the person with this stream number, as of a position."""
    query = "SELECT role FROM user_role WHERE user = ?1 AND position <= ?2 AND ended > ?2"
    return frozenset(role for (role,) in db.execute(query, (number, at)))


def people(db: sqlite3.Connection, numbers: Iterable[int]) -> dict[int, NamedPerson]:
    """Return the people with these stream numbers."""
    rows = db.execute(
        "SELECT u.id, s.uuid, u.name FROM user u JOIN stream s ON s.id = u.id"
        " WHERE u.id IN (SELECT value FROM json_each(?))",
        (json_list(numbers),),
    )
    return {number: NamedPerson(uuid_text(uuid), name) for number, uuid, name in rows}


def admitted_by_operator(db: sqlite3.Connection, numbers: Iterable[int]) -> set[int]:
    """Return those of these stream numbers whose people the operator let in."""
    rows = db.execute(
        "SELECT id FROM user WHERE id IN (SELECT value FROM json_each(?)) AND admitted_by = ?",
        (json_list(numbers), OPERATOR),
    )
    return {number for (number,) in rows}


def streams(db: sqlite3.Connection, users: Sequence[str]) -> list[int]:
    """Return the stream numbers of the people with these ids, without those who do not exist."""
    found: list[int] = []
    for start in range(0, len(users), _CHUNK):
        uuids = [bytes.fromhex(user.replace("-", "")) for user in users[start : start + _CHUNK]]
        marks = ", ".join("?" * len(uuids))
        rows = db.execute(f"SELECT id FROM stream WHERE uuid IN ({marks})", uuids)  # noqa: S608  # question marks
        found += [number for (number,) in rows]
    return found


def names(db: sqlite3.Connection, users: Sequence[str], *, at: int) -> dict[str, str]:
    """Return the names of the people with these ids who are registered by a position."""
    numbers = [number for number in streams(db, users) if number <= at]
    return {person.id: person.name for person in people(db, numbers).values()}


def uuid_text(uuid: bytes) -> str:
    """Return a stored UUID as text."""
    return str(UUID(bytes=uuid))


def _users(db: sqlite3.Connection, numbers: list[int], at: int, now: str) -> list[User]:
    given = {"users": json_list(numbers), "at": at, "now": now}
    roles, passkeys, kids, unaffirmed = (_grouped(db, query, given) for query in _OF_USERS)
    waiting = recoveries(db, numbers, at=at, now=now)
    rows = db.execute(_USERS, given)
    return [
        User(
            id=uuid_text(uuid),
            name=name,
            standing=standing or "active",
            roles=roles[number],
            credential_ids=passkeys[number],
            kids=kids[number],
            registered_at=registered_at,
            position=number,
            recovering=waiting.get(number, []),
            re_enrolled_at=re_enrolled_at,
            admitted_by=admitted_by,
            unaffirmed=unaffirmed[number],
        )
        for number, uuid, name, registered_at, standing, re_enrolled_at, admitted_by in rows
    ]


_USERS = f"""
SELECT u.id, s.uuid, u.name, u.at,
    (SELECT {STANDING} FROM user_standing h WHERE h.user = u.id AND h.position <= :at
        ORDER BY h.position DESC LIMIT 1),
    (SELECT max({FROM}) FROM passkey e WHERE e.user = u.id AND {COMPLETE}), u.admitted_by
FROM user u JOIN stream s ON s.id = u.id
WHERE u.id IN (SELECT value FROM json_each(:users)) AND u.id <= :at ORDER BY u.id
"""  # noqa: S608  # constants
_OF_USERS = (
    "SELECT user, role FROM user_role WHERE user IN (SELECT value FROM json_each(:users))"
    " AND position <= :at AND ended > :at ORDER BY position",
    "SELECT user, credential_id FROM passkey p WHERE user IN (SELECT value FROM json_each(:users))"  # noqa: S608
    f" AND {HELD.format(row='p')} ORDER BY position",
    "SELECT user, kid FROM signing_key k WHERE user IN (SELECT value FROM json_each(:users))"  # noqa: S608
    f" AND k.service IS NULL AND {KEY_IN_FORCE.format(row='k')} ORDER BY position",
    "SELECT user, kid FROM signing_key k WHERE user IN (SELECT value FROM json_each(:users))"  # noqa: S608
    f" AND {_UNENDED.format(row='k')} AND {_STOPPED.format(row='k')} ORDER BY position",
)


def _grouped(db: sqlite3.Connection, query: str, given: dict[str, Any]) -> dict[int, list[str]]:
    groups: dict[int, list[str]] = defaultdict(list)
    for number, value in db.execute(query, given):
        groups[number].append(value)
    return groups
