"""Registered people, with their roles, passkeys and active keys."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec

from ledger.domain.events import (
    CompromiseDeclared,
    CompromiseSet,
    PasskeyAdded,
    PasskeyRemoved,
    PersonSuspended,
    RecoveryCancelled,
    RoleClosed,
    RoleEnded,
    RoleGranted,
    StandingSet,
    UserRegistered,
)
from ledger.domain.vocabulary import PersonStanding
from ledger.sqlite.bulk_insert import write
from projections.facts import OPEN, Batch, Fact, find_stream
from projections.paging import Page, collect, decode_cursor, encode_cursor
from projections.rows import json_list

NAME = "users"
VERSION = 3
_CHUNK = 500  # fewer than the smallest limit of SQLite on parameters
TABLES: tuple[str, ...] = (
    "CREATE TABLE user(id INTEGER PRIMARY KEY, name TEXT NOT NULL, at TEXT NOT NULL) STRICT",
    "CREATE TABLE user_role(user INTEGER NOT NULL, position INTEGER NOT NULL, role TEXT NOT NULL,"
    " ended INTEGER NOT NULL, PRIMARY KEY(user, position)) STRICT, WITHOUT ROWID",
    "CREATE TABLE user_standing(user INTEGER NOT NULL, position INTEGER NOT NULL,"
    " standing TEXT NOT NULL, PRIMARY KEY(user, position)) STRICT, WITHOUT ROWID",
    "CREATE TABLE passkey(position INTEGER PRIMARY KEY, credential_id TEXT NOT NULL,"
    " user INTEGER NOT NULL, removed INTEGER NOT NULL, active_from TEXT) STRICT",
)
INDEXES: tuple[str, ...] = (
    "CREATE INDEX user_role_by_role ON user_role(role, position)",
    "CREATE UNIQUE INDEX passkey_by_credential ON passkey(credential_id)",
    "CREATE INDEX passkey_by_user ON passkey(user)",
    "CREATE INDEX passkey_that_waits ON passkey(active_from) WHERE active_from IS NOT NULL",
)


class NamedPerson(msgspec.Struct, frozen=True):
    """A person's id and name, as other records refer to them."""

    id: str
    name: str


class Recovering(msgspec.Struct, frozen=True, rename="camel"):
    """A passkey that a recovery code added and that does not work yet."""

    credential_id: str
    active_from: str


class User(msgspec.Struct, frozen=True, rename="camel"):
    """A person as of a position; `kids` are the signing keys active then."""

    id: str
    name: str
    roles: list[str]
    credential_ids: list[str]
    kids: list[str]
    registered_at: str
    position: int
    standing: PersonStanding = "active"
    recovering: Recovering | None = None


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Add people, roles and passkeys; end roles and removed passkeys."""
    registered, granted = batch.of(UserRegistered), batch.of(RoleGranted)
    people = [(fact.stream, fact.body.name, fact.at) for fact in registered]
    write(db, "INSERT INTO user {rows}", people)
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
    passkeys = [
        (fact.position, fact.body.credential_id, fact.stream, OPEN, fact.body.active_from)
        for fact in batch.of(PasskeyAdded)
    ]
    write(db, "INSERT INTO passkey {rows}", passkeys)
    for fact in batch.of(PasskeyRemoved):
        _remove(db, fact, fact.body.credential_id)
    for fact in batch.of(CompromiseDeclared, CompromiseSet):
        for reference in (fact.body.compromised, *fact.body.also):
            _remove(db, fact, reference.removeprefix("passkey:"))
    for fact in batch.of(RecoveryCancelled):
        _remove(db, fact, fact.body.recovery.removeprefix("passkey:"))
    moved = [(fact.stream, fact.position, "suspended") for fact in batch.of(PersonSuspended)]
    moved += [(fact.stream, fact.position, fact.body.standing) for fact in batch.of(StandingSet)]
    write(db, "INSERT INTO user_standing {rows}", moved)


def _remove(db: sqlite3.Connection, fact: Fact, credential_id: str) -> None:
    db.execute(
        "UPDATE passkey SET removed = ? WHERE credential_id = ? AND removed = ? AND user = ?",
        (fact.position, credential_id, OPEN, fact.stream),
    )


def by_id(db: sqlite3.Connection, user_id: str, *, at: int, now: str) -> User | None:
    """Return the person as of a position; None if not yet registered."""
    number = find_stream(db, user_id)
    return None if number is None else next(iter(_users(db, [number], at, now)), None)


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
    query = (
        "SELECT user FROM passkey WHERE active_from > ?1 AND position <= ?2 AND removed > ?2"
        " ORDER BY active_from LIMIT ?3"
    )
    numbers = [number for (number,) in db.execute(query, (now, at, limit))]
    return _users(db, numbers, at, now)


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


def streams(db: sqlite3.Connection, users: Sequence[str]) -> list[int]:
    """Return the stream numbers of the people with these ids, without those who do not exist."""
    found: list[int] = []
    for start in range(0, len(users), _CHUNK):
        uuids = [UUID(user).bytes for user in users[start : start + _CHUNK]]
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
    roles, passkeys, kids = (_grouped(db, query, given) for query in _OF_USERS)
    rows = db.execute(
        "SELECT u.id, s.uuid, u.name, u.at, (SELECT standing FROM user_standing"
        " WHERE user = u.id AND position <= :at ORDER BY position DESC LIMIT 1),"
        " (SELECT credential_id || ' ' || active_from FROM passkey WHERE user = u.id"
        " AND position <= :at AND removed > :at AND active_from > :now)"
        " FROM user u JOIN stream s ON s.id = u.id"
        " WHERE u.id IN (SELECT value FROM json_each(:users)) AND u.id <= :at ORDER BY u.id",
        given,
    )
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
            recovering=None if waiting is None else Recovering(*waiting.split(" ")),
        )
        for number, uuid, name, registered_at, standing, waiting in rows
    ]


_OF_USERS = (
    "SELECT user, role FROM user_role WHERE user IN (SELECT value FROM json_each(:users))"
    " AND position <= :at AND ended > :at ORDER BY position",
    "SELECT user, credential_id FROM passkey WHERE user IN (SELECT value FROM json_each(:users))"
    " AND position <= :at AND removed > :at ORDER BY position",
    "SELECT user, kid FROM signing_key WHERE user IN (SELECT value FROM json_each(:users))"
    " AND position <= :at AND revoked > :at AND coalesce(expires_at > :now, 1) ORDER BY position",
)


def _grouped(db: sqlite3.Connection, query: str, given: dict[str, Any]) -> dict[int, list[str]]:
    groups: dict[int, list[str]] = defaultdict(list)
    for number, value in db.execute(query, given):
        groups[number].append(value)
    return groups


def passkey_positions(
    db: sqlite3.Connection, users: Sequence[str], *, at: int, also_ended: bool = False
) -> list[int]:
    """Return where the live passkeys of these people were added, or all, oldest first."""
    query = (
        "SELECT position FROM passkey WHERE user IN (SELECT value FROM json_each(:users))"
        " AND position <= :at AND (removed > :at OR :all) ORDER BY position"
    )
    given = {"users": json_list(streams(db, users)), "at": at, "all": also_ended}
    return [position for (position,) in db.execute(query, given)]
