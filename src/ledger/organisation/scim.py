"""SCIM 2.0 resources (RFC 7643, RFC 7644): read strictly, within bounds, and changed. Pure.

Users have a name, an external id, a display name and whether they are active; groups have a name
and members. Every other attribute that a client sends is dropped: the ledger needs no more of
anybody. Filters are one comparison by `eq`.
"""

import re
from typing import Any, NoReturn

import msgspec

from ledger.domain.text import may_be_name
from ledger.errors import MalformedError

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MOST_MEMBERS = 10_000
MOST_OPERATIONS = 1_000
MAX_TEXT_CHARS = 256
MAX_MEMBER_CHARS = 36  # the id of a user here
MAX_FILTER_CHARS = 512
_FILTER = re.compile(r'([A-Za-z.]{1,32})\s+eq\s+("(?:[^"\\]|\\.)*"|true|false)', re.IGNORECASE)
_MEMBER = re.compile(r'members\[value\s+eq\s+"([^"\\]{1,256})"\](?:\.value)?', re.IGNORECASE)
# Attributes by their lower-case names: SCIM's names are case-insensitive.
_USER_NAMES = {
    "username": "user_name",
    "externalid": "external_id",
    "displayname": "display_name",
    "active": "active",
}
_GROUP_NAMES = {"displayname": "display_name", "externalid": "external_id", "members": "members"}


class ScimUser(msgspec.Struct, frozen=True):
    """A person as the provider tells of them; `person` is whose account it is, once it is known.

    Without `active` they are active.
    """

    user_name: str
    external_id: str = ""
    display_name: str = ""
    active: bool | None = None
    person: str = ""
    made_ms: int = 0
    changed_ms: int = 0


class ScimGroup(msgspec.Struct, frozen=True):
    """A group with the ids of its members, each once, in order."""

    display_name: str
    external_id: str = ""
    members: tuple[str, ...] = ()
    made_ms: int = 0
    changed_ms: int = 0


Resource = ScimUser | ScimGroup


def read_json(raw: bytes) -> dict[str, Any]:
    """Return a body as an object; raise MalformedError `scim_invalidSyntax`."""
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError("scim_invalidSyntax", "the body is not JSON") from error
    if not isinstance(found, dict):
        _refuse("invalidSyntax", "the body must be an object")
    return found


def user_from(told: dict[str, Any], *, kept: ScimUser | None, now_ms: int) -> ScimUser:
    """Return a user as a client tells of it; `kept` is what it replaces.

    Raises MalformedError `scim_invalidValue`.
    """
    values = _values(told, _USER_NAMES)
    name = _text(values.get("user_name"), "userName")
    if not name:
        _refuse("invalidValue", "a user needs a userName")
    base = kept or ScimUser(name, made_ms=now_ms)
    return msgspec.structs.replace(
        base,
        user_name=name,
        external_id=_text(values.get("external_id"), "externalId"),
        display_name=_text(values.get("display_name"), "displayName"),
        active=_truth(values["active"]) if "active" in values else None,
        changed_ms=now_ms,
    )


def group_from(told: dict[str, Any], *, kept: ScimGroup | None, now_ms: int) -> ScimGroup:
    """Return a group as a client tells of it; raise MalformedError `scim_invalidValue`."""
    values = _values(told, _GROUP_NAMES)
    name = _text(values.get("display_name"), "displayName")
    if not name:
        _refuse("invalidValue", "a group needs a displayName")
    return ScimGroup(
        name,
        _text(values.get("external_id"), "externalId"),
        _members(values.get("members")),
        now_ms if kept is None else kept.made_ms,
        now_ms,
    )


def patched(kept: Resource, told: dict[str, Any], *, now_ms: int) -> Resource:
    """Return a resource after a PatchOp (RFC 7644 section 3.5.2).

    Raises MalformedError `scim_invalidSyntax`, `scim_invalidValue`, `scim_invalidPath`.
    """
    members = {key.lower(): value for key, value in told.items()}
    operations = members.get("operations")
    if PATCH not in _list(members.get("schemas")) or not isinstance(operations, list):
        _refuse("invalidSyntax", "the body must be a PatchOp with Operations")
    if not 1 <= len(operations) <= MOST_OPERATIONS:
        _refuse("invalidSyntax", f"there must be 1 to {MOST_OPERATIONS} operations")
    # Changed in place: a copy for each operation took a second of processor time for a request.
    group = dict.fromkeys(kept.members) if isinstance(kept, ScimGroup) else {}
    for each in operations:
        if not isinstance(each, dict):
            _refuse("invalidSyntax", "an operation must be an object")
        kept = _operated(kept, group, {key.lower(): value for key, value in each.items()})
    if isinstance(kept, ScimUser) and not kept.user_name:
        _refuse("invalidValue", "a user needs a userName")
    if isinstance(kept, ScimGroup):
        if not kept.display_name:
            _refuse("invalidValue", "a group needs a displayName")
        kept = msgspec.structs.replace(kept, members=tuple(group))
    return msgspec.structs.replace(kept, changed_ms=now_ms)


def _operated(kept: Resource, group: dict[str, None], operation: dict[str, Any]) -> Resource:
    what, path = str(operation.get("op", "")).lower(), operation.get("path")
    value = operation.get("value")
    if what not in ("add", "replace", "remove"):
        _refuse("invalidSyntax", "an operation must add, replace or remove")
    if path is None:
        if what == "remove" or not isinstance(value, dict):
            _refuse("noTarget", "an operation without a path needs an object")
        for name, part in value.items():
            kept = _changed(kept, group, what, name, part)
        return kept
    if not isinstance(path, str) or len(path) > MAX_FILTER_CHARS:
        _refuse("invalidPath", "the path must be a short text")
    return _changed(kept, group, what, path, value)


def _changed(kept: Resource, group: dict[str, None], what: str, path: str, value: Any) -> Resource:
    """Return a resource after one change; `group` has the members and is changed itself."""
    path = bare(path)
    if isinstance(kept, ScimGroup) and (one := _MEMBER.fullmatch(path)):
        if what != "remove":
            _refuse("invalidPath", "a member can be added to `members` or removed")
        group.pop(one[1], None)
        return kept
    names = _USER_NAMES if isinstance(kept, ScimUser) else _GROUP_NAMES
    field = names.get(path.lower())
    if field is None:
        if path.lower() in ("id", "meta", "schemas"):
            _refuse("invalidPath", f"{path} is read-only")
        return kept  # an attribute that the ledger does not keep
    if field == "members":
        _regroup(group, what, _members(value))
        return kept
    if what == "remove":
        gone = None if field == "active" else ""
        return msgspec.structs.replace(kept, **{field: gone})
    made = _truth(value) if field == "active" else _text(value, path)
    return msgspec.structs.replace(kept, **{field: made})


def bare(path: str) -> str:
    """Return a path without its schema, whose letters have no case either (RFC 7644 3.10)."""
    for urn in (USER, GROUP):
        if path.lower().startswith(f"{urn}:".lower()):
            return path[len(urn) + 1 :]
    return path


def _regroup(group: dict[str, None], what: str, told: tuple[str, ...]) -> None:
    if what == "replace" or (what == "remove" and not told):
        group.clear()
    if what == "remove":
        for each in told:
            group.pop(each, None)
    else:
        group.update(dict.fromkeys(told))
    _require_few(group)


def parse_filter(text: str | None) -> tuple[str, str] | None:
    """Return the lower-case attribute and the value of `attribute eq "value"`, None without one.

    Raises MalformedError `scim_invalidFilter`.
    """
    if text is None:
        return None
    found = _FILTER.fullmatch(text.strip()) if len(text) <= MAX_FILTER_CHARS else None
    if found is None:
        _refuse("invalidFilter", 'the filter must be: attribute eq "value"')
    name, value = found[1].lower(), found[2]
    if value.startswith('"'):
        try:
            value = str(msgspec.json.decode(value.encode()))
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise MalformedError("scim_invalidFilter", "the value cannot be read") from error
    if not may_be_name(value):  # nothing of that name is kept
        _refuse("invalidFilter", "the value has a character that no name has")
    return name, value


def _values(told: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in told.items():
        if (field := names.get(key.lower())) is not None and value is not None:
            found[field] = value
    return found


def _members(value: Any) -> tuple[str, ...]:
    found: dict[str, None] = {}
    listed = _list(value)
    if len(listed) > MOST_MEMBERS:
        _too_many()
    for each in listed:
        told = {key.lower(): part for key, part in each.items()} if isinstance(each, dict) else {}
        if str(told.get("type", "User")).lower() != "user":
            _refuse("invalidValue", "the members of a group are users: groups do not nest here")
        member = _text(told.get("value"), "members.value")
        if not 1 <= len(member) <= MAX_MEMBER_CHARS:
            _refuse("invalidValue", "a member needs a value, the id of a user")
        found[member] = None
    return tuple(found)


def _require_few(group: dict[str, None]) -> None:
    if len(group) > MOST_MEMBERS:
        _too_many()


def _too_many() -> NoReturn:
    _refuse("tooMany", f"a group has at most {MOST_MEMBERS:,} members")


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _text(value: Any, name: str) -> str:
    if value is None:
        return ""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str) or len(value) > MAX_TEXT_CHARS or not may_be_name(value):
        _refuse("invalidValue", f"{name} must be a text of up to {MAX_TEXT_CHARS} characters")
    return value


def _truth(value: Any) -> bool:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str) and value.lower() in ("true", "false"):  # as Entra ID sends it
        return value.lower() == "true"
    if not isinstance(value, bool):
        _refuse("invalidValue", "active must be true or false")
    return value


def _refuse(kind: str, detail: str) -> NoReturn:
    raise MalformedError(f"scim_{kind}", detail)
