"""SCIM resources as the directory keeps them, and as clients get them. Pure."""

from typing import Any

import msgspec

from ledger import clock
from ledger.organisation.scim import GROUP, USER, Resource, ScimGroup, ScimUser, bare
from ledger.store.ports.directory import DirectoryEntry

_ALWAYS = frozenset(("id", "schemas"))


def only(shown: dict[str, Any], wanted: str | None, unwanted: str | None) -> dict[str, Any]:
    """Return a resource with the attributes that a client names (RFC 7644 section 3.9)."""
    if wanted:
        kept = {*_named(wanted), *_ALWAYS}
        return {key: value for key, value in shown.items() if key.lower() in kept}
    if unwanted:
        gone = {*_named(unwanted)} - _ALWAYS
        return {key: value for key, value in shown.items() if key.lower() not in gone}
    return shown


def _named(text: str) -> list[str]:
    """Return the attributes of a list; a part of an attribute stands for the whole."""
    return [bare(each.strip()).partition(".")[0].lower() for each in text.split(",")]


def shown_user(entry: DirectoryEntry, base: str) -> dict[str, Any]:
    """Return a user as clients get it."""
    user = user_of(entry)
    shown: dict[str, Any] = {
        "schemas": [USER],
        "id": entry.id,
        "userName": user.user_name,
        "meta": _meta("User", entry, user, f"{base}/Users/{entry.id}"),
    }
    if user.active is not None:
        shown["active"] = user.active
    if user.external_id:
        shown["externalId"] = user.external_id
    if user.display_name:
        shown["displayName"] = user.display_name
    return shown


def shown_group(entry: DirectoryEntry, base: str) -> dict[str, Any]:
    """Return a group as clients get it."""
    group = group_of(entry)
    members = [
        {"value": each, "type": "User", "$ref": f"{base}/Users/{each}"} for each in group.members
    ]
    shown: dict[str, Any] = {
        "schemas": [GROUP],
        "id": entry.id,
        "displayName": group.display_name,
        "members": members,
        "meta": _meta("Group", entry, group, f"{base}/Groups/{entry.id}"),
    }
    if group.external_id:
        shown["externalId"] = group.external_id
    return shown


def user_of(entry: DirectoryEntry) -> ScimUser:
    """Return what an entry of kind `user` keeps."""
    return msgspec.json.decode(entry.body, type=ScimUser)


def group_of(entry: DirectoryEntry) -> ScimGroup:
    """Return what an entry of kind `group` keeps."""
    return msgspec.json.decode(entry.body, type=ScimGroup)


def user_entry(user_id: str, user: ScimUser, version: int = 0) -> DirectoryEntry:
    """Return the entry of a user: its name is its userName in lower case."""
    name, other = user.user_name.lower(), user.external_id
    return DirectoryEntry("user", user_id, name, other, msgspec.json.encode(user), version)


def group_entry(group_id: str, group: ScimGroup, version: int = 0) -> DirectoryEntry:
    """Return the entry of a group, which may have the name of another one."""
    body = msgspec.json.encode(group)
    return DirectoryEntry("group", group_id, group_id, group.display_name.lower(), body, version)


def _meta(kind: str, entry: DirectoryEntry, kept: Resource, location: str) -> dict[str, Any]:
    return {
        "resourceType": kind,
        "created": clock.to_text(kept.made_ms),
        "lastModified": clock.to_text(kept.changed_ms),
        "location": location,
        "version": f'W/"{entry.version}"',
    }
