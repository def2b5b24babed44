"""What every page asks of people who hold a place in governance and have not accepted it."""

import sqlite3
from typing import NamedTuple

import msgspec

from ledger.domain import policy
from ledger.domain.governance import policy_digest
from ledger.domain.policy import Node
from ledger.domain.vocabulary import AUDITOR
from ledger.pages.policy_texts import node_phrase
from projections import acceptances, rules, users
from projections.users import User

_SHOWN = 3  # pending changes of governance


class Awaited(NamedTuple):
    """A governance policy to accept, in words and as JSON; `change` is the one that sets it."""

    words: str
    policy: str
    change: str | None


def awaited(db: sqlite3.Connection, me: User, *, at: int, now: str) -> list[Awaited]:
    """Return the policies in which a person fills a place that they have not accepted."""
    in_force = rules.in_force(db, at=at).governance
    proposed = acceptances.proposals(db, at=at, now=now, limit=_SHOWN)
    asked: list[tuple[str | None, Node]] = [(None, in_force), *proposed]
    found = []
    for change, node in asked:
        if _places(me, frozenset(me.roles), node) - _accepted(db, me, node, at=at):
            names = users.names(db, [str(each) for each in policy.people_named(node)], at=at)
            stated = msgspec.json.encode(node).decode()
            found.append(Awaited(node_phrase(node, names), stated, change))
    return found


def counts(db: sqlite3.Connection, me: User, node: Node, *, at: int) -> bool:
    """Tell whether a person fills a place of a governance policy that they have accepted."""
    return bool(_accepted(db, me, node, at=at))


def _accepted(db: sqlite3.Connection, me: User, node: Node, *, at: int) -> frozenset[str]:
    held = acceptances.accepted(db, policy_digest(node), at=at, user=me.position).get(me.position)
    return frozenset() if held is None else _places(me, held, node)


def _places(me: User, roles: frozenset[str], node: Node) -> frozenset[str]:
    """Return the members of a policy whose places a person fills with these roles."""
    if frozenset(me.roles) <= {AUDITOR}:
        return frozenset()
    members = policy.members(node)
    return frozenset(each for each in members if policy.covers(each, me.id, roles))
