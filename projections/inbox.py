"""The inbox: statements that wait for a person's decision and that the decision can still change.

A policy with steps waits for the people of the open step, and for those with a veto. A statement
that today's people cannot approve, or that is below the floor, waits for nobody.

Whom a policy and its veto ask is in the table of `readers`: `user:…` and `role:…`, never a list of
people. So a person who registers or gets a role later finds the statements that already wait.
"""

import heapq
import sqlite3
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from ledger import clock
from ledger.domain.events import StatementDrafted
from ledger.domain.vocabulary import AUDITOR
from ledger.sqlite.bulk_insert import write
from projections import paging, spans
from projections.calls import InboxOwner, Situations, call, first_within, policy_sizes
from projections.decisions import RETRACTION
from projections.facts import OPEN, Batch, find_stream
from projections.paging import Page, decode_keys, encode_cursor
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
_OPEN = (
    f"FROM statement s WHERE s.final = {OPEN} AND s.expires_at > :now AND s.id <= :at AND {_AFTER}"
    " ORDER BY s.expires_at, s.id"
)
# Of the first :examined of them, those that ask; and the last of these, if there are so many.
# SQLite gives Python's lock away at each row that it returns: it returns few.
_ASKING = (
    f"SELECT expires_at, id FROM (SELECT s.expires_at, s.id, {_WAITS} AS waits {_OPEN}"  # noqa: S608
    " LIMIT :examined) WHERE waits"
)
_LAST_EXAMINED = f"SELECT s.expires_at, s.id {_OPEN} LIMIT 1 OFFSET :examined - 1"
# Those that were pending at :at and have closed since: of the present there are none.
_CLOSED_SINCE = f"s.final < {OPEN} AND {_AFTER} AND {_WAITS}"
_ENDS = "SELECT expires_at, id FROM statement WHERE id IN (SELECT value FROM json_each(?))"


# How often one page looks for further statements in place of those that it leaves out.
MOST_LOOKS = 5
# Of the policies that one page looks into, about as long as the longest. To find out whom a policy
# of 4,096 people needs takes 10 to 40 ms, and every page of the site counts an inbox.
MOST_POLICY_BYTES = 200_000


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
    statements than `limit` and still a cursor. After MOST_POLICY_BYTES of policies, the others that
    ask for the person are taken to need them, so that long policies hide nothing. Of the statements
    that have closed since, it finds the newest EXAMINED at most. Raises MalformedError
    `cursor_invalid`.
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
    keys: tuple[int, ...] | None = (0, 0)
    if cursor is not None:
        keys = decode_keys(NAME, cursor, 2)
    me = asked(db, user_id, at=at)
    if me is None:
        return [], None
    given = {"at": at, "now": now, "user": me.number, "members": json_list(me.members)}
    given["examined"] = paging.EXAMINED
    found: list[int] = []
    left = MOST_POLICY_BYTES
    for _ in range(MOST_LOOKS):
        if keys is None or len(found) == limit:
            break
        asking = _look(db, me, given | _after(*keys), limit - len(found), left)
        found += asking.needing
        left -= asking.read_bytes
        keys = asking.further
        if not asking.left_out:
            break
    return found, None if keys is None else encode_cursor(NAME, *keys)


def _after(ends_ms: int, number: int) -> dict[str, Any]:
    return {"ends": clock.to_text(min(ends_ms, clock.LAST_MS)), "after": number}


class _Asking(NamedTuple):
    """Statements that ask for a person: those that need them, and how many do not.

    `read_bytes` is how long the policies were that told, and `further` where the list goes on.
    """

    needing: list[int]
    left_out: int
    read_bytes: int
    further: tuple[int, int] | None


def _look(
    db: sqlite3.Connection, me: InboxOwner, given: dict[str, Any], limit: int, left: int
) -> _Asking:
    """Return the next `limit` statements that ask for the person."""
    found, further = _ask(db, given, limit)
    if not found:
        return _Asking([], 0, 0, further)
    sizes = policy_sizes(db, found)
    within = first_within(found, sizes, left)
    told = Situations(db, within, at=given["at"], now=given["now"])
    left_out = {each for each in within if call(told.of(each), me) != "needed"}
    needing = [each for each in found if each not in left_out]
    read_bytes = sum(sizes[each] for each in within)
    return _Asking(needing, len(left_out), read_bytes, further)


def _ask(
    db: sqlite3.Connection, given: dict[str, Any], limit: int
) -> tuple[list[int], tuple[int, int] | None]:
    """Return up to `limit` statements that ask for the person, and where the list goes on."""
    closed, examined = _closed_since(db, given), None
    asking = [*islice(heapq.merge(db.execute(_ASKING, given), closed), limit + 1)]
    if len(asking) <= limit or closed:
        examined = db.execute(_LAST_EXAMINED, given).fetchone()
        if examined is not None:
            asking = [each for each in asking if each <= examined]
    last = asking[limit - 1] if len(asking) > limit else examined
    further = None if last is None else (clock.to_ms(last[0]), last[1])
    return [number for _, number in asking[:limit]], further


def _closed_since(db: sqlite3.Connection, given: dict[str, Any]) -> list[tuple[str, int]]:
    if not spans.has_closed_since(db, given["at"]):
        return []
    below = {"below": given["at"] + 1}
    numbers, _ = spans.search(db, "pending", _CLOSED_SINCE, given | below, paging.EXAMINED)
    return sorted(db.execute(_ENDS, (json_list(numbers),)))
