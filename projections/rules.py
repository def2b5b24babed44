"""The rules that changes set: the roles there are, the governance policy, who may register."""

import sqlite3
from collections.abc import Iterable
from typing import Any, Literal, get_args
from uuid import UUID

import msgspec

from ledger.domain import governance
from ledger.domain.changes.items import Item, SetCharter, SetGovernance
from ledger.domain.events import CharterSet, GovernanceSet, LedgerCreated, RoleClosed, RoleDefined
from ledger.domain.policy import Node
from ledger.domain.vocabulary import ROLES, RegistrationMode
from ledger.sqlite.bulk_insert import write
from projections.facts import OPEN, Batch

NAME = "rules"
VERSION = 2
# `rule` has a row for each time a rule was set: the governance policy as JSON, or the mode.
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
    """A rule as it was set at a position: by a change, or by the founding."""

    position: int
    value: str
    change: str | None


class RulesInForce(msgspec.Struct, frozen=True):
    """The governance policy and who may register, as of a position."""

    governance: Node
    registration: RegistrationMode


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Add the roles that were defined and the rules that were set; close the closed roles."""
    defined = [(fact.body.role, fact.position, OPEN) for fact in batch.of(RoleDefined)]
    write(db, "INSERT INTO role {rows}", defined)
    for fact in batch.of(RoleClosed):
        db.execute("UPDATE role SET closed = ? WHERE name = ?", (fact.position, fact.body.role))
    rules: list[tuple[str, int, str, bytes | None]] = [
        ("registration", fact.position, fact.body.registration, None)
        for fact in batch.of(LedgerCreated)
    ]
    rules += [
        ("registration", fact.position, fact.body.registration, UUID(fact.body.change).bytes)
        for fact in batch.of(CharterSet)
    ]
    for fact in batch.of(GovernanceSet):
        policy = msgspec.json.encode(fact.body.policy).decode()
        rules.append(("governance", fact.position, policy, UUID(fact.body.change).bytes))
    write(db, "INSERT INTO rule {rows}", rules)


def in_force(db: sqlite3.Connection, *, at: int) -> RulesInForce:
    """Return the rules as of a position."""
    policy, mode = _value(db, "governance", at), _value(db, "registration", at)
    return RulesInForce(
        governance=governance.FOUNDING
        if policy is None
        else msgspec.json.decode(policy, type=Node),
        registration=msgspec.convert(mode or "invite", RegistrationMode),
    )


def history(
    db: sqlite3.Connection, kind: Literal["governance", "registration"], *, at: int, limit: int
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
    found: dict[str, Any] = {
        governance.values_digest(mode): {"registration": mode}
        for mode in get_args(RegistrationMode)
    }
    rows = db.execute("SELECT value FROM rule WHERE kind = 'governance' AND position <= ?", (at,))
    policies = [msgspec.json.decode(value, type=Node) for (value,) in rows] if wanted else []
    for policy in [governance.FOUNDING, *policies]:
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


def holders(db: sqlite3.Connection, role: str, at: int) -> int:
    """Return how many people hold a role as of a position, up to 1,000."""
    (count,) = db.execute(
        "SELECT count(*) FROM (SELECT DISTINCT user FROM user_role"
        " WHERE role = ?1 AND position <= ?2 AND ended > ?2 LIMIT ?3)",
        (role, at, MOST_COUNTED),
    ).fetchone()
    return int(count)
