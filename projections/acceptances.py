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
from projections.losses import LAST
from projections.users import uuid_text

NAME = "acceptances"
VERSION = 1
# `acceptance.policy` is a digest; `proposal.policy` is the policy that a change sets, as JSON.
TABLES: tuple[str, ...] = (
    "CREATE TABLE acceptance(user INTEGER NOT NULL, position INTEGER NOT NULL,"
    " policy TEXT NOT NULL, PRIMARY KEY(user, position)) STRICT, WITHOUT ROWID",
    "CREATE TABLE proposal(statement INTEGER PRIMARY KEY, policy TEXT NOT NULL) STRICT",
)
INDEXES: tuple[str, ...] = ("CREATE INDEX acceptance_by_policy ON acceptance(policy, position)",)


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


def accepted(
    db: sqlite3.Connection, digest: str, *, at: int, user: int | None = None
) -> dict[int, frozenset[str]]:
    """Return the stream numbers of everybody who accepted a policy, or of one of them.

    Each has the roles that they hold since then.
    """
    rows = db.execute(
        "SELECT a.user, r.role FROM acceptance a LEFT JOIN user_role r ON r.user = a.user"  # noqa: S608
        " AND r.position <= a.position AND r.ended > :at"
        " WHERE a.policy = :policy AND a.position <= :at AND a.user = coalesce(:user, a.user)"
        # After a loss everybody accepts it anew.
        f" AND a.position > {LAST}",
        {"policy": digest, "at": at, "user": user},
    )
    held: dict[int, set[str]] = defaultdict(set)
    for number, role in rows:
        held[number].update([] if role is None else [role])
    return {number: frozenset(roles) for number, roles in held.items()}


def proposals(db: sqlite3.Connection, *, at: int, now: str, limit: int) -> list[Proposal]:
    """Return the pending changes that set the governance policy, newest first."""
    rows = db.execute(
        "SELECT t.uuid, p.policy FROM proposal p JOIN statement s ON s.id = p.statement"
        " JOIN stream t ON t.id = p.statement"
        " WHERE s.id <= :at AND s.final > :at AND s.expires_at > :now"
        " ORDER BY p.statement DESC LIMIT :limit",
        {"at": at, "now": now, "limit": limit},
    )
    return [Proposal(uuid_text(id), msgspec.json.decode(stored, type=Node)) for id, stored in rows]
