"""The decisions on a statement: who decided, what, and the evidence as received."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from ledger import clock
from ledger.domain.events import (
    ApprovalRetracted,
    Recorded,
    StatementDecision,
    StatementRejected,
    StatementSigned,
    StatementWithdrawn,
)
from ledger.domain.late_acts import late_signed_at
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.vocabulary import OPERATOR, AdmittedBy, DecisionKind, Form, KeyStatus
from ledger.errors import CorruptError
from ledger.sqlite.bulk_insert import write
from projections import questioned, retracted
from projections.facts import Batch, Fact, LogReader
from projections.outlook import Decided
from projections.questioned import IN_QUESTION, key_number, passkey_number
from projections.retracted import RETRACTED
from projections.rows import json_list
from projections.users import (
    KEY_STATUS,
    NamedPerson,
    admitted_by_operator,
    people,
    roles_of,
    uuid_text,
)

# Stored in `decision.kind`. Counts of approvals and the General JWS select by these numbers.
SHARED, INDIVIDUAL, REJECTION, WITHDRAWAL, RETRACTION = range(5)

_FORMS: dict[Form, int] = {"shared": SHARED, "individual": INDIVIDUAL}
_KINDS: dict[type[StatementDecision], int] = {
    StatementRejected: REJECTION,
    ApprovalRetracted: RETRACTION,
    StatementWithdrawn: WITHDRAWAL,
}

TABLE = (
    "CREATE TABLE decision(statement INTEGER NOT NULL, position INTEGER NOT NULL,"
    " person INTEGER NOT NULL, kind INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
    " key INTEGER NOT NULL, passkey INTEGER, step INTEGER,"
    " PRIMARY KEY(statement, position)) STRICT, WITHOUT ROWID"
)


class Decision(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Describe one decision.

    `jws` is the approval or the signed act; `key_status` is its key's status at the position shown.
    A JWS of more than 64 KiB has no payload: of an approval in the shared form, it is the document.
    `step` is the step of the policy that an approval fills. A decision is in question if its key or
    passkey was declared compromised by then. `retracted` tells that its person took it back.
    `admitted_by` is `"operator"` where `ledger recover` let the person in. `late_signed_at` is when
    the person signed an approval that a restore had lost.
    """

    position: int
    decision: DecisionKind
    person: NamedPerson
    roles: list[str]
    kid: str
    at: str
    form: Form | None = None
    step: int | None = None
    reason: str | None = None
    jws: str
    assertion: AssertionEvidence | None = None
    key_status: KeyStatus
    in_question: bool = False
    retracted: bool = False
    admitted_by: AdmittedBy | None = None
    late_signed_at: str | None = None


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Add the decisions of the batch. A stored decision never changes."""
    rows = [
        _row(fact, _FORMS[fact.body.form], fact.body.step) for fact in batch.of(StatementSigned)
    ]
    for body, kind in _KINDS.items():
        rows += [_row(fact, kind) for fact in batch.of(body)]
    write(db, "INSERT INTO decision {rows}", rows)
    retracted.fold(db, batch)
    questioned.fold(db, batch)


def _row(fact: Fact, kind: int, step: int | None = None) -> tuple[Any, ...]:
    body = fact.body
    passkey = None if body.assertion is None else passkey_number(body.assertion.credential_id)
    at_ms, key = clock.to_ms(fact.at), key_number(body.kid)
    return fact.stream, fact.position, fact.actor, kind, at_ms, key, passkey, step


# Of one statement: a person can approve and retract every second. The last of each person is
# always there, so nobody's decision is crowded out.
MOST_DECISIONS = 1_000
MOST_READ_BYTES = 20_000_000  # an approval has the whole document in it
# The signatures of a statement of 1 MiB are as long as it is, each.
MOST_JWS_CHARS = 65_536
_AT_ONCE = 8  # events in memory

_SHOWN = f"""
SELECT position, person, {IN_QUESTION}, {RETRACTED} FROM decision d
WHERE statement = :statement AND position <= :at AND (position IN (
        SELECT position FROM decision WHERE statement = :statement AND position <= :at
        ORDER BY position DESC LIMIT :most
    ) OR position IN (
        SELECT max(position) FROM decision WHERE statement = :statement AND position <= :at
        GROUP BY person
    ))
ORDER BY position
"""  # noqa: S608  # constants


def count(db: sqlite3.Connection, statement: int, *, at: int) -> int:
    """Return how many decisions there are on a statement up to a position."""
    query = "SELECT count(*) FROM decision WHERE statement = ? AND position <= ?"
    (found,) = db.execute(query, (statement, at)).fetchone()
    return int(found)


def of_statement(
    db: sqlite3.Connection, log: LogReader, statement: int, *, size: int, at: int, now: str
) -> list[Decision]:
    """Return the newest decisions on a statement up to a position, oldest first.

    `size` is that of its document in bytes. There are at most MOST_DECISIONS, or as many as have
    MOST_READ_BYTES with the document in each, and the last of each person beside them. A JWS of
    more than MOST_JWS_CHARS is without its payload, as RFC 7515 appendix F writes it. Raises
    CorruptError `event_unexpected` if the log has another event type at one of their positions.
    """
    most = min(MOST_DECISIONS, MOST_READ_BYTES // size)
    rows = db.execute(_SHOWN, {"statement": statement, "at": at, "most": most}).fetchall()
    numbers = {position: person for position, person, _, _ in rows}
    doubted = {position for position, _, in_question, _ in rows if in_question}
    by_operator = admitted_by_operator(db, numbers.values())
    taken_back = {position for position, _, _, is_retracted in rows if is_retracted}
    named = people(db, numbers.values())
    asked, shown = [*numbers], list[Decision]()
    for start in range(0, len(asked), _AT_ONCE):
        recorded = log.events_at(asked[start : start + _AT_ONCE])
        keys = _key_statuses(db, recorded, at, now)
        for each in recorded:
            number = numbers[each.position]
            shown.append(_decision(db, each, named[number], number, keys))
    return [
        msgspec.structs.replace(
            each,
            in_question=each.position in doubted,
            retracted=each.position in taken_back and each.decision == "approval",
            admitted_by=OPERATOR if numbers[each.position] in by_operator else None,
        )
        for each in shown
    ]


def _shown_jws(jws: str) -> str:
    """Return a compact JWS, without its payload if it is long."""
    if len(jws) <= MOST_JWS_CHARS:
        return jws
    header, _, signature = jws.split(".", 2)
    return f"{header}..{signature}"


def positions(db: sqlite3.Connection, statement: int, kind: int, *, at: int) -> list[int]:
    """Return the positions of a statement's decisions of one kind, oldest first.

    Those that were taken back by then are left out.
    """
    rows = db.execute(
        "SELECT position FROM decision d WHERE statement = :statement AND position <= :at"  # noqa: S608
        f" AND kind = :kind AND NOT {RETRACTED} ORDER BY position",
        {"statement": statement, "at": at, "kind": kind},
    )
    return [position for (position,) in rows]


# The last word of each person on these statements, with the roles that they had then.
_LAST_WORDS = f"""
WITH last AS MATERIALIZED (
    SELECT statement, max(position) AS position FROM decision
    WHERE statement IN (SELECT value FROM json_each(:statements)) AND position <= :at
        AND kind <> {WITHDRAWAL}
    GROUP BY statement, person
)
SELECT d.statement, s.uuid, d.kind, d.step,
    (SELECT group_concat(r.role) FROM user_role r
        WHERE r.user = d.person AND r.position <= d.position AND r.ended > d.position)
FROM last l JOIN decision d ON d.statement = l.statement AND d.position = l.position
JOIN stream s ON s.id = d.person
WHERE d.kind <> {RETRACTION} AND NOT {IN_QUESTION}
ORDER BY d.position
"""  # noqa: S608  # constants


def decided_by(db: sqlite3.Connection, statements: Iterable[int], *, at: int) -> dict[int, Decided]:
    """Return who approved and who rejected each statement up to a position, by the last word.

    A last word that is in question by then does not count, and a retraction leaves none.
    """
    numbers = [*statements]
    approved: dict[int, dict[str, frozenset[str]]] = {each: {} for each in numbers}
    rejected: dict[int, dict[str, frozenset[str]]] = {each: {} for each in numbers}
    steps: dict[int, dict[str, int]] = {each: {} for each in numbers}
    given = {"statements": json_list(numbers), "at": at}
    for number, uuid, kind, step, roles in db.execute(_LAST_WORDS, given):
        person, decided = uuid_text(uuid), rejected if kind == REJECTION else approved
        decided[number][person] = frozenset(roles.split(",") if roles else ())
        if step is not None:
            steps[number][person] = step
    return {each: Decided(approved[each], rejected[each], steps[each]) for each in numbers}


def _decision(
    db: sqlite3.Connection,
    recorded: Recorded,
    person: NamedPerson,
    number: int,
    keys: Mapping[str, KeyStatus],
) -> Decision:
    body = recorded.event.body
    if not isinstance(body, StatementDecision):
        raise CorruptError("event_unexpected", f"no decision at position {recorded.position}")
    shared: dict[str, Any] = {
        "position": recorded.position,
        "person": person,
        "kid": body.kid,
        "at": recorded.event.at,
        "key_status": keys.get(body.kid, "active"),
    }
    match body:
        case StatementSigned():
            return Decision(
                decision="approval",
                roles=list(body.roles),
                form=body.form,
                step=body.step,
                jws=_shown_jws(body.jws),
                assertion=body.assertion,
                late_signed_at=late_signed_at(body),
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
        case ApprovalRetracted() | StatementWithdrawn():
            # The event records no roles: the decision does not depend on them.
            roles = sorted(roles_of(db, number, at=recorded.position))
            return Decision(
                decision="retraction" if isinstance(body, ApprovalRetracted) else "withdrawal",
                roles=roles,
                reason=body.reason,
                jws=body.act,
                assertion=body.assertion if isinstance(body, ApprovalRetracted) else None,
                **shared,
            )


def _key_statuses(
    db: sqlite3.Connection, recorded: Sequence[Recorded], at: int, now: str
) -> dict[str, KeyStatus]:
    kids = json_list({getattr(each.event.body, "kid", "") for each in recorded})
    rows = db.execute(
        f"SELECT kid, {KEY_STATUS.format(row='k')} FROM signing_key k"  # noqa: S608
        " WHERE kid IN (SELECT value FROM json_each(:kids))",
        {"kids": kids, "at": at, "now": now},
    )
    return dict(rows)
