"""Types: kinds of statements that an administration defines. Parse a definition; hold drafts to it.

A definition is a JSON text in the item of a change, and its digest is SHA-256 of that text's bytes.
A document of a type states its name, version and digest. Its policy is the type's, but for its end,
and its content meets the type's schema. So the rules are the organisation's, not the drafter's.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from ledger import clock
from ledger.domain import charter_values, policy, retention, usable
from ledger.domain.content import shown_pointer
from ledger.domain.content_schema import ContentSchema, parse_schema, unmet
from ledger.domain.document import TYPE_NAME, Document, DocumentType, require_title
from ledger.domain.events import TypeDefined, TypeRetired
from ledger.domain.person import Person, may_sign
from ledger.domain.policy import Policy
from ledger.domain.retention import Retention
from ledger.domain.text import require_text
from ledger.domain.usable import Usable
from ledger.domain.vocabulary import RESERVED, SupersededBy
from ledger.encoding import SafeInteger, parse_json, sha256_hex
from ledger.errors import ConflictError, CorruptError, ForbiddenError, MalformedError, RefusedError

MAX_DEFINITION_BYTES = 65_536
MAX_DRAFTERS = 256
MINUTE_MS = 60_000
MOST_FRESH_MINUTES = 10_080  # 7 days
MOST_TOLD = 8


class MessageRelease(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What messages tell of a statement of the type: its title, and members of its content."""

    title: bool = False
    members: tuple[str, ...] = ()


class TypeDefinition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The members of a definition; `max_age` overrides the charter's, in milliseconds.

    `supersede` says who drafts a new version of a statement of the type, beside its creator.
    `freshness` is how old a signature about a statement of the type may be, in milliseconds.
    `messages` is what messages tell of it; without it, nothing.
    `retention` is after how long the erasure of its statements is proposed.
    """

    name: str
    version: SafeInteger
    title: str
    drafters: tuple[str, ...]
    policy: Policy
    schema: Any
    max_age: SafeInteger | None = None
    usable: Usable | None = None
    supersede: SupersededBy = "creator"
    freshness: SafeInteger | None = None
    messages: MessageRelease | None = None
    retention: Retention | None = None


class DefinedType(msgspec.Struct, frozen=True):
    """A type as of a position: its newest definition.

    Pending statements of the versions up to `stopped` have ended. `freshness_ms` has that of each
    version, from the first on.
    """

    definition: TypeDefinition
    schema: ContentSchema
    sha256: str
    stopped: int = 0
    retired: bool = False
    freshness_ms: tuple[int, ...] = ()

    @property
    def stated(self) -> DocumentType:
        """How a document states this type."""
        return DocumentType(self.definition.name, self.definition.version, self.sha256)


Types = Mapping[str, DefinedType]


def parse_definition(text: str) -> DefinedType:
    """Return the type that a definition defines.

    Raises MalformedError `type_invalid`, `schema_invalid`, `text_refused`; those of `parse_json`,
    `policy.check` and `usable.check`.
    """
    raw = text.encode()
    if len(raw) > MAX_DEFINITION_BYTES:
        raise _invalid(f"a definition has at most {MAX_DEFINITION_BYTES:,} bytes")
    try:
        found = msgspec.convert(parse_json(raw), TypeDefinition)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from error
    if not TYPE_NAME.fullmatch(found.name) or found.name.startswith(RESERVED):
        raise _invalid("a name has parts of a-z, 0-9 and -, divided by /, and not ledger/ first")
    if found.version < 1:
        raise _invalid("versions begin with 1")
    require_title(found.title, "type_invalid")
    _check_drafters(found.drafters)
    policy.check(found.policy)
    if found.policy.expires_at is not None:
        raise _invalid("the policy of a type has no end: each document can state one")
    if found.usable is not None:
        usable.check(found.usable)
        if found.usable.until is not None:
            raise _invalid("the uses of a type have no end: each document can state one")
    if found.max_age is not None:
        charter_values.check_age(found.max_age, "type_invalid")
    _check_freshness(found.freshness)
    if found.retention is not None:
        retention.check(found.retention)
    schema = parse_schema(found.schema)
    _require_labels(found.schema)
    _check_messages(found.messages, schema)
    return DefinedType(found, schema, sha256_hex(raw))


def _require_labels(schema: Any) -> None:
    """Require texts that people can read as the titles and descriptions of a sound schema."""
    if not isinstance(schema, dict):
        return
    for keyword in ("title", "description"):
        require_text(schema.get(keyword, ""), "label")
    for each in schema.get("properties", {}).values():
        _require_labels(each)
    for keyword in ("items", "additionalProperties"):
        _require_labels(schema.get(keyword))


def _check_drafters(drafters: tuple[str, ...]) -> None:
    distinct = len(set(drafters)) == len(drafters)
    if not 1 <= len(drafters) <= MAX_DRAFTERS or not distinct:
        raise _invalid(f"drafters are 1 to {MAX_DRAFTERS}, each of them once")
    if not all(map(policy.is_member, drafters)):
        raise _invalid("a drafter is user:<id of a person> or role:<name of a role>")


def _check_freshness(freshness_ms: int | None) -> None:
    minutes, rest = divmod(clock.SKEW_MS if freshness_ms is None else freshness_ms, MINUTE_MS)
    if rest or not 1 <= minutes <= MOST_FRESH_MINUTES:
        most = f"{MOST_FRESH_MINUTES:,}"
        raise _invalid(f"freshness is 1 to {most} whole minutes, in milliseconds")


def _check_messages(told: MessageRelease | None, schema: ContentSchema) -> None:
    if told is None:
        return
    if not (told.title or told.members):
        raise _invalid("messages has title, members or both: without it, messages tell nothing")
    distinct = len(set(told.members)) == len(told.members)
    if len(told.members) > MOST_TOLD or not distinct:
        raise _invalid(f"messages tell at most {MOST_TOLD} members, each of them once")
    for each in told.members:
        require_text(each, "label")
        if each not in schema.properties:
            raise _invalid("messages tell members that the properties of the schema name")


def _invalid(detail: str) -> MalformedError:
    return MalformedError("type_invalid", detail)


def types_after(types: Types, body: TypeDefined | TypeRetired) -> Types:
    """Return the types after a new version or the end of one, which may end pending statements.

    Raises MalformedError as `parse_definition`, CorruptError `event_misplaced`.
    """
    known = types.get(body.name)
    if isinstance(body, TypeDefined):
        after = parse_definition(body.definition)
        own_ms = after.definition.freshness or clock.SKEW_MS
        each_ms = (*(() if known is None else known.freshness_ms), own_ms)
        after = msgspec.structs.replace(after, freshness_ms=each_ms)
    elif known is None:  # possible in a bundle, before its events are decided
        raise CorruptError("event_misplaced", "a type that is not defined cannot be retired")
    else:
        after = msgspec.structs.replace(known, retired=True)
    stopped = 0 if known is None else known.stopped
    if known is not None and body.pending == "stop":
        stopped = known.definition.version
    return {**types, body.name: msgspec.structs.replace(after, stopped=stopped)}


def freshness_of(types: Types, stated: DocumentType | None) -> int:
    """Return how old a signature about a statement may be that states this type and version."""
    known = None if stated is None else types.get(stated.name)
    if stated is None or known is None or not 1 <= stated.version <= len(known.freshness_ms):
        return clock.SKEW_MS
    return known.freshness_ms[stated.version - 1]


def roles_of(definition: TypeDefinition) -> frozenset[str]:
    """Return the roles that a definition names, of its drafters, its policy and its executors."""
    rules, executors = definition.policy, definition.usable.by if definition.usable else ()
    members = {*definition.drafters, *policy.members(rules), *rules.veto, *executors}
    return frozenset(each.removeprefix("role:") for each in members if each.startswith("role:"))


def stops(types: Types, stated: DocumentType | None) -> bool:
    """Tell whether a pending statement that states this type has ended with its version."""
    known = None if stated is None else types.get(stated.name)
    return stated is not None and known is not None and stated.version <= known.stopped


def require_drafter(types: Types, stated: DocumentType, person: Person) -> DefinedType:
    """Return the type that a document states, if the person drafts statements of it.

    Raises ConflictError `type_unknown`, `type_retired`, `type_outdated`; ForbiddenError
    `drafter_only`.
    """
    known = types.get(stated.name)
    if known is None:
        raise ConflictError("type_unknown", f"this ledger has no type {stated.name!r}")
    if known.retired:
        raise ConflictError("type_retired", f"the type {stated.name!r} is retired")
    if stated != known.stated:
        detail = f"{stated.name!r} has another version or digest: draft it anew by that"
        raise ConflictError("type_outdated", detail)
    drafters = known.definition.drafters
    if not may_sign(person) or not any(
        policy.covers(each, person.user, person.roles) for each in drafters
    ):
        raise ForbiddenError("drafter_only", "this type names others who draft it")
    return known


def lets_drafters_supersede(
    types: Types, earlier: DocumentType | None, stated: DocumentType | None
) -> bool:
    """Tell whether all who draft a type may supersede the statements of others of it.

    `earlier` is what the superseded statement states, `stated` what the new version does: both are
    of the type, whose newest definition says so.
    """
    if earlier is None or stated is None or earlier.name != stated.name:
        return False
    known = types.get(stated.name)
    return known is not None and known.definition.supersede == "drafters"


def require_met(known: DefinedType, document: Document) -> None:
    """Require that a document has the policy and uses of its type, and content by its schema.

    Raises RefusedError `type_policy_mismatch`, `type_usable_mismatch`; MalformedError
    `schema_unmet`.
    """
    plain = msgspec.structs.replace(document.policy, expires_at=None)
    if plain != known.definition.policy:
        detail = "the policy is not that of the type; it may differ in expiresAt only"
        raise RefusedError("type_policy_mismatch", detail)
    uses = document.usable and msgspec.structs.replace(document.usable, until=None)
    if uses != known.definition.usable:
        detail = "usable is not that of the type; it may differ in until only"
        raise RefusedError("type_usable_mismatch", detail)
    fault = unmet(known.schema, parse_json(document.content.encode()))
    if fault is not None:
        place = shown_pointer(fault.place)
        detail = f"{place or 'the content'} does not meet {fault.keyword!r} of the type"
        # A sentence in any language has it; pointers begin so.
        raise MalformedError("schema_unmet", detail, place=place or "/", keyword=fault.keyword)
