"""The inbox: statements that wait for a person's decision and that the decision can still change.

A policy with steps waits for the people of the open step, and for those with a veto. A statement
that today's people cannot approve, or that is below the floor, waits for nobody.

Whom a policy and its veto ask is in the table of `readers`: `user:…` and `role:…`, never a list of
people. So a person who registers or gets a role later finds the statements that already wait.
"""

import heapq
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple

import msgspec

from ledger import clock
from ledger.domain.events import StatementDrafted
from ledger.domain.policy import Policy, covers, may_approve, may_veto, members
from ledger.domain.steps import open_step
from ledger.domain.vocabulary import AUDITOR
from ledger.sqlite.bulk_insert import write
from projections import floor, spans, versions
from projections.decisions import RETRACTION, decided_by
from projections.facts import OPEN, Batch, find_stream
from projections.outlook import (
    Decided,
    Roles,
    able,
    for_own,
    for_replaced,
    missing,
    outlook,
    refusals,
)
from projections.paging import EXAMINED, Page, collect, decode_keys, encode_cursor
from projections.questioned import IN_QUESTION
from projections.retracted import RETRACTED
from projections.rows import json_list
from projections.summaries import StatementSummary, summaries
from projections.users import roles_of, uuid_text

NAME = "inbox"
VERSION = 4
TABLES: tuple[str, ...] = (
    "CREATE TABLE statement_policy(statement INTEGER PRIMARY KEY, policy BLOB NOT NULL) STRICT",
)
INDEXES: tuple[str, ...] = ()
# What a pending statement wants of a person who is asked and has not decided: a decision; one
# later, when another step is open; none, because others filled the person's places; or nothing of
# anybody, because today's people cannot meet its policy.
Call = Literal["needed", "needed_later", "not_needed", "nobody"]


class InboxOwner(msgspec.Struct, frozen=True):
    """A person whom statements can ask: id, stream number, roles, and how policies name them."""

    id: str
    number: int
    roles: frozenset[str]

    @property
    def members(self) -> list[str]:
        """The members of policies that name the person."""
        return [f"user:{self.id}", *(f"role:{role}" for role in sorted(self.roles))]


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Store the policy of each drafted statement."""
    policies = [
        (fact.stream, msgspec.json.encode(fact.body.document.policy))
        for fact in batch.of(StatementDrafted)
    ]
    write(db, "INSERT INTO statement_policy {rows}", policies)


# The person :user has not decided on the statement `s`, or no decision of theirs counts.
UNDECIDED = (
    "NOT EXISTS(SELECT 1 FROM decision d WHERE d.statement = s.id"  # noqa: S608  # constants
    f" AND d.person = :user AND d.position <= :at AND d.kind <> {RETRACTION}"
    f" AND NOT {IN_QUESTION} AND NOT {RETRACTED})"
)
_WAITS = (
    "(s.creator_may_sign OR s.creator <> :user)"  # noqa: S608  # constants
    " AND EXISTS(SELECT 1 FROM statement_member m WHERE m.statement = s.id"
    " AND m.asked AND m.member IN (SELECT value FROM json_each(:members)))"
    f" AND {UNDECIDED}"
)
# Pending statements that are open still, by deadline. The cursor's statement and those before it
# are left out.
_AFTER = "(s.expires_at, s.id) > (:ends, :after)"
_OPEN = f"""
SELECT s.expires_at, s.id, {_WAITS} FROM statement s
WHERE s.final = {OPEN} AND s.expires_at > :now AND s.id <= :at AND {_AFTER}
ORDER BY s.expires_at, s.id
"""  # noqa: S608  # constants
# Those that were pending at :at and have closed since: of the present there are none.
_CLOSED_SINCE = f"s.final < {OPEN} AND {_AFTER} AND {_WAITS}"
_ENDS = "SELECT expires_at, id, 1 FROM statement WHERE id IN (SELECT value FROM json_each(?))"


# How often one page looks for further statements in place of those that it leaves out.
MOST_LOOKS = 5


def asked(db: sqlite3.Connection, user_id: str, *, at: int) -> InboxOwner | None:
    """Return a person as statements can ask them; None for strangers and for mere auditors."""
    user = find_stream(db, user_id)
    roles = frozenset() if user is None else roles_of(db, user, at=at)
    return None if user is None or roles <= {AUDITOR} else InboxOwner(user_id, user, roles)


def page(
    db: sqlite3.Connection,
    *,
    user_id: str,
    at: int,
    now: str,
    limit: int,
    cursor: str | None = None,
) -> Page[StatementSummary]:
    """Return the statements that wait for a person as of a position, the next deadline first.

    Those that do not need the person are left out, and further ones are looked for, MOST_LOOKS
    times: after that, or after EXAMINED of which none asks for the person, a page can have fewer
    statements than `limit` and still a cursor. Of the statements that have closed since, it finds
    the newest EXAMINED at most. Raises MalformedError `cursor_invalid`.
    """
    numbers, further = _waiting(db, user_id, at, now, limit, cursor)
    found = {each.position: each for each in summaries(db, numbers, at=at, now=now)}
    return Page([found[number] for number in numbers], further, at)


def count(
    db: sqlite3.Connection, user_id: str, *, at: int, now: str, most: int
) -> tuple[int, bool]:
    """Return how many statements wait for a person, and whether there can be more.

    It reads the first page of `most` statements.
    """
    numbers, further = _waiting(db, user_id, at, now, most, None)
    return len(numbers), further is not None


def _waiting(
    db: sqlite3.Connection, user_id: str, at: int, now: str, limit: int, cursor: str | None
) -> tuple[list[int], str | None]:
    """Return the stream numbers of one page, and the cursor of the next."""
    found: list[int] = []
    for _ in range(MOST_LOOKS):
        asking, cursor = _look(db, user_id, at, now, limit - len(found), cursor)
        found += asking.needing
        if cursor is None or len(found) == limit or not asking.left_out:
            break
    return found, cursor


class _Asking(NamedTuple):
    """Statements that ask for a person: those that need them, and how many do not."""

    needing: list[int]
    left_out: int


def _look(
    db: sqlite3.Connection, user_id: str, at: int, now: str, limit: int, cursor: str | None
) -> tuple[_Asking, str | None]:
    """Return the next `limit` statements that ask for the person, and the next cursor."""
    ends_ms, after = (0, 0) if cursor is None else decode_keys(NAME, cursor, 2)
    if ends_ms > clock.LAST_MS:
        ends_ms = clock.LAST_MS
    me = asked(db, user_id, at=at)
    if me is None:
        return _Asking([], 0), None
    given: dict[str, Any] = {"at": at, "now": now, "user": me.number}
    given |= {"members": json_list(me.members), "ends": clock.to_text(ends_ms), "after": after}
    ends: dict[int, str] = {}

    def rows() -> Iterator[tuple[int, bool]]:
        for expires_at, number, matches in heapq.merge(
            db.execute(_OPEN, given), _closed_since(db, given)
        ):
            ends[number] = expires_at
            yield number, matches

    found, last = collect(rows(), limit)
    further = None if last is None else encode_cursor(NAME, clock.to_ms(ends[last]), last)
    needing = [each for each in found if call(db, each, me, at, now) == "needed"]
    return _Asking(needing, len(found) - len(needing)), further


def _closed_since(db: sqlite3.Connection, given: dict[str, Any]) -> list[tuple[str, int, int]]:
    if not spans.has_closed_since(db, given["at"]):
        return []
    below = {"below": given["at"] + 1}
    numbers, _ = spans.search(db, "pending", _CLOSED_SINCE, given | below, EXAMINED)
    return sorted(db.execute(_ENDS, (json_list(numbers),)))


def policy_of(db: sqlite3.Connection, number: int) -> Policy:
    """Return the policy of the statement with this stream number."""
    query = "SELECT policy FROM statement_policy WHERE statement = ?"
    (stored,) = db.execute(query, (number,)).fetchone()
    return msgspec.json.decode(stored, type=Policy)


_CREATOR = "SELECT c.uuid FROM statement s JOIN stream c ON c.id = s.creator WHERE s.id = ?"
_FROM_NEAREST: tuple[Call, ...] = ("needed", "needed_later", "not_needed")


def call(db: sqlite3.Connection, number: int, me: InboxOwner, at: int, now: str) -> Call:
    """Return what a pending statement wants of a person whom it asks and who has not decided."""
    rules, replaced = policy_of(db, number), versions.replaced_by(db, number)
    if floor.is_below(db, number, rules, floor.in_force(db, at=at)):
        return "nobody"
    creator = uuid_text(db.execute(_CREATOR, (number,)).fetchone()[0])
    decided = decided_by(db, number, at=at)
    policies = [(rules, decided if replaced is None else for_own(rules, creator, decided))]
    if replaced is not None:
        policies.append((replaced, for_replaced(replaced, creator, decided)))
    calls: list[Call] = []
    for each, given in policies:
        count = len(given.approved) + len(given.rejected)
        willing = able(db, each, decided=count, at=at, now=now)
        calls.append(_of_policy(each, creator, given, willing, me))
    if "nobody" in calls:
        return "nobody"
    if may_veto(rules, me.id, me.roles):
        return "needed"
    return next(each for each in _FROM_NEAREST if each in calls)


def _of_policy(
    rules: Policy, creator: str, decided: Decided, willing: Roles, me: InboxOwner
) -> Call:
    found = missing(rules, creator, decided, willing)
    if found is None or outlook(found, decided, willing) != "open":
        return "nobody"
    if not may_approve(rules, me.id, me.roles, creator=creator):
        return "not_needed"
    if not rules.ordered:
        return "needed" if _is_named(found.helping, me) else "not_needed"
    refused = refusals(rules, creator, decided).of(me.id, me.roles)
    if refused is None:
        return "needed"
    opened = open_step(rules, decided.approved, decided.steps) or len(rules.ordered)
    later = any(_is_named(members(step), me) for step in rules.ordered[opened:])
    return "needed_later" if later else "not_needed"


def _is_named(by: Iterable[str], me: InboxOwner) -> bool:
    return any(covers(member, me.id, me.roles) for member in by)
