"""The inbox: statements that wait for a person's decision and that the decision can still change.

A policy with steps waits for the people of the open step, and for those with a veto.

Whom a policy and its veto ask is in the table of `readers`: `user:…` and `role:…`, never a list of
people. So a person who registers or gets a role later finds the statements that already wait. A
statement that today's people cannot approve, or that is below the floor, waits for nobody.
"""

import sqlite3

import msgspec

from ledger.domain.events import StatementDrafted
from ledger.domain.policy import Policy, may_veto
from ledger.domain.vocabulary import AUDITOR
from ledger.sqlite.bulk_insert import write
from projections import floor, spans
from projections.decisions import RETRACTION, decided_by
from projections.facts import Batch, find_stream
from projections.outlook import able, missing, outlook, refusals
from projections.paging import Page, decode_cursor, encode_cursor
from projections.questioned import IN_QUESTION
from projections.retracted import RETRACTED
from projections.rows import json_list
from projections.summaries import StatementSummary, summaries
from projections.users import roles_of

NAME = "inbox"
VERSION = 4
TABLES: tuple[str, ...] = (
    "CREATE TABLE statement_policy(statement INTEGER PRIMARY KEY, policy BLOB NOT NULL) STRICT",
)
INDEXES: tuple[str, ...] = ()


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Store the policy of each drafted statement."""
    policies = [
        (fact.stream, msgspec.json.encode(fact.body.document.policy))
        for fact in batch.of(StatementDrafted)
    ]
    write(db, "INSERT INTO statement_policy {rows}", policies)


# `spans` finds pending, unexpired statements; these conditions filter them.
_WAITS = (
    "(s.creator_may_sign OR s.creator <> :user)"  # noqa: S608  # a constant
    " AND EXISTS(SELECT 1 FROM statement_member m WHERE m.statement = s.id"
    " AND m.asked AND m.member IN (SELECT value FROM json_each(:members)))"
    " AND NOT EXISTS(SELECT 1 FROM decision d WHERE d.statement = s.id"
    f" AND d.person = :user AND d.position <= :at AND d.kind <> {RETRACTION}"
    f" AND NOT {IN_QUESTION} AND NOT {RETRACTED})"
)


def page(
    db: sqlite3.Connection,
    *,
    user_id: str,
    at: int,
    now: str,
    limit: int,
    cursor: str | None = None,
) -> Page[StatementSummary]:
    """Return the statements that wait for a person as of a position, newest first.

    A page can have fewer statements than `limit` and still a cursor: those that today's people
    cannot approve are left out of it. Raises MalformedError `cursor_invalid`.
    """
    below = at + 1 if cursor is None else min(at + 1, decode_cursor(NAME, cursor))
    user = find_stream(db, user_id)
    roles = frozenset() if user is None else roles_of(db, user, at=at)
    if user is None or roles <= {AUDITOR}:
        return Page([], None, at)
    asked = [f"user:{user_id}", *(f"role:{role}" for role in roles)]
    given = {"at": at, "now": now, "below": below, "user": user, "members": json_list(asked)}
    found, last = spans.search(db, "pending", _WAITS, given, limit)
    further = None if last is None else encode_cursor(NAME, last)
    shown = summaries(db, found, at=at, now=now)
    me = (user_id, roles)
    return Page([each for each in shown if _is_open(db, each, me, at, now)], further, at)


def policy_of(db: sqlite3.Connection, number: int) -> Policy:
    """Return the policy of the statement with this stream number."""
    query = "SELECT policy FROM statement_policy WHERE statement = ?"
    (stored,) = db.execute(query, (number,)).fetchone()
    return msgspec.json.decode(stored, type=Policy)


def _is_open(
    db: sqlite3.Connection,
    shown: StatementSummary,
    me: tuple[str, frozenset[str]],
    at: int,
    now: str,
) -> bool:
    """Tell whether a person who has not decided yet can make a difference now."""
    rules = policy_of(db, shown.position)
    if floor.is_below(db, shown.position, rules, floor.in_force(db, at=at)):
        return False
    decided = decided_by(db, shown.position, at=at)
    is_asked = not rules.ordered or may_veto(rules, *me)
    if not is_asked and refusals(rules, shown.creator.id, decided).of(*me) is not None:
        return False  # another step is open
    count = len(decided.approved) + len(decided.rejected)
    willing = able(db, rules, decided=count, at=at, now=now)
    found = missing(rules, shown.creator.id, decided, willing)
    return outlook(found, decided, willing) == "open"
