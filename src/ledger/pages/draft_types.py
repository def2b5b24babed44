"""The types that pages show: those that a person drafts, and all of them in words."""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from ledger import clock
from ledger.domain import policy
from ledger.domain.retention import Retention
from ledger.domain.statement_types import TypeDefinition, parse_definition
from ledger.domain.vocabulary import AUDITOR, SupersededBy
from ledger.pages.policy_texts import listed, many_of, policy_sentence
from ledger.pages.texts import text
from ledger.pages.uses import usable_sentence
from ledger.pages.words import age_phrase, told_phrase
from projections import types, users
from projections.statements import StatementDetail
from projections.types import TypeDetail
from projections.users import User

_SHOWN = 100  # types on a page


class ShownType(NamedTuple):
    """A type in words: its newest version, who drafts it, its rules, how old a signature may be."""

    about: TypeDetail
    drafters: str
    policy: str
    usable: str
    supersede: SupersededBy
    fresh: str
    told: str
    kept: str  # after how long its erasure is proposed, empty for never


class NextVersion(NamedTuple):
    """Where a person drafts a new version of a statement, and the digest of its type, if any."""

    address: str
    sha256: str | None = None


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
            supersede=known.supersede,
            fresh=age_phrase(known.freshness or clock.SKEW_MS),
            told=told_phrase(known),
            kept=_kept(known.retention),
        )
        for each, known in zip(found, definitions, strict=True)
    ]


def _kept(rule: Retention | None) -> str:
    if rule is None:
        return ""
    return text(f"types.kept.{rule.since}", age=text("change.wait.days", count=rule.days))


def drafted_by(db: sqlite3.Connection, me: User, *, at: int) -> list[ShownType]:
    """Return the types in force whose statements this person drafts."""
    return [
        each
        for each in shown(db, at=at)
        if each.about.is_in_force
        and _drafts(parse_definition(each.about.definition).definition, me)
    ]


def _drafts(definition: TypeDefinition, me: User) -> bool:
    roles = frozenset(me.roles)
    covered = any(policy.covers(member, me.id, roles) for member in definition.drafters)
    return covered and not roles <= {AUDITOR}


def next_version(
    db: sqlite3.Connection, me: User, statement: StatementDetail, *, at: int
) -> NextVersion | None:
    """Return where a person drafts a new version of a statement, None if they may not.

    Its creator may, and all who draft its type if the newest version of the type says so. The new
    version is of the type too, while there is one that this person drafts.
    """
    address, stated = f"/draft?supersedes={statement.id}", statement.type
    by_creator = statement.creator.id == me.id
    known = None if stated is None else types.in_force(db, stated.name, at=at)
    if known is not None:
        definition = parse_definition(known.definition).definition
        if _drafts(definition, me) and (by_creator or definition.supersede == "drafters"):
            return NextVersion(f"{address}&type={known.sha256}", known.sha256)
    return NextVersion(address) if by_creator else None


def people_named(
    db: sqlite3.Connection, base: StatementDetail | None, kind: ShownType | None, *, at: int
) -> dict[str, str]:
    """Return the names of the people whom an older version's policy or a type names.

    The form of a draft does not list everybody, but must know the names of all whom it shows.
    """
    ids = set() if kind is None else _people([parse_definition(kind.about.definition).definition])
    if base is not None:
        rules = msgspec.convert(base.policy, policy.Policy)
        members = {*policy.members(rules), *rules.veto}
        ids |= {each[5:] for each in members if each.startswith("user:")}
    return users.names(db, sorted(ids), at=at)


def _people(definitions: Sequence[TypeDefinition]) -> set[str]:
    found: set[str] = set()
    for each in definitions:
        executors = () if each.usable is None else each.usable.by
        members = {*each.drafters, *policy.members(each.policy), *each.policy.veto, *executors}
        found |= {member[5:] for member in members if member.startswith("user:")}
    return found
