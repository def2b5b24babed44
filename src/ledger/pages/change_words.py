"""What a change asks for, in sentences, with the values that it replaces.

web/static/js/lib/change-words.js writes the same from the signed bytes;
tests/vectors/web/changes.json tests both.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from ledger.domain.changes.evidence_items import EraseName, Hold, ReleaseHold
from ledger.domain.changes.items import (
    Admit,
    DefineType,
    GrantRole,
    Item,
    RetireType,
    SetCharter,
    SetGovernance,
)
from ledger.domain.charter_values import CharterValues
from ledger.domain.policy import Node, members
from ledger.domain.quoting import quoted
from ledger.domain.retention import Retention
from ledger.domain.statement_types import parse_definition
from ledger.pages.policy_texts import listed, many_of, moment, node_phrase, policy_sentence
from ledger.pages.texts import text
from ledger.pages.words import age_phrase, told_phrase, values_phrase
from projections import changes, users
from projections.rules import RulesInForce

_NOTHING: Mapping[str, Any] = {}


class Described(msgspec.Struct, frozen=True):
    """One item in words; `before` and `after` where it replaces a value.

    `passkeys` has the passkeys that it names: whose, and the SHA-256 of the COSE key in hex.
    """

    sentence: str
    before: str | None = None
    after: str | None = None
    passkeys: tuple[tuple[str, str], ...] = ()


def describe(
    items: Sequence[Item], names: Mapping[str, str], replaced: Mapping[str, Any] = _NOTHING
) -> list[Described]:
    """Return the items of a change in words; `names` maps ids to people's names.

    `replaced` has the values that items replace, by the digests that they state as `was`.
    """
    return [
        msgspec.structs.replace(_described(item, names, replaced), passkeys=_passkeys(item, names))
        for item in items
    ]


def named_in(items: Iterable[Item]) -> set[str]:
    """Return the ids of the people whom these items name."""
    found = {each for item in items if (each := getattr(item, "user", None)) is not None}
    for item in items:
        if isinstance(item, EraseName | Hold | ReleaseHold) and item.name is not None:
            found.add(item.name)
        elif isinstance(item, SetGovernance):
            found.update(_users(item.policy))
            found.update(each.user for each in item.people or ())
        elif isinstance(item, DefineType):
            known = parse_definition(item.definition).definition
            named = {*known.drafters, *members(known.policy), *known.policy.veto}
            found.update(each[5:] for each in named if each.startswith("user:"))
    return found


def governors(rules: RulesInForce) -> set[str]:
    """Return the ids of the people whom the governance policy names."""
    return _users(rules.governance)


def summary(items: Sequence[Item], names: Mapping[str, str]) -> str:
    """Return what a change asks for in one line, for lists."""
    first = describe(items[:1], names)[0].sentence
    more = len(items) - 1
    return f"{first.removesuffix('.')}, {text('change.more', count=more)}" if more else first


def summaries(db: sqlite3.Connection, statements: Iterable[str], *, at: int) -> dict[str, str]:
    """Return what those of these statements ask for that are changes, each in one line, by id."""
    found = changes.items(db, statements)
    people = sorted({user for items in found.values() for user in named_in(items)})
    names = users.names(db, people, at=at)
    return {statement: summary(items, names) for statement, items in found.items()}


def _users(rules: Node) -> set[str]:
    return {each[5:] for each in members(rules) if each.startswith("user:")}


def _described(item: Item, names: Mapping[str, str], replaced: Mapping[str, Any]) -> Described:
    names_people = isinstance(item, SetGovernance) and item.people is not None
    is_of_a_name = getattr(item, "name", None) is not None
    kind = ".people" if names_people else ".name" if is_of_a_name else ""
    sentence = text(f"change.{item.NAME}{kind}", **_values(item, names))
    if isinstance(item, DefineType | RetireType) and item.pending is not None:
        sentence = f"{sentence.rstrip('.')}. {text(f'change.pending.{item.pending}')}"
    match item:
        case SetCharter() if item.was in replaced:
            sets = msgspec.convert(replaced[item.was], CharterValues), item.values
            before, after = map(values_phrase, sets)
            return Described(sentence, before, after)
        case SetGovernance() if item.was in replaced:
            nodes = msgspec.convert(replaced[item.was], Node), item.policy
            before, after = (node_phrase(node, names) for node in nodes)
            return Described(sentence, before, after)
    return Described(sentence)


def _passkeys(item: Item, names: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the passkeys that an item names, which people compare before they approve it."""
    match item:
        case GrantRole(user=user, cose=str(cose)) | Admit(user=user, cose=cose):
            named = [(user, cose)]
        case SetGovernance(people=people):
            named = [(each.user, each.cose) for each in people or ()]
        case _:
            named = []
    return tuple((names.get(user, user[:8]), cose) for user, cose in named)


def _values(item: Item, names: Mapping[str, str]) -> dict[str, str]:
    """Return the values that the texts of items have places for."""
    found: dict[str, str] = {}
    members: dict[str, Any] = msgspec.structs.asdict(item)
    for member, value in members.items():
        match member:
            case "name" | "statement" if value is None:
                pass  # a hold names one of the two
            case "user" | "name":
                found["who"] = names.get(value, value[:8])
            case "expires_at":
                found["until"] = moment(value)
            case "since":
                found[member] = moment(value)
            case "invitation" | "statement":
                found[member] = value[:8]
            case "policy":
                found[member] = node_phrase(value, names)
            case "people":
                kept = [quoted(names.get(each.user, each.user[:8])) for each in value or ()]
                found[member] = listed(kept)
            case "definition":
                found |= _of_definition(value, names)
            case "status":
                found[member] = text(f"status.{value}")
            case "values":
                found[member] = values_phrase(value)
            case _:
                found[member] = str(value)
    return found


def _of_definition(definition: str, names: Mapping[str, str]) -> dict[str, str]:
    """Return what a definition of a type says in words: its rules, but for the schema."""
    known = parse_definition(definition).definition
    told = told_phrase(known)
    return {
        "name": known.name,
        "version": str(known.version),
        "title": known.title,
        "drafters": listed([many_of(each, names) for each in known.drafters]),
        "supersede": text("change.superseded-by.drafters") if known.supersede == "drafters" else "",
        "fresh": _fresh(known.freshness),
        "told": text("change.told", what=told) if told else "",
        "kept": _kept(known.retention),
        "policy": policy_sentence(known.policy, names),
    }


def _kept(rule: Retention | None) -> str:
    if rule is None:
        return ""
    return text(f"change.kept.{rule.since}", age=text("change.wait.days", count=rule.days))


def _fresh(freshness_ms: int | None) -> str:
    return "" if freshness_ms is None else text("change.fresh", age=age_phrase(freshness_ms))
