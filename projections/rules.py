"""The rules that changes set: the roles there are, the governance policy, the charter's values."""

import sqlite3
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Literal
from uuid import UUID

import msgspec

from ledger import clock
from ledger.domain import charter_values, governance
from ledger.domain.changes.items import Item, SetCharter, SetGovernance
from ledger.domain.charter_values import CharterValues
from ledger.domain.events import CharterSet, GovernanceSet, LedgerCreated, RoleClosed, RoleDefined
from ledger.domain.policy import Node
from ledger.domain.vocabulary import ROLES, VOTING_ROLES
from ledger.sqlite.bulk_insert import write
from projections import timeline
from projections.facts import OPEN, Batch

NAME = "rules"
VERSION = 3
# `rule` has a row for each time a rule was set: the governance policy or the values, as JSON.
# `change` is the statement that set it, null for the founding.
TABLES: tuple[str, ...] = (
    "CREATE TABLE role(name TEXT PRIMARY KEY, position INTEGER NOT NULL,"
    " closed INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE rule(kind TEXT NOT NULL, position INTEGER NOT NULL, value TEXT NOT NULL,"
    " change BLOB, PRIMARY KEY(kind, position)) STRICT, WITHOUT ROWID",
)
INDEXES: tuple[str, ...] = ()
MOST_COUNTED = 1000


class Role(msgspec.Struct, frozen=True, rename="camel"):
    """A role as of a position; `holders` counts up to 1,000 people."""

    name: str
    is_built_in: bool
    is_closed: bool
    holders: int


class RuleSet(msgspec.Struct, frozen=True):
    """A rule, as JSON, as it was set at a position: by a change, or by the founding."""

    position: int
    value: str
    change: str | None


class RulesInForce(msgspec.Struct, frozen=True):
    """The governance policy and the charter's values, as of a position."""

    governance: Node
    values: CharterValues


def recovery_wait_ms(db: sqlite3.Connection, *, at: int, now: str) -> int:
    """Return how long a recovery waits that begins now, as `Charter.recovered_ms` decides it."""
    rows = db.execute(
        "SELECT value, position FROM rule WHERE kind = 'values' AND position <= ?"
        " ORDER BY position",
        (at,),
    ).fetchall()
    sets = [(msgspec.json.decode(value, type=CharterValues), place) for value, place in rows]
    until_ms = max(
        (
            charter_values.waits_until_ms(
                before, after, at_ms=clock.to_ms(timeline.time_of(db, place))
            )
            for (before, _), (after, place) in pairwise(sets)
        ),
        default=0,
    )
    return max(sets[-1][0].recovery_wait_ms, until_ms - clock.to_ms(now))


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Add the roles that were defined and the rules that were set; close the closed roles."""
    defined = [(fact.body.role, fact.position, OPEN) for fact in batch.of(RoleDefined)]
    write(db, "INSERT INTO role {rows}", defined)
    for fact in batch.of(RoleClosed):
        db.execute("UPDATE role SET closed = ? WHERE name = ?", (fact.position, fact.body.role))
    rules: list[tuple[str, int, str, bytes | None]] = [
        ("values", fact.position, _json(charter_values.founding(fact.body.registration)), None)
        for fact in batch.of(LedgerCreated)
    ]
    rules += [
        ("values", fact.position, _json(fact.body.values), UUID(fact.body.change).bytes)
        for fact in batch.of(CharterSet)
    ]
    for fact in batch.of(GovernanceSet):
        policy, change = _json(fact.body.policy), UUID(fact.body.change).bytes
        rules.append(("governance", fact.position, policy, change))
    write(db, "INSERT INTO rule {rows}", rules)


def _json(value: Node | CharterValues) -> str:
    return msgspec.json.encode(value).decode()


def in_force(db: sqlite3.Connection, *, at: int) -> RulesInForce:
    """Return the rules as of a position."""
    policy = _value(db, "governance", at)
    return RulesInForce(
        governance=governance.FOUNDING
        if policy is None
        else msgspec.json.decode(policy, type=Node),
        values=values(db, at=at),
    )


def values(db: sqlite3.Connection, *, at: int) -> CharterValues:
    """Return the charter's values as of a position; before the founding, those of a closed one."""
    stored = _value(db, "values", at)
    if stored is None:
        return charter_values.founding("invite")
    return msgspec.json.decode(stored, type=CharterValues)


def history(
    db: sqlite3.Connection, kind: Literal["governance", "values"], *, at: int, limit: int
) -> list[RuleSet]:
    """Return how a rule was set up to a position, newest first."""
    rows = db.execute(
        "SELECT position, value, change FROM rule WHERE kind = ? AND position <= ?"
        " ORDER BY position DESC LIMIT ?",
        (kind, at, limit),
    )
    return [
        RuleSet(position, value, None if change is None else str(UUID(bytes=change)))
        for position, value, change in rows
    ]


def replaced(db: sqlite3.Connection, items: Iterable[Item], *, at: int) -> dict[str, Any]:
    """Return the values that these items replace, by the digest that each states as `was`.

    A digest that no value up to the position had is left out.
    """
    wanted = {each.was for each in items if isinstance(each, SetCharter | SetGovernance)}
    if not wanted:
        return {}
    found: dict[str, Any] = {
        governance.policy_digest(governance.FOUNDING): msgspec.to_builtins(governance.FOUNDING)
    }
    for kind, value in db.execute("SELECT kind, value FROM rule WHERE position <= ?", (at,)):
        if kind == "values":
            values = msgspec.json.decode(value, type=CharterValues)
            found[charter_values.digest(values)] = msgspec.to_builtins(values)
        else:
            policy = msgspec.json.decode(value, type=Node)
            found[governance.policy_digest(policy)] = msgspec.to_builtins(policy)
    return {digest: value for digest, value in found.items() if digest in wanted}


def _value(db: sqlite3.Connection, kind: str, at: int) -> str | None:
    row = db.execute(
        "SELECT value FROM rule WHERE kind = ? AND position <= ? ORDER BY position DESC LIMIT 1",
        (kind, at),
    ).fetchone()
    return None if row is None else str(row[0])


def roles(db: sqlite3.Connection, *, at: int) -> list[Role]:
    """Return the roles as of a position: the built-in ones, then those that changes defined."""
    rows = db.execute(
        "SELECT name, closed FROM role WHERE position <= ? ORDER BY position", (at,)
    ).fetchall()
    found = [(name, True, False) for name in sorted(ROLES)]
    found += [(name, False, closed <= at) for name, closed in rows]
    return [Role(name, built_in, shut, holders(db, name, at)) for name, built_in, shut in found]


def signing_roles(db: sqlite3.Connection, *, at: int) -> frozenset[str]:
    """Return the open roles whose holders sign, as of a position."""
    rows = db.execute("SELECT name FROM role WHERE position <= ?1 AND closed > ?1", (at,))
    return VOTING_ROLES.union(name for (name,) in rows)


def holders(db: sqlite3.Connection, role: str, at: int) -> int:
    """Return how many people hold a role as of a position, up to 1,000."""
    (count,) = db.execute(
        "SELECT count(*) FROM (SELECT DISTINCT user FROM user_role"
        " WHERE role = ?1 AND position <= ?2 AND ended > ?2 LIMIT ?3)",
        (role, at, MOST_COUNTED),
    ).fetchone()
    return int(count)
