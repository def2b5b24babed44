"""The decisions on a statement: who decided, what, and the evidence as received."""

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from ledger.domain.events import Recorded, StatementRejected, StatementSigned, StatementWithdrawn
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.vocabulary import DecisionKind, Form, KeyStatus
from ledger.errors import CorruptError
from ledger.sqlite.bulk_insert import write
from projections.facts import Batch, LogReader
from projections.outlook import Decided
from projections.rows import json_list
from projections.users import NamedPerson, people, roles_of, uuid_text

# Stored in `decision.kind`. Counts of approvals and the General JWS select by these numbers.
SHARED, INDIVIDUAL, REJECTION, WITHDRAWAL = range(4)

_FORMS: dict[Form, int] = {"shared": SHARED, "individual": INDIVIDUAL}

TABLE = (
    "CREATE TABLE decision(statement INTEGER NOT NULL, position INTEGER NOT NULL,"
    " person INTEGER NOT NULL, kind INTEGER NOT NULL,"
    " PRIMARY KEY(statement, position)) STRICT, WITHOUT ROWID"
)


class Decision(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Describe one decision.

    `jws` is the approval or the signed act; `key_status` is its key's status at the position shown.
    """

    position: int
    decision: DecisionKind
    person: NamedPerson
    roles: list[str]
    kid: str
    at: str
    form: Form | None = None
    reason: str | None = None
    jws: str
    assertion: AssertionEvidence | None = None
    key_status: KeyStatus


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Add the decisions of the batch. A stored decision never changes."""
    rows = [
        (
            fact.stream,
            fact.position,
            fact.actor,
            _FORMS[fact.body.form],
        )
        for fact in batch.of(StatementSigned)
    ]
    for body, kind in ((StatementRejected, REJECTION), (StatementWithdrawn, WITHDRAWAL)):
        rows += [(fact.stream, fact.position, fact.actor, kind) for fact in batch.of(body)]
    write(db, "INSERT INTO decision {rows}", rows)


def of_statement(
    db: sqlite3.Connection, log: LogReader, statement: int, *, at: int
) -> list[Decision]:
    """Return the decisions on a statement up to a position, oldest first.

    Raises CorruptError `event_unexpected` if the log has another event type at one of their
    positions.
    """
    rows = db.execute(
        "SELECT position, person FROM decision WHERE statement = ? AND position <= ?"
        " ORDER BY position",
        (statement, at),
    ).fetchall()
    numbers = dict(rows)
    named = people(db, numbers.values())
    recorded = log.events_at([*numbers])
    revoked = _revoked(db, recorded, at)
    return [
        _decision(db, each, named[numbers[each.position]], numbers[each.position], revoked)
        for each in recorded
    ]


def positions(db: sqlite3.Connection, statement: int, kind: int, *, at: int) -> list[int]:
    """Return the positions of a statement's decisions of one kind, oldest first."""
    rows = db.execute(
        "SELECT position FROM decision WHERE statement = ? AND position <= ? AND kind = ?"
        " ORDER BY position",
        (statement, at, kind),
    )
    return [position for (position,) in rows]


def decided_by(db: sqlite3.Connection, statement: int, *, at: int) -> Decided:
    """Return who approved and who rejected a statement up to a position, each by the last word."""
    rows = db.execute(
        "SELECT d.person, s.uuid, d.position, d.kind FROM decision d JOIN stream s"
        " ON s.id = d.person WHERE d.statement = ? AND d.position <= ? ORDER BY d.position",
        (statement, at),
    )
    approved: dict[str, frozenset[str]] = {}
    rejected: dict[str, frozenset[str]] = {}
    for person, uuid, position, kind in rows:
        user, roles = uuid_text(uuid), roles_of(db, person, at=position)
        if kind == REJECTION:
            rejected[user] = roles
        elif kind != WITHDRAWAL:
            approved[user] = roles
            rejected.pop(user, None)
    return Decided(approved, rejected)


def _decision(
    db: sqlite3.Connection, recorded: Recorded, person: NamedPerson, number: int, revoked: set[str]
) -> Decision:
    body = recorded.event.body
    if not isinstance(body, StatementSigned | StatementRejected | StatementWithdrawn):
        raise CorruptError("event_unexpected", f"no decision at position {recorded.position}")
    shared: dict[str, Any] = {
        "position": recorded.position,
        "person": person,
        "kid": body.kid,
        "at": recorded.event.at,
        "key_status": "revoked" if body.kid in revoked else "active",
    }
    match body:
        case StatementSigned():
            return Decision(
                decision="approval",
                roles=list(body.roles),
                form=body.form,
                jws=body.jws,
                assertion=body.assertion,
                **shared,
            )
        case StatementRejected():
            return Decision(
                decision="rejection",
                roles=list(body.roles),
                reason=body.reason,
                jws=body.act,
                assertion=body.assertion,
                **shared,
            )
        case StatementWithdrawn():
            # The event records no roles: a withdrawal does not depend on them.
            roles = sorted(roles_of(db, number, at=recorded.position))
            return Decision(
                decision="withdrawal", roles=roles, reason=body.reason, jws=body.act, **shared
            )


def _revoked(db: sqlite3.Connection, recorded: Sequence[Recorded], at: int) -> set[str]:
    kids = json_list({getattr(each.event.body, "kid", "") for each in recorded})
    rows = db.execute(
        "SELECT kid FROM signing_key WHERE kid IN (SELECT value FROM json_each(?))"
        " AND revoked <= ?",
        (kids, at),
    )
    return {kid for (kid,) in rows}
