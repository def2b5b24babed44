"""The types that pages show: those that a person drafts, and all of them in words."""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from ledger.domain import policy
from ledger.domain.policy_words import listed, many_of, policy_sentence
from ledger.domain.statement_types import TypeDefinition, parse_definition
from ledger.domain.vocabulary import AUDITOR
from ledger.pages.uses import usable_sentence
from projections import types, users
from projections.types import TypeDetail
from projections.users import User

_SHOWN = 100  # types on a page


class ShownType(NamedTuple):
    """A type in words: its newest version, who drafts it, its policy, and its executors."""

    about: TypeDetail
    drafters: str
    policy: str
    usable: str


def shown(db: sqlite3.Connection, *, at: int) -> list[ShownType]:
    """Return the newest types as of a position, also retired ones."""
    found = types.newest(db, at=at, limit=_SHOWN)
    definitions = [parse_definition(each.definition).definition for each in found]
    names = users.names(db, sorted(_people(definitions)), at=at)
    return [
        ShownType(
            about=each,
            drafters=listed([many_of(member, names) for member in known.drafters]),
            policy=policy_sentence(known.policy, names),
            usable="" if known.usable is None else usable_sentence(known.usable, names),
        )
        for each, known in zip(found, definitions, strict=True)
    ]


def drafted_by(db: sqlite3.Connection, me: User, *, at: int) -> list[ShownType]:
    """Return the types in force whose statements this person drafts."""
    roles = frozenset(me.roles)
    return [
        each
        for each in shown(db, at=at)
        if each.about.is_in_force
        and not roles <= {AUDITOR}
        and any(
            policy.covers(member, me.id, roles)
            for member in parse_definition(each.about.definition).definition.drafters
        )
    ]


def _people(definitions: Sequence[TypeDefinition]) -> set[str]:
    found: set[str] = set()
    for each in definitions:
        executors = () if each.usable is None else each.usable.by
        members = {*each.drafters, *policy.members(each.policy), *each.policy.veto, *executors}
        found |= {member[5:] for member in members if member.startswith("user:")}
    return found
