"""What a change does to types: define one or a new version of it, or retire it. Pure."""

from ledger.domain import places
from ledger.domain.alike_names import find_alike, looks_built_in
from ledger.domain.changes.items import DefineType, RetireType
from ledger.domain.charter import Charter
from ledger.domain.charter_values import require_floor, require_governance
from ledger.domain.events import TypeDefined, TypeRetired
from ledger.domain.statement_types import parse_definition, roles_of
from ledger.errors import ConflictError, MalformedError


def of_item(
    change: str, item: DefineType | RetireType, rules: Charter
) -> TypeDefined | TypeRetired:
    """Return the event of an item about a type.

    Raises ConflictError `type_known`, `type_looks_alike`, `type_unknown`, `type_retired`,
    `change_outdated`, `type_version`; MalformedError `policy_invalid`, `policy_impossible`.
    """
    if isinstance(item, RetireType):
        _require_current(rules, item.type, item.was)
        return TypeRetired(change, item.type, item.pending)
    new = parse_definition(item.definition)
    name, version = new.definition.name, new.definition.version
    if item.was is None:
        if name in rules.types:
            raise ConflictError("type_known", f"{name!r} is, or was, a type")
        if alike := find_alike(name, rules.types):
            detail = f"{name!r} looks like {alike!r}, which is, or was, a type"
            raise ConflictError("type_looks_alike", detail)
        if looks_built_in(name):
            raise ConflictError("type_looks_alike", f"{name!r} looks like a built-in type")
        before = 0
    else:
        before = _require_current(rules, name, item.was)
    if version != before + 1:
        raise ConflictError("type_version", f"the next version of {name!r} is {before + 1}")
    unknown = roles_of(new.definition) - rules.signing_roles
    if unknown:
        detail = f"{min(unknown)!r} is no role whose holders sign"
        raise MalformedError("policy_invalid", detail)
    places.require_possible(new.definition.policy, "", rules.signing_roles)
    return TypeDefined(change, name, item.definition, item.pending)


def _require_current(rules: Charter, name: str, was: str) -> int:
    """Return the version of a type that is in force and has this digest."""
    known = rules.types.get(name)
    if known is None:
        raise ConflictError("type_unknown", f"this ledger has no type {name!r}")
    if known.retired:
        raise ConflictError("type_retired", f"the type {name!r} is retired")
    if known.sha256 != was:
        raise ConflictError("change_outdated", "what this change replaces has changed")
    return known.definition.version


def require_above_floor(rules: Charter) -> None:
    """Raise ConflictError `below_floor` if governance or a type that is in force is below it."""
    floor = rules.values.floor
    require_governance(rules.governance, floor)
    for each in rules.types.values():
        if not each.retired:
            require_floor(each.definition.policy, floor)
