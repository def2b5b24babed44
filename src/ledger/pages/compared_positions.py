"""What differs between two positions: statements by status, people by roles, standing and keys.

It reads the views, for the streams that have an event between the two. `ledger diff` compares
everything from the log alone.
"""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from ledger.domain.readers import Reader
from ledger.pages.texts import text
from projections import readers, timeline, users
from projections.summaries import StatementSummary, summaries
from projections.users import User

MOST_SHOWN = 50


class ComparedSubject(NamedTuple):
    """A statement or person that differs; `before` is empty if it was not there."""

    kind: str
    id: str
    name: str
    before: str
    after: str


class ComparedPositions(NamedTuple):
    """The two positions, what differs, and whether only the newest are shown.

    `statements` has the stream numbers of those that were looked at.
    """

    first: int
    last: int
    subjects: list[ComparedSubject]
    has_more: bool
    statements: frozenset[int]


def compared_positions(
    db: sqlite3.Connection, reader: Reader, first: int, last: int
) -> ComparedPositions:
    """Return what a reader sees differ between two positions, the newest subjects first."""
    first, last = min(first, last), max(first, last)
    numbers, has_more = timeline.streams_between(db, first, last, limit=MOST_SHOWN)
    shown = readers.readable(db, reader, numbers)
    then, now = timeline.time_of(db, first), timeline.time_of(db, last)
    was = {each.position: each for each in summaries(db, [*shown], at=first, now=then)}
    subjects = [
        ComparedSubject("statement", each.id, each.title, _status(was.get(each.position)), told)
        for each in summaries(db, [*shown], at=last, now=now)
        if (told := _status(each)) != _status(was.get(each.position))
    ]
    people = users.by_numbers(db, [*_known(db, numbers, last)], at=last, now=now)
    before = {
        each.id: each
        for each in users.by_numbers(db, [*_known(db, numbers, first)], at=first, now=then)
    }
    subjects += [
        ComparedSubject("person", each.id, each.name, _person(before.get(each.id)), told)
        for each in people
        if (told := _person(each)) != _person(before.get(each.id))
    ]
    return ComparedPositions(first, last, subjects, has_more, shown)


def _known(db: sqlite3.Connection, numbers: Iterable[int], at: int) -> Iterable[int]:
    return sorted(number for number in users.people(db, numbers) if number <= at)


def _status(statement: StatementSummary | None) -> str:
    if statement is None:
        return ""
    status = text(f"status.{statement.status}")
    return text(
        "audit.compare.status", status=status, n=statement.approvals, needed=statement.needed
    )


def _person(person: User | None) -> str:
    if person is None:
        return ""
    roles = ", ".join(person.roles) or text("audit.compare.no-role")
    standing = _standing(person)
    keys = text("audit.compare.keys", count=len(person.kids))
    passkeys = text("audit.compare.passkeys", count=len(person.credential_ids))
    return f"{standing}{roles}; {keys}, {passkeys}"


def _standing(person: User) -> str:
    if person.standing == "active":
        return ""
    return f"{text(f'people.standing.{person.standing}').lower()}; "
