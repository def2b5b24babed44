"""The pages of types: what kinds of statements there are, and the form that defines one."""

import sqlite3
from typing import Annotated, Any, NamedTuple

import msgspec
from litestar import get
from litestar.params import QueryParameter
from litestar.response import Redirect, Template

from ledger.domain.charter_values import HOUR_MS
from ledger.domain.statement_types import MINUTE_MS, parse_definition
from ledger.domain.vocabulary import AUDITOR
from ledger.encoding import SHA256_HEX, parse_json
from ledger.errors import NotFoundError
from ledger.http.requests import AnyRequest
from ledger.pages.administration import frame, require_administration
from ledger.pages.draft_types import ShownType, drafted_by, shown
from ledger.pages.web import FromWeb, page, to_sign_in
from ledger.pages.words import wait
from projections import rules, timeline, users
from projections import types as defined

_TYPES = 1000  # among which the newest version of one is looked for

_PEOPLE = 200  # whom the form offers


class Field(NamedTuple):
    """A member of a type's content: its name, its label, and whether a statement must have it."""

    name: str
    label: str
    required: bool
    description: str


class TypeCard(NamedTuple):
    """A type as its card shows it; `at` is when this version was defined."""

    kind: ShownType
    fields: list[Field]
    at: str
    age: str
    may_draft: bool


@get("/types", sync_to_thread=True)
def types(request: AnyRequest, web: FromWeb) -> Template | Redirect:
    """Show the types of statements to everybody; who may, retires them in the browser."""
    me = web.session_user(request)
    if me is None:
        return to_sign_in(request)
    with web.models.views() as (db, at):
        in_force = rules.in_force(db, at=at)
        mine = {each.about.sha256 for each in drafted_by(db, me, at=at)}
        cards = [_card(db, each, in_force.values.max_age, mine) for each in shown(db, at=at)]
        context = frame(db, me, in_force, at=at)
    return page(
        "types",
        web,
        me=me,
        position=at,
        cards=cards,
        untyped=in_force.values.untyped,
        **context,
    )


def _card(db: sqlite3.Connection, kind: ShownType, age_ms: int, mine: set[str]) -> TypeCard:
    definition = parse_definition(kind.about.definition).definition
    return TypeCard(
        kind,
        fields_of(definition.schema),
        timeline.time_of(db, kind.about.position),
        wait(definition.max_age or age_ms),
        kind.about.sha256 in mine,
    )


def fields_of(schema: Any) -> list[Field]:
    """Return the members that a schema names at its first level; none if it names none."""
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        return []
    required = schema.get("required", [])
    return [
        Field(name, _text(each, "title") or name, name in required, _text(each, "description"))
        for name, each in schema["properties"].items()
    ]


def _text(schema: Any, keyword: str) -> str:
    return schema.get(keyword, "") if isinstance(schema, dict) else ""


@get("/types/define", sync_to_thread=True)
def define(
    request: AnyRequest,
    web: FromWeb,
    base: Annotated[str | None, QueryParameter(name="type", max_length=64)] = None,
) -> Template | Redirect:
    """Write the definition of a type, or of its next version; the browser drafts the change."""
    me = web.session_user(request)
    if me is None:
        return to_sign_in(request)
    with web.models.views() as (db, at):
        in_force = rules.in_force(db, at=at)
        require_administration(me, in_force)
        before = None if base is None else _before(db, base, at=at)
        roles = [each.name for each in rules.roles(db, at=at) if not each.is_closed]
        people = users.page(db, at=at, now=web.models.now(), limit=_PEOPLE, cursor=None)
        context = frame(db, me, in_force, at=at)
    return page(
        "define_type",
        web,
        me=me,
        position=at,
        before=before,
        roles=[each for each in roles if each != AUDITOR],
        people=people.items,
        age=wait(in_force.values.max_age),
        floor=msgspec.to_builtins(in_force.values.floor),
        **context,
    )


def _before(db: sqlite3.Connection, digest: str, *, at: int) -> dict[str, Any]:
    """Return the members of the newest version of a type, which has a version of this digest.

    Raises NotFoundError `type_unknown` without one, and for a type that is retired.
    """
    known = None
    if SHA256_HEX.fullmatch(digest):
        known = defined.by_digest(db, bytes.fromhex(digest), at=at)
    newest = defined.newest(db, at=at, limit=_TYPES) if known is not None else []
    found = next((each for each in newest if known and each.name == known.name), None)
    if found is None or not found.is_in_force:
        raise NotFoundError("type_unknown", "there is no type in force with this digest")
    members: dict[str, Any] = parse_json(found.definition.encode())
    texts = {name: _lines(members[name]) for name in ("policy", "schema")}
    age = members.get("maxAge")
    days = "" if age is None else f"{round(age / HOUR_MS / 24, 3):g}"
    fresh = members.get("freshness")
    minutes = "" if fresh is None else str(fresh // MINUTE_MS)
    others = {"usable": None, "supersede": "creator", "messages": None, "retention": None}
    asked = {"days": days, "minutes": minutes}
    return others | members | texts | asked | {"sha256": found.sha256}


def _lines(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
