"""Definitions of types, made and proposed: what an auditor says of the last event."""

from collections.abc import Callable
from typing import Any

from ledger.domain.events import TypeDefined, TypeRetired
from tests.support.changes import set_charter, values
from tests.support.chronicle import statement_id
from tests.support.type_definitions import POLICY, TERMS, define, definition, retire
from tests.vectors.changes.company import Company
from tests.vectors.types.tries import FIRST, SECOND, THIRD, Tries, define_types

HOUR_MS = 3_600_000
_LEDGER = "00000000-0000-0000-0000-000000000000"
_STRICT = values("open", assurance="passkey")
_WITH_PASSKEY = definition(policy=POLICY | {"assurance": "passkey"})


def proposed(told: Company, *items: dict[str, Any], after: tuple[dict[str, Any], ...] = ()) -> None:
    """Append the draft of a change, after another change took effect."""
    if after:
        define_types(told, *after)
    told.draft_unseen(told.ada, *items)


def made(told: Company, *items: dict[str, Any], after: tuple[dict[str, Any], ...] = ()) -> None:
    """Make a change with its effects, after another one."""
    if after:
        define_types(told, *after)
    define_types(told, *items, number=9)


def _item(text: str, **members: Any) -> dict[str, Any]:
    return {"define-type": {"definition": text} | members}


def _ill(**members: Any) -> Callable[[Company], None]:
    return lambda told: proposed(told, define(definition(**members)))


def _of_schema(**members: Any) -> Callable[[Company], None]:
    return _ill(schema=TERMS | members)


def with_another_effect(told: Company) -> None:
    raw = told.begin(told.ada, define(FIRST))
    told.tell(statement_id(9), told.approval_of(told.ada, raw))
    told.add(_LEDGER, TypeDefined(statement_id(9), "terms", SECOND, None))


def with_an_effect_of_no_change(told: Company) -> None:
    define_types(told)
    told.add(_LEDGER, TypeRetired(statement_id(77), "terms", "stop"))


DEFINITIONS: Tries = {
    "a type": (lambda told: made(told, define(FIRST)), None),
    "a type twice": (
        lambda told: proposed(told, define(FIRST), after=(define(FIRST),)),
        "type_known",
    ),
    "a type that looks like another": (
        lambda told: proposed(told, define(definition(name="terrns")), after=(define(FIRST),)),
        "type_looks_alike",
    ),
    "a type that looks like a built-in one": (
        lambda told: proposed(told, define(definition(name="ledqer/terms"))),
        "type_looks_alike",
    ),
    "the second version first": (
        lambda told: proposed(told, define(SECOND, FIRST)),
        "type_unknown",
    ),
    "the third version after the first": (
        lambda told: proposed(told, define(THIRD, FIRST), after=(define(FIRST),)),
        "type_version",
    ),
    "a version after another one": (
        lambda told: proposed(told, define(SECOND, THIRD), after=(define(FIRST),)),
        "change_outdated",
    ),
    "two versions in one change": (
        lambda told: made(told, define(FIRST), define(SECOND, FIRST)),
        None,
    ),
    "a first version that replaces": (
        lambda told: proposed(told, define(FIRST, SECOND)),
        "change_invalid",
    ),
    "a first version that stops": (
        lambda told: proposed(told, _item(FIRST, pending="stop")),
        "change_invalid",
    ),
    "a second version that replaces nothing": (
        lambda told: proposed(told, _item(SECOND, pending="stop")),
        "change_invalid",
    ),
    "a second version that says nothing of the pending": (
        lambda told: proposed(told, _item(SECOND, was="0" * 64)),
        "change_invalid",
    ),
    "a version that does something else to the pending": (
        lambda told: proposed(told, define(SECOND, FIRST, "pause"), after=(define(FIRST),)),
        "change_invalid",
    ),
    "a retired type again": (
        lambda told: proposed(told, define(FIRST), after=(define(FIRST), retire(FIRST))),
        "type_known",
    ),
    "a version of a retired type": (
        lambda told: proposed(told, define(SECOND, FIRST), after=(define(FIRST), retire(FIRST))),
        "type_retired",
    ),
    "the end of a retired type": (
        lambda told: proposed(told, retire(FIRST), after=(define(FIRST), retire(FIRST))),
        "type_retired",
    ),
    "the end of an unknown type": (lambda told: proposed(told, retire(FIRST)), "type_unknown"),
    "the end of another version": (
        lambda told: proposed(told, retire(SECOND), after=(define(FIRST),)),
        "change_outdated",
    ),
    "another definition than the change's": (with_another_effect, "decision_mismatch"),
    "an end of no change": (with_an_effect_of_no_change, "effect_unexpected"),
    "a type below the floor": (
        lambda told: proposed(told, define(FIRST), after=(set_charter(_STRICT, values("open")),)),
        "below_floor",
    ),
    "a floor above a type": (
        lambda told: proposed(told, set_charter(_STRICT, values("open")), after=(define(FIRST),)),
        "below_floor",
    ),
    "a floor above a type that the same change retires": (
        lambda told: made(
            told, set_charter(_STRICT, values("open")), retire(FIRST), after=(define(FIRST),)
        ),
        None,
    ),
    "a floor that a type is not below": (
        lambda told: made(
            told, set_charter(_STRICT, values("open")), after=(define(_WITH_PASSKEY),)
        ),
        None,
    ),
    "a definition that is no JSON": (
        lambda told: told.draft_unseen(told.ada, _item("{"), title="x"),
        "json_invalid",
    ),
    "a definition with a member twice": (
        lambda told: told.draft_unseen(told.ada, _item('{"name":"a","name":"b"}'), title="x"),
        "json_duplicate_member",
    ),
    "a definition with an unknown member": (_ill(freshness=1), "type_invalid"),
    "a definition that lets everybody supersede": (_ill(supersede="everybody"), "type_invalid"),
    "a definition with null for who supersedes": (_ill(supersede=None), "type_invalid"),
    "a definition that lets its drafters supersede": (
        lambda told: made(told, define(definition(supersede="drafters"))),
        None,
    ),
    "a definition whose messages tell the title": (
        lambda told: made(told, define(definition(messages={"title": True}))),
        None,
    ),
    "a definition whose messages tell members": (
        lambda told: made(
            told, define(definition(messages={"title": False, "members": ["amount", "seats"]}))
        ),
        None,
    ),
    "a definition with null for its messages": (
        lambda told: made(told, define(definition(messages=None))),
        None,
    ),
    "messages that tell nothing": (_ill(messages={}), "type_invalid"),
    "messages that say that they tell nothing": (
        _ill(messages={"title": False, "members": []}),
        "type_invalid",
    ),
    "messages that tell all": (_ill(messages=True), "type_invalid"),
    "messages that tell something unknown": (_ill(messages={"creator": True}), "type_invalid"),
    "messages with a title that is text": (_ill(messages={"title": "yes"}), "type_invalid"),
    "messages with null for the title": (_ill(messages={"title": None}), "type_invalid"),
    "messages with a member that is no text": (_ill(messages={"members": [1]}), "type_invalid"),
    "messages that tell one member": (_ill(messages={"members": "amount"}), "type_invalid"),
    "messages that tell a member twice": (
        _ill(messages={"members": ["amount", "amount"]}),
        "type_invalid",
    ),
    "messages that tell nine members": (
        _ill(
            messages={"members": [*"abcdefghi"]},
            schema={"properties": {each: True for each in "abcdefghi"}},
        ),
        "type_invalid",
    ),
    "messages that tell eight members": (
        lambda told: made(
            told,
            define(
                definition(
                    messages={"members": [*"abcdefgh"]},
                    schema={"properties": {each: True for each in "abcdefgh"}},
                )
            ),
        ),
        None,
    ),
    "messages that tell a member which the schema does not name": (
        _ill(messages={"members": ["place"]}),
        "type_invalid",
    ),
    "messages that tell a member whose name nobody sees": (
        _ill(messages={"members": ["a\u200b"]}, schema={"properties": {"a\u200b": True}}),
        "text_refused",
    ),
    "messages that tell a member of a schema of anything": (
        _ill(messages={"members": ["amount"]}, schema=True),
        "type_invalid",
    ),
    "messages that tell a member of a member": (
        _ill(
            messages={"members": ["b"]},
            schema={"properties": {"a": {"properties": {"b": True}}}},
        ),
        "type_invalid",
    ),
    "a definition with a retention from the end of its statements": (
        lambda told: made(told, define(definition(retention={"days": 36_600, "since": "final"}))),
        None,
    ),
    "a definition with a retention from their drafts": (
        lambda told: made(told, define(definition(retention={"days": 1, "since": "drafted"}))),
        None,
    ),
    "a retention of no day": (_ill(retention={"days": 0, "since": "final"}), "type_invalid"),
    "a retention of a century": (
        _ill(retention={"days": 36_601, "since": "final"}),
        "type_invalid",
    ),
    "a retention since something else": (
        _ill(retention={"days": 1, "since": "approved"}),
        "type_invalid",
    ),
    "a retention that erases": (
        _ill(retention={"days": 1, "since": "final", "erase": True}),
        "type_invalid",
    ),
    "a definition without a title": (_ill(title=""), "type_invalid"),
    "a title with a control character": (_ill(title="Terms\u0007"), "text_refused"),
    "a label that shows text as another": (
        _ill(schema={"properties": {"a": {"title": "Sum\u202e"}}}),
        "text_refused",
    ),
    "a description with what nobody sees": (
        _ill(schema={"items": {"additionalProperties": {"description": "A\u200bB"}}}),
        "text_refused",
    ),
    "a property that is named as a label is": (
        lambda told: made(
            told, define(definition(schema={"properties": {"title": {}, "description": True}}))
        ),
        None,
    ),
    "a name in capitals": (_ill(name="Terms"), "type_invalid"),
    "a name of 65 characters": (_ill(name="a" * 65), "type_invalid"),
    "a name of two parts": (
        lambda told: made(told, define(definition(name="acme/release-2"))),
        None,
    ),
    "a name with an empty part": (_ill(name="acme//release"), "type_invalid"),
    "a name that is reserved": (_ill(name="ledger/terms"), "type_invalid"),
    "version 0": (_ill(version=0), "type_invalid"),
    "a version that is text": (_ill(version="1"), "type_invalid"),
    "nobody to draft": (_ill(drafters=[]), "type_invalid"),
    "a drafter twice": (_ill(drafters=["role:creator"] * 2), "type_invalid"),
    "a drafter that is no member": (_ill(drafters=["creator"]), "type_invalid"),
    "a drafter of an unknown role": (_ill(drafters=["role:board"]), "policy_invalid"),
    "drafters who only read": (_ill(drafters=["role:auditor"]), "policy_invalid"),
    "a policy of an unknown role": (
        _ill(policy={"threshold": 1, "of": ["role:board"]}),
        "policy_invalid",
    ),
    "a policy that nobody can meet": (
        _ill(policy={"threshold": 2, "of": [POLICY]}),
        "policy_impossible",
    ),
    "a policy with an end": (
        _ill(policy=POLICY | {"expiresAt": "2027-01-01T00:00:00.000Z"}),
        "type_invalid",
    ),
    "a policy without members": (_ill(policy={"threshold": 1, "of": []}), "policy_invalid"),
    "a wait of half an hour": (_ill(maxAge=HOUR_MS // 2), "type_invalid"),
    "a schema with an unknown keyword": (_of_schema(pattern="a"), "schema_invalid"),
    "a schema with a reference": (_of_schema(items={"$ref": "#"}), "schema_invalid"),
    "a schema that is a number": (_ill(schema=1.5), "schema_invalid"),
    "a definition of over 64 KiB": (
        lambda told: told.draft_unseen(told.ada, _item(definition(title="x" * 65_536)), title="x"),
        "type_invalid",
    ),
}
