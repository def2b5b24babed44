"""What a SCIM client asks of the directory: create, read, replace, change and delete entries.

A user that is not active, or is deleted, blocks the person who is linked to it before the answer.
"""

from collections.abc import Callable
from itertools import accumulate
from typing import Any, Literal
from uuid import uuid4

from ledger.errors import ConflictError, MalformedError, NotFoundError
from ledger.organisation import scim, scim_entries
from ledger.organisation.people import OrganisationPeople
from ledger.organisation.scim import Resource, ScimGroup, ScimUser
from ledger.store.ports.directory import DirectoryEntry

MOST = {"user": 50_000, "group": 1_000}
PAGE = 100
# A group is as long as its members are many: a page has fewer of long ones.
GROUPS_PAGE = 10
GROUPS_PAGE_BYTES = 400_000  # as they are kept; a group of the most members has 390,000
Kind = Literal["user", "group"]
# What a filter can name, by where an entry keeps it; of a group `displayName` is the other name.
_FOUND = {
    ("user", "username"): "name",
    ("user", "externalid"): "other",
    ("group", "displayname"): "other",
}


class ScimService:
    """The SCIM resources of one ledger, for one client."""

    def __init__(
        self,
        people: OrganisationPeople,
        base: str,
        now_ms: Callable[[], int],
        changed: Callable[[], None],
    ) -> None:
        """`changed` is called after what may have blocked somebody, before the answer."""
        self._people = people
        self._directory = people.directory
        self.base = base
        self._now_ms = now_ms
        self._changed = changed

    def create(self, kind: Kind, told: dict[str, Any]) -> dict[str, Any]:
        """Keep a new resource; raise ConflictError `scim_uniqueness`, MalformedError."""
        made = self._read(kind, told, None)
        if self._directory.count(kind) >= MOST[kind]:
            raise ConflictError("scim_tooMany", f"there are {MOST[kind]} of these already")
        return self._keep(str(uuid4()), made, 0)

    def read(self, kind: Kind, entry_id: str) -> dict[str, Any]:
        """Return a resource; raise NotFoundError `scim_unknown`."""
        return self._shown(self._entry(kind, entry_id))

    def replace(self, kind: Kind, entry_id: str, told: dict[str, Any]) -> dict[str, Any]:
        """Replace a resource."""
        entry = self._entry(kind, entry_id)
        return self._keep(entry_id, self._read(kind, told, _kept(entry)), entry.version)

    def patch(self, kind: Kind, entry_id: str, told: dict[str, Any]) -> dict[str, Any]:
        """Change parts of a resource."""
        entry = self._entry(kind, entry_id)
        made = scim.patched(_kept(entry), told, now_ms=self._now_ms())
        return self._keep(entry_id, made, entry.version)

    def delete(self, kind: Kind, entry_id: str) -> None:
        """Delete a resource; the person of a user is blocked."""
        entry = self._entry(kind, entry_id)
        if kind == "user":
            self._people.gone(scim_entries.user_of(entry), now_ms=self._now_ms())
        self._directory.forget(kind, entry_id)
        self._changed()

    def find(self, kind: Kind, text: str | None, *, start: int, count: int) -> dict[str, Any]:
        """Return a page of resources; `start` counts from 1. Raises MalformedError."""
        asked = scim.parse_filter(text)
        skip = max(start, 1) - 1
        limit = max(0, min(count, PAGE if kind == "user" else GROUPS_PAGE))
        if asked is None:
            total = self._directory.count(kind)
            found = self._directory.page(kind, skip=min(skip, total), limit=limit)
        else:
            matches = self._matching(kind, *asked)
            total, found = len(matches), matches[skip : skip + limit]
        if kind == "group":
            found = _first_of(found)
        return {
            "schemas": [scim.LIST],
            "totalResults": total,
            "startIndex": max(start, 1),
            "itemsPerPage": len(found),
            "Resources": [self._shown(each) for each in found],
        }

    def _matching(self, kind: Kind, name: str, value: str) -> list[DirectoryEntry]:
        if name == "id":
            one = self._directory.entry(kind, value)
        elif (field := _FOUND.get((kind, name))) is None:
            raise MalformedError("scim_invalidFilter", f"there is no filter by {name}")
        elif field == "name":
            one = self._directory.named(kind, value.lower())
        else:
            value = value.lower() if kind == "group" else value
            return self._directory.others(kind, value, limit=PAGE)
        return [] if one is None else [one]

    def _keep(self, entry_id: str, made: Resource, version: int) -> dict[str, Any]:
        if isinstance(made, ScimUser):
            self._require_free(entry_id, made)
            made = self._people.before(entry_id, made)
            entry = scim_entries.user_entry(entry_id, made, version)
        else:
            entry = scim_entries.group_entry(entry_id, made, version)
        kept = self._directory.replace(entry) if version else self._directory.add(entry)
        if not kept:
            if isinstance(made, ScimUser):  # what was refused blocks nobody
                if not version:
                    self._people.blocks.refused(entry_id, made.person)
                self._people.after(entry_id)
                self._changed()
            raise _taken()
        if isinstance(made, ScimUser):
            self._people.after(entry_id)
            self._changed()
        return self._shown(self._entry(entry.kind, entry_id))

    def _require_free(self, user_id: str, user: ScimUser) -> None:
        """Refuse a name of another user before anybody is blocked."""
        holder = self._directory.named("user", user.user_name.lower())
        if holder is not None and holder.id != user_id:
            raise _taken()

    def _read(self, kind: Kind, told: dict[str, Any], kept: Resource | None) -> Resource:
        now_ms = self._now_ms()
        if kind == "user":
            user = kept if isinstance(kept, ScimUser) else None
            return scim.user_from(told, kept=user, now_ms=now_ms)
        group = kept if isinstance(kept, ScimGroup) else None
        return scim.group_from(told, kept=group, now_ms=now_ms)

    def _entry(self, kind: Any, entry_id: str) -> DirectoryEntry:
        found: DirectoryEntry | None = self._directory.entry(kind, entry_id)
        if found is None:
            raise NotFoundError("scim_unknown", "there is no such resource")
        return found

    def _shown(self, entry: DirectoryEntry) -> dict[str, Any]:
        show = scim_entries.shown_user if entry.kind == "user" else scim_entries.shown_group
        return show(entry, self.base)


def _first_of(groups: list[DirectoryEntry]) -> list[DirectoryEntry]:
    """Return the first groups that a page has room for, at least one; a client asks for more."""
    ends = accumulate(len(each.body) for each in groups)
    room = sum(end <= GROUPS_PAGE_BYTES for end in ends)
    return groups[: max(room, 1)]


def _taken() -> ConflictError:
    return ConflictError("scim_uniqueness", "another one has this name, or it just changed")


def _kept(entry: DirectoryEntry) -> Resource:
    return scim_entries.user_of(entry) if entry.kind == "user" else scim_entries.group_of(entry)
