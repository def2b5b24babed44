"""One-line summaries of statements as of a position, as every list shows them."""

import sqlite3
from typing import Any

import msgspec

from ledger.domain.vocabulary import Status
from projections.decisions import INDIVIDUAL, REJECTION
from projections.questioned import IN_QUESTION
from projections.retracted import RETRACTED
from projections.rows import json_list
from projections.users import NamedPerson, uuid_text
from projections.versions import SUPERSEDED


class StatementSummary(msgspec.Struct, frozen=True, rename="camel"):
    """A statement in a list; `approvals` and `rejections` count people.

    `account` is the service account with which its creator drafted it, None without one.
    Decisions in question are counted apart. `needed` is the least number of people who can meet its
    policy. A pending one expires at `expires_at`.
    """

    id: str
    title: str
    creator: NamedPerson
    created_at: str
    status: Status
    approvals: int
    rejections: int
    in_question: int
    needed: int
    expires_at: str
    sha256: str
    position: int
    changed_position: int
    account: str | None


# The status of the statement `s` at the position :at and the time :now.
STATUS_AT = (
    f"CASE WHEN {SUPERSEDED} THEN 'superseded' WHEN s.final <= :at THEN s.status"
    " WHEN s.expires_at <= :now THEN 'expired' ELSE 'pending' END"
)


_SUMMARIES = f"""
SELECT s.id, i.uuid, x.title, c.uuid, u.name, x.created_at, {STATUS_AT},
    coalesce(sum(d.kind <= {INDIVIDUAL} AND NOT {IN_QUESTION} AND NOT {RETRACTED}), 0),
    coalesce(sum(d.kind = {REJECTION} AND NOT {IN_QUESTION} AND NOT {RETRACTED}), 0),
    coalesce(sum({IN_QUESTION}), 0),
    x.needed, s.expires_at, x.sha256, coalesce(max(d.position), s.id), y.name
FROM statement s
JOIN statement_text x ON x.id = s.id
JOIN stream i ON i.id = s.id
JOIN stream c ON c.id = s.creator
JOIN user u ON u.id = s.creator
LEFT JOIN account_act y ON y.position = s.id
LEFT JOIN decision d ON d.statement = s.id AND d.position <= :at
WHERE s.id IN (SELECT value FROM json_each(:ids)) AND s.id <= :at
GROUP BY s.id ORDER BY s.id DESC
"""  # noqa: S608  # constants


def summaries(
    db: sqlite3.Connection, numbers: list[int], *, at: int, now: str
) -> list[StatementSummary]:
    """Return the statements of these stream numbers as of a position, newest first."""
    given = {"ids": json_list(numbers), "at": at, "now": now}
    return [StatementSummary(**_members(row)) for row in db.execute(_SUMMARIES, given)]


def _members(row: tuple[Any, ...]) -> dict[str, Any]:
    uuid, creator, name, digest = row[1], row[3], row[4], row[12]
    return {
        "id": uuid_text(uuid),
        "title": row[2],
        "creator": NamedPerson(uuid_text(creator), name),
        "created_at": row[5],
        "status": row[6],
        "approvals": row[7],
        "rejections": row[8],
        "in_question": row[9],
        "needed": row[10],
        "expires_at": row[11],
        "sha256": digest.hex(),
        "position": row[0],
        "changed_position": row[13],
        "account": row[14],
    }
