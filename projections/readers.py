"""Who may read a statement, as a condition of every query that returns one.

`ledger.domain.readers` has the rule. Here it is SQL: for each statement, who it is for, and its
participants as the members that its document names, never as a list of people. So a person who
gets a role finds the statements that its holders read. The roles that count are those of today,
also for a question about the past: a role that ended opens nothing, and a new role opens the whole
history.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from ledger.domain import policy
from ledger.domain.readers import Reader
from ledger.domain.vocabulary import ReadBy
from projections.facts import OPEN, Fact, asked_by, find_stream
from projections.rows import json_list
from projections.users import roles_of

# `asked` tells whether the member can decide: it is of the policy or of the veto.
TABLE = (
    "CREATE TABLE statement_member(statement INTEGER NOT NULL, member TEXT NOT NULL,"
    " asked INTEGER NOT NULL, PRIMARY KEY(statement, member)) STRICT, WITHOUT ROWID"
)
INDEXES = (
    "CREATE INDEX statement_by_member ON statement_member(member)",
    "CREATE INDEX statement_for_everyone ON statement(for_everyone) WHERE for_everyone = 1",
)
# The person :reader, whose members are :members, takes part in the statement `s`.
PARTICIPATES = (
    "(s.creator = :reader OR EXISTS(SELECT 1 FROM statement_member r WHERE r.statement = s.id"
    " AND r.member IN (SELECT value FROM json_each(:members))))"
)
# The same person may read the statement `s`.
READABLE = f"(:reads_all OR s.for_everyone OR {PARTICIPATES})"
_FOREIGN = f"NOT {PARTICIPATES} AND NOT EXISTS(SELECT 1 FROM change c WHERE c.statement = s.id)"  # noqa: S608  # constants
MOST_ARMS = 100  # the members of one reader that `newest` merges


def rows(fact: Fact) -> list[tuple[Any, ...]]:
    """Return the rows of a drafted statement for TABLE."""
    document = fact.body.document
    users = () if document.usable is None else document.usable.by
    rules, named = document.policy, {*(document.readers or ()), *users, *fact.body.drafters}
    asked = policy.members(rules).union(rules.veto)
    if (replaced := asked_by(fact)) is not None:
        asked |= policy.members(replaced)
    members = asked.union(named) if named else asked
    return [(fact.stream, member, member in asked) for member in members]


def of(db: sqlite3.Connection, user: str) -> Reader:
    """Return a signed-in person as a reader, with the roles that they have now."""
    number = find_stream(db, user)
    return Reader(user, frozenset() if number is None else roles_of(db, number, at=OPEN - 1))


def read_by(db: sqlite3.Connection, number: int) -> ReadBy:
    """Return who may read the statement with this stream number."""
    query = "SELECT for_everyone FROM statement WHERE id = ?"
    return "everyone" if db.execute(query, (number,)).fetchone()[0] else "participants"


def given(db: sqlite3.Connection, reader: Reader) -> dict[str, Any]:
    """Return the parameters of READABLE and PARTICIPATES."""
    return {
        "reader": find_stream(db, reader.user) or 0,  # never NULL: a condition would be unknown
        "reads_all": reader.reads_all,
        "members": json_list(reader.members),
    }


def readable(db: sqlite3.Connection, reader: Reader, numbers: Iterable[int]) -> frozenset[int]:
    """Return those of these statements, by stream number, that a person may read."""
    return _those(db, reader, READABLE, numbers)


def foreign(db: sqlite3.Connection, reader: Reader, numbers: Iterable[int]) -> frozenset[int]:
    """Return those of these statements in which a person takes no part; changes are nobody's."""
    return _those(db, reader, _FOREIGN, numbers)


def _those(
    db: sqlite3.Connection, reader: Reader, condition: str, numbers: Iterable[int]
) -> frozenset[int]:
    found = db.execute(
        "SELECT s.id FROM statement s"  # noqa: S608  # constants
        " WHERE s.id IN (SELECT value FROM json_each(:ids))"
        f" AND {condition}",
        given(db, reader) | {"ids": json_list(numbers)},
    )
    return frozenset(number for (number,) in found)


def newest(reader: Reader) -> tuple[str, dict[str, Any]]:
    """Return the query of what a person may read, newest first, and its further parameters.

    Each row is a statement's number and whether they may read it. An index each has the statements
    for everyone, those that the person created, and those of each of their members, in order. They
    are merged, so the cost does not grow with what others may read.
    """
    members = reader.members
    if reader.reads_all or len(members) > MOST_ARMS:
        condition = "1" if reader.reads_all else READABLE
        rows = f"SELECT s.id, {condition} FROM statement s"  # noqa: S608  # constants
        return f"{rows} WHERE s.id < :below ORDER BY s.id DESC", {}
    names = {f"member{number}": member for number, member in enumerate(members)}
    arms: Sequence[str] = (
        "SELECT id FROM statement WHERE for_everyone = 1 AND id < :below",
        "SELECT id FROM statement WHERE creator = :reader AND id < :below",
        *(
            f"SELECT statement FROM statement_member WHERE member = :{name}"  # noqa: S608  # names from here
            " AND statement < :below"
            for name in names
        ),
    )
    return f"SELECT id, 1 FROM ({' UNION '.join(arms)} ORDER BY 1 DESC)", names  # noqa: S608  # constants
