"""Who accepted which governance policy, and which policies pending changes set."""

import sqlite3
from collections import defaultdict
from typing import NamedTuple

import msgspec

from ledger.domain.changes.items import SetGovernance, parse_content
from ledger.domain.events import GovernanceAccepted, StatementDrafted, UserRegistered
from ledger.domain.policy import Node
from ledger.sqlite.bulk_insert import write
from projections.facts import Batch
from projections.spans import search
from projections.summaries import summaries

NAME = "acceptances"
VERSION = 1
# `acceptance.policy` is a digest; `proposal.policy` is the policy that a change sets, as JSON.
TABLES: tuple[str, ...] = (
    "CREATE TABLE acceptance(user INTEGER NOT NULL, position INTEGER NOT NULL,"
    " policy TEXT NOT NULL, PRIMARY KEY(user, position)) STRICT, WITHOUT ROWID",
    "CREATE TABLE proposal(statement INTEGER PRIMARY KEY, policy TEXT NOT NULL) STRICT",
)
INDEXES: tuple[str, ...] = ("CREATE INDEX acceptance_by_policy ON acceptance(policy, position)",)
_SETS = "EXISTS(SELECT 1 FROM proposal p WHERE p.statement = s.id)"


class Proposal(NamedTuple):
    """A pending change that sets the governance policy."""

    change: str
    policy: Node


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Add what people accepted, and the policies that changes set."""
    accepted = [
        (fact.stream, fact.position, fact.body.accepts)
        for fact in batch.of(UserRegistered)
        if fact.body.accepts is not None
    ]
    accepted += [
        (fact.stream, fact.position, fact.body.policy_sha256)
        for fact in batch.of(GovernanceAccepted)
    ]
    write(db, "INSERT INTO acceptance {rows}", accepted)
    proposed = [
        (fact.stream, msgspec.json.encode(item.policy).decode())
        for fact in batch.of(StatementDrafted)
        if fact.body.change is not None
        for item in parse_content(fact.body.change)
        if isinstance(item, SetGovernance)
    ]
    write(db, "INSERT OR REPLACE INTO proposal {rows}", proposed)  # the last one comes into force


def accepted(db: sqlite3.Connection, digest: str, *, at: int) -> dict[int, frozenset[str]]:
    """Return the stream numbers of everybody who accepted a policy, as of a position.

    Each has the roles that they hold since then.
    """
    rows = db.execute(
        "SELECT a.user, r.role FROM acceptance a LEFT JOIN user_role r ON r.user = a.user"
        " AND r.position <= a.position AND r.ended > :at"
        " WHERE a.policy = :policy AND a.position <= :at",
        {"policy": digest, "at": at},
    )
    held: dict[int, set[str]] = defaultdict(set)
    for user, role in rows:
        held[user].update([] if role is None else [role])
    return {user: frozenset(roles) for user, roles in held.items()}


def proposals(db: sqlite3.Connection, *, at: int, now: str, limit: int) -> list[Proposal]:
    """Return the pending changes that set the governance policy, newest first."""
    given = {"at": at, "now": now, "below": at + 1}
    found, _ = search(db, "pending", _SETS, given, limit)
    shown = summaries(db, found, at=at, now=now)
    return [Proposal(each.id, _policy(db, each.position)) for each in shown]


def _policy(db: sqlite3.Connection, number: int) -> Node:
    (stored,) = db.execute("SELECT policy FROM proposal WHERE statement = ?", (number,)).fetchone()
    return msgspec.json.decode(stored, type=Node)
