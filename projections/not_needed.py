"""Statements that asked for a person's decision and no longer need it.

They are final, or others have filled the person's places. A person who decided on one finds it
among those that they are involved in, and not here.
"""

import sqlite3

from projections.calls import InboxOwner, Situations, call, first_within, policy_sizes
from projections.decisions import INDIVIDUAL
from projections.inbox import MOST_POLICY_BYTES, UNDECIDED, asked
from projections.readers import MOST_ARMS
from projections.retracted import RETRACTED
from projections.rows import json_list
from projections.summaries import StatementSummary, summaries

LOOKED_AT = 100  # how many of the newest statements that ask for the person are looked at
# The statements that name a member, newest first. They are merged, as `readers.newest` does.
_NAMING = (
    "SELECT * FROM (SELECT statement FROM statement_member WHERE member = :member{number}"
    " AND asked AND statement <= :at ORDER BY statement DESC LIMIT :looked)"
)
# Final ones only if they became so after the person came: no other ever needed them.
_UNDECIDED = f"""
SELECT s.id FROM statement s
WHERE s.id IN (SELECT value FROM json_each(:ids)) AND s.creator <> :user AND s.final > :user
    AND {UNDECIDED}
ORDER BY s.id DESC
"""  # noqa: S608  # constants
# The versions among these whose family has an earlier one that the person :user approved.
_APPROVED_EARLIER = f"""
SELECT v.id FROM version v WHERE v.id IN (SELECT value FROM json_each(:ids)) AND EXISTS(
    SELECT 1 FROM (
        SELECT o.id FROM version o WHERE o.root = v.root
        UNION ALL SELECT i.id FROM stream i WHERE i.uuid = v.root
    ) f JOIN decision d ON d.statement = f.id
    WHERE f.id < v.id AND d.person = :user AND d.position <= :at AND d.kind <= {INDIVIDUAL}
        AND NOT {RETRACTED}
)
"""  # noqa: S608  # constants


def not_needed(
    db: sqlite3.Connection, user_id: str, *, at: int, now: str, limit: int
) -> list[StatementSummary]:
    """Return up to `limit` statements that no longer need a person, the newest draft first.

    Pending ones whose policies are beyond MOST_POLICY_BYTES in all are left out.
    """
    me = asked(db, user_id, at=at)
    if me is None:
        return []
    numbers = _asking(db, me, at)
    given = {"ids": json_list(numbers), "user": me.number, "at": at}
    undecided = [number for (number,) in db.execute(_UNDECIDED, given)]
    listed = summaries(db, undecided, at=at, now=now)
    pending = [each.position for each in listed if each.status == "pending"]
    told = first_within(pending, policy_sizes(db, pending), MOST_POLICY_BYTES)
    situations = Situations(db, told, at=at, now=now)
    found: list[StatementSummary] = []
    for each in listed:
        if len(found) == limit:
            break
        if each.status == "pending" and each.position not in told:
            continue
        if each.status != "pending" or call(situations.of(each.position), me) == "not_needed":
            found.append(each)
    return found


def _asking(db: sqlite3.Connection, me: InboxOwner, at: int) -> list[int]:
    members = me.members[:MOST_ARMS]
    given = {f"member{number}": member for number, member in enumerate(members)}
    arms = " UNION ".join(_NAMING.format(number=number) for number in range(len(members)))
    rows = db.execute(
        f"{arms} ORDER BY 1 DESC LIMIT :looked",
        given | {"at": at, "looked": LOOKED_AT},
    )
    return [number for (number,) in rows]


def changed_since_approval(
    db: sqlite3.Connection, user: int, statements: list[StatementSummary], *, at: int
) -> frozenset[str]:
    """Return the ids of those that are new versions of what a person, by number, approved."""
    given = {"ids": json_list([each.position for each in statements]), "user": user, "at": at}
    numbers = {number for (number,) in db.execute(_APPROVED_EARLIER, given)}
    return frozenset(each.id for each in statements if each.position in numbers)
