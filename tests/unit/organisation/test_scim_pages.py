"""Pages of a directory's groups, which can have very many members."""

from types import SimpleNamespace
from typing import Any, cast

from ledger.organisation.people import OrganisationPeople
from ledger.organisation.scim import MOST_MEMBERS, ScimGroup
from ledger.organisation.scim_entries import group_entry
from ledger.organisation.scim_service import ScimService
from ledger.store.ports.directory import DirectoryEntry


class Groups:
    """A directory of so many groups with so many members each."""

    def __init__(self, count: int, members: int) -> None:
        ids = tuple(f"{each:036}" for each in range(members))
        made = ScimGroup("everybody", members=ids)
        self.entries = [group_entry(f"{each:036}", made, 1) for each in range(count)]

    def count(self, _: str) -> int:
        return len(self.entries)

    def page(self, _: str, *, skip: int, limit: int) -> list[DirectoryEntry]:
        return self.entries[skip : skip + limit]

    def others(self, _: str, __: str, *, limit: int) -> list[DirectoryEntry]:
        return self.entries[:limit]


def found(groups: Groups, text: str | None = None, start: int = 1) -> dict[str, Any]:
    people = cast(OrganisationPeople, SimpleNamespace(directory=groups))
    service = ScimService(people, "https://ledger.example/scim/v2", lambda: 0, lambda: None)
    return service.find("group", text, start=start, count=100)


def test_a_page_has_few_groups_of_many_members() -> None:
    """Ten of the longest took 55 MiB for one answer."""
    large = Groups(12, MOST_MEMBERS)
    for text in (None, 'displayName eq "everybody"'):
        page = found(large, text)
        assert (page["itemsPerPage"], len(page["Resources"])) == (1, 1)
        assert page["totalResults"] == 12
    seen = [each["id"] for start in range(1, 13) for each in found(large, start=start)["Resources"]]
    assert seen == [each.id for each in large.entries]
    assert found(large, start=13)["Resources"] == []
    assert found(Groups(12, 1_000))["itemsPerPage"] == 10
    assert found(Groups(12, 4_000))["itemsPerPage"] == 2
