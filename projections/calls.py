"""Whom a pending statement calls: what it wants of a person whom its policy asks.

A statement that today's people cannot approve, or that is below the floor, calls nobody.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Literal, NamedTuple

import msgspec

from ledger.domain.places import Missing
from ledger.domain.policy import Policy, covering, may_approve, may_veto, members
from ledger.domain.steps import open_step
from projections import floor
from projections.decisions import decided_by
from projections.outlook import (
    Decided,
    Roles,
    able,
    missing,
    outlook,
    refusals,
    to_meet,
)
from projections.rows import json_list
from projections.users import uuid_text

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


def policy_sizes(db: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, int]:
    """Return how many bytes the policies of statements have, by stream number."""
    return dict(db.execute(_SIZES, (json_list(numbers),)))


_SIZES = (
    "SELECT statement, length(policy) FROM statement_policy"
    " WHERE statement IN (SELECT value FROM json_each(?))"
)


def first_within(numbers: Sequence[int], sizes: Mapping[int, int], left: int) -> list[int]:
    """Return the first statements whose policies are within a bound, up to the one to reach it."""
    before = accumulate((sizes[number] for number in numbers), initial=0)
    return [number for number, taken in zip(numbers, before, strict=False) if taken < left]


def policy_of(db: sqlite3.Connection, number: int) -> Policy:
    """Return the policy of the statement with this stream number."""
    query = "SELECT policy FROM statement_policy WHERE statement = ?"
    (stored,) = db.execute(query, (number,)).fetchone()
    return msgspec.json.decode(stored, type=Policy)


_FROM_NEAREST: tuple[Call, ...] = ("needed", "needed_later", "not_needed")


class Situation(NamedTuple):
    """What today's people can make of a pending statement; whom it calls follows from it.

    `parts` has each policy that it must meet, with the decisions that count and what is missing;
    None if it waits for nobody.
    """

    rules: Policy
    creator: str
    parts: list[tuple[Policy, Decided, Missing]] | None


_DRAFTED = """
SELECT s.id, p.policy, v.replaced, c.uuid FROM statement s
JOIN statement_policy p ON p.statement = s.id JOIN stream c ON c.id = s.creator
LEFT JOIN version v ON v.id = s.id
WHERE s.id IN (SELECT value FROM json_each(?))
"""


class Situations:
    """The situations of pending statements as of a position and a time.

    What they share is read once: most statements of a list have the policy of one type, and each
    row that is read gives Python's lock away.
    """

    def __init__(
        self, db: sqlite3.Connection, numbers: Sequence[int], *, at: int, now: str
    ) -> None:
        """Read what tells the situations of the statements with these stream numbers."""
        self._db, self._at, self._now = db, at, now
        self._floor = floor.in_force(db, at=at)
        self._drafted = {row[0]: row[1:] for row in db.execute(_DRAFTED, (json_list(numbers),))}
        self._decided = decided_by(db, numbers, at=at)
        self._able: dict[tuple[bytes, int], dict[str, frozenset[str]]] = {}

    def of(self, number: int) -> Situation:
        """Return the situation of one of the statements."""
        own, replaced, creator_uuid = self._drafted[number]
        rules, creator = msgspec.json.decode(own, type=Policy), uuid_text(creator_uuid)
        if floor.is_below(self._db, number, rules, self._floor):
            return Situation(rules, creator, None)
        other = None if replaced is None else msgspec.json.decode(replaced, type=Policy)
        asked = to_meet(rules, other, creator, self._decided[number])
        parts: list[tuple[Policy, Decided, Missing]] = []
        for stored, (each, given) in zip((own, replaced), asked, strict=False):
            willing = self._willing(stored, each, len(given.approved) + len(given.rejected))
            found = missing(each, creator, given, willing)
            if found is None or outlook(found, given, willing) != "open":
                return Situation(rules, creator, None)
            parts.append((each, given, found))
        return Situation(rules, creator, parts)

    def _willing(self, stored: bytes, rules: Policy, decided: int) -> Roles:
        key = (stored, decided)
        if key not in self._able:
            self._able[key] = able(self._db, rules, decided=decided, at=self._at, now=self._now)
        return self._able[key]


def call(found: Situation, me: InboxOwner) -> Call:
    """Return what a pending statement wants of a person whom it asks and who has not decided."""
    if found.parts is None:
        return "nobody"
    if may_veto(found.rules, me.id, me.roles):
        return "needed"
    calls = [_of_policy(part, found.creator, me) for part in found.parts]
    return next(each for each in _FROM_NEAREST if each in calls)


def _of_policy(part: tuple[Policy, Decided, Missing], creator: str, me: InboxOwner) -> Call:
    rules, decided, lacking = part
    if not may_approve(rules, me.id, me.roles, creator=creator):
        return "not_needed"
    if not rules.ordered:
        return "needed" if _is_named(lacking.helping, me) else "not_needed"
    refused = refusals(rules, creator, decided).of(me.id, me.roles)
    if refused is None:
        return "needed"
    opened = open_step(rules, decided.approved, decided.steps) or len(rules.ordered)
    later = any(_is_named(members(step), me) for step in rules.ordered[opened:])
    return "needed_later" if later else "not_needed"


def _is_named(by: frozenset[str], me: InboxOwner) -> bool:
    return not by.isdisjoint(covering(me.id, me.roles))
