"""Which statements are due for erasure by the retention rule of their type: a query, no table.

The newest definition of a type has its rule. A statement is due when it is final and its time is
over; what is held, what a pending version is to replace, and what can still be used is left out. A
list proposes and erases nothing: people approve a change.
"""

import sqlite3
from heapq import merge

import msgspec

from ledger import clock
from ledger.domain.retention import DAY_MS, Retention
from ledger.domain.statement_types import TypeDefinition, parse_definition
from ledger.domain.usable import Usable
from ledger.domain.vocabulary import Status
from ledger.sqlite.files import MAX_INTEGER
from projections import losses, stops, timeline, types, versions
from projections.facts import LogReader
from projections.one_statement import document
from projections.paging import EXAMINED
from projections.summaries import STATUS_AT, summaries
from projections.users import uuid_text


class DueStatement(msgspec.Struct, frozen=True, rename="camel"):
    """A statement whose erasure its type's rule proposes: since when, and how it stands."""

    id: str
    type: str
    status: Status
    final_at: str
    due_at: str


class DuePage(msgspec.Struct, frozen=True):
    """Some statements that are due, and the position after which the next page goes on."""

    items: list[DueStatement]
    next: int | None


# A statement is never due sooner than so many days after its draft, so older drafts are enough.
_CANDIDATES = f"""
SELECT s.id, i.uuid, s.type, {STATUS_AT} FROM statement s JOIN stream i ON i.id = s.id
WHERE s.type = :type AND s.id > :after AND s.id <= :last AND {STATUS_AT} <> 'pending'
    AND NOT EXISTS(SELECT 1 FROM hold h WHERE h.held = i.uuid AND h.kind = 'statement'
        AND h.position <= :at AND h.ended > :at)
    AND ({versions.SUPERSEDED} OR NOT EXISTS(SELECT 1 FROM version v JOIN statement n ON n.id = v.id
        WHERE v.earlier = i.uuid AND v.replaced IS NOT NULL AND n.final > :at AND n.id <= :at
        AND n.expires_at > :now))
ORDER BY s.id
"""  # noqa: S608  # constants


def due(
    db: sqlite3.Connection, log: LogReader, *, at: int, now: str, limit: int, after: int = 0
) -> DuePage:
    """Return the first statements that are due as of a position and a time, oldest first.

    Those that were drafted later than a position, `next` of the page before. A page examines
    EXAMINED statements: it may have fewer than `limit`, even none, and still have a next one.
    """
    found: list[DueStatement] = []
    rules = {each.name: rule for each, rule in _rules(db, at=at)}
    given = {"at": at, "now": now, "after": after}
    waiting = [
        db.execute(_CANDIDATES, given | {"type": name, "last": _last(db, rule, at=at, now=now)})
        for name, rule in rules.items()
    ]
    for examined, (number, uuid, name, status) in enumerate(merge(*waiting), start=1):
        final_at = _final_at(db, number, at=at, now=now)
        drafted_ms = clock.to_ms(timeline.time_of(db, number))
        due_ms = rules[name].due_ms(drafted_ms=drafted_ms, final_ms=clock.to_ms(final_at))
        is_due = due_ms <= clock.to_ms(now)
        if is_due and not _may_be_used(db, log, number, status, at=at, now=now):
            due_at = clock.to_text(due_ms)
            found.append(DueStatement(uuid_text(uuid), name, status, final_at, due_at))
        if len(found) == limit or examined == EXAMINED:
            return DuePage(found, number)
    return DuePage(found, None)


def _rules(db: sqlite3.Connection, *, at: int) -> list[tuple[TypeDefinition, Retention]]:
    """Return the types that have a rule in their newest version, retired ones too."""
    newest = types.newest(db, at=at, limit=MAX_INTEGER - 1)
    known = [parse_definition(each.definition).definition for each in newest]
    return [(each, each.retention) for each in known if each.retention is not None]


def _last(db: sqlite3.Connection, rule: Retention, *, at: int, now: str) -> int:
    """Return the newest position whose draft a rule can propose by now, 0 without one."""
    time_ms = clock.to_ms(now) - rule.days * DAY_MS
    if time_ms <= 0:
        return 0
    return timeline.position_at(db, clock.to_text(time_ms), newest=at)


def _final_at(db: sqlite3.Connection, number: int, *, at: int, now: str) -> str:
    """Return when a statement took its status, which is final."""
    ended = versions.end_of(db, number, at=at)
    if ended is not None:
        return timeline.time_of(db, ended[0])
    (summary,) = summaries(db, [number], at=at, now=now)
    return stops.final_at(db, summary, at) or now


class _Usable(msgspec.Struct):
    usable: Usable | None = None


def _may_be_used(
    db: sqlite3.Connection, log: LogReader, number: int, status: Status, *, at: int, now: str
) -> bool:
    """Tell whether a use of an approved statement is left; only its document says until when."""
    if status != "approved" or losses.precedes(db, number, at=at):
        return False
    usable = msgspec.json.decode(document(log, number), type=_Usable).usable
    if usable is None or (usable.until is not None and usable.until <= now):
        return False
    (used,) = db.execute(_USED, {"statement": number, "at": at}).fetchone()
    return usable.times > int(used)


_USED = (
    "SELECT count(*) FROM statement_use u WHERE u.statement = :statement AND u.position <= :at"
    " AND NOT EXISTS(SELECT 1 FROM use_report r WHERE r.statement = u.statement"
    " AND r.number = u.number AND r.generation = u.generation AND r.frees AND r.position <= :at)"
)
