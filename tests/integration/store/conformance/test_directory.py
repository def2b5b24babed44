"""The directory, on every engine: ids and names are unique, and changes have an order."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from ledger.errors import ConflictError
from ledger.organisation.blocks import BlockList
from ledger.organisation.people import AccountLink, OrganisationPeople
from ledger.organisation.provider import Identity
from ledger.organisation.scim import ScimUser
from ledger.organisation.scim_service import ScimService
from ledger.store.ports.directory import Directory, DirectoryEntry, DirectoryKind
from tests.support.engines import Engine

ALICE = DirectoryEntry("user", "1", "alice", "ext", b"{}")


@pytest.fixture
def directory(engine: Engine, data: Path) -> Iterator[Directory]:
    data.mkdir()
    with closing(engine.open_directory(data)) as opened:
        yield opened


def test_an_id_and_a_name_are_taken_once_in_a_kind(directory: Directory) -> None:
    assert directory.add(ALICE)
    assert not directory.add(replace(ALICE, name="bob"))
    assert not directory.add(replace(ALICE, id="2"))
    assert directory.add(replace(ALICE, kind="group"))
    assert directory.entry("user", "1") == replace(ALICE, version=1)
    assert directory.named("user", "alice") == replace(ALICE, version=1)
    assert directory.named("user", "bob") is None
    assert directory.count("user") == 1


def test_an_entry_is_replaced_by_who_read_it_last(directory: Directory) -> None:
    directory.add(ALICE)
    kept = directory.entry("user", "1")
    assert kept is not None
    assert directory.replace(replace(kept, name="carol", body=b"[]"))
    assert not directory.replace(replace(kept, name="dora"))
    found = directory.entry("user", "1")
    assert found is not None
    assert (found.name, found.body, found.version) == ("carol", b"[]", 2)
    assert directory.add(replace(ALICE, id="2"))
    assert not directory.replace(replace(found, name="alice"))
    directory.forget("user", "1")
    assert not directory.replace(found)
    assert directory.entry("user", "1") is None


def test_entries_are_listed_by_id_and_found_by_their_other_name(directory: Directory) -> None:
    for n in "312":
        directory.add(replace(ALICE, id=n, name=n))
    assert [each.id for each in directory.page("user", skip=1, limit=5)] == ["2", "3"]
    assert [each.id for each in directory.others("user", "ext", limit=2)] == ["1", "2"]
    assert directory.others("group", "ext", limit=2) == []


def test_who_links_while_the_provider_ends_them_is_blocked(
    engine: Engine, directory: Directory, data: Path
) -> None:
    people = OrganisationPeople(directory, "https://id.example")
    with closing(engine.open_directory(data)) as other:
        service = ScimService(
            OrganisationPeople(other, "https://id.example"), "", lambda: 5, lambda: None
        )
        told = {"userName": "mia", "externalId": "sub", "active": False}
        user = ScimUser("mia", "sub", active=False, changed_ms=5)
        assert OrganisationPeople(other, "https://id.example").before("x", user) == user
        people.link("person", Identity("sub", "mia"), now_ms=4)  # between its two looks
        assert people.blocks.everybody() == frozenset()
        shown = service.create("user", told)
        assert people.blocks.everybody() == {"person"}
        service.patch(
            "user",
            shown["id"],
            {
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{"op": "replace", "path": "active", "value": True}],
            },
        )
        assert people.blocks.everybody() == frozenset()
        service.delete("user", shown["id"])
        assert people.blocks.everybody() == {"person"}
        assert people.link_of("person") == AccountLink("sub", "mia", 4, external_id="sub")
        again = service.create("user", told | {"active": True})  # hired again, with another id
        assert again["id"] != shown["id"]
        assert people.blocks.everybody() == frozenset()


def test_a_name_that_two_people_have_there_binds_neither(directory: Directory) -> None:
    people = OrganisationPeople(directory, "https://id.example")
    for person in ("one", "two"):
        people.link(person, Identity(f"sub-{person}", "same@example.com"), now_ms=4)
    service = ScimService(people, "", lambda: 5, lambda: None)
    service.create("user", {"userName": "same@example.com", "active": False})
    assert people.blocks.everybody() == frozenset()
    service.create("user", {"userName": "b", "externalId": "sub-two", "active": False})
    assert people.blocks.everybody() == {"two"}
    assert people.unlink("two")
    assert not people.unlink("two")
    assert people.blocks.everybody() == frozenset()


def test_a_name_that_goes_to_somebody_else_lets_nobody_in_again(directory: Directory) -> None:
    people = OrganisationPeople(directory, "https://id.example")
    people.link("left", Identity("sub-left", "j.smith"), now_ms=4)
    service = ScimService(people, "", lambda: 5, lambda: None)
    gone = service.create("user", {"userName": "j.smith", "externalId": "sub-left"})
    service.delete("user", gone["id"])
    assert people.blocks.everybody() == {"left"}
    user = service.create("user", {"userName": "j.smith", "externalId": "sub-new"})
    assert people.blocks.everybody() == {"left"}
    people.link("new", Identity("sub-new", "j.smith"), now_ms=6)
    service.delete("user", user["id"])
    assert people.blocks.everybody() == {"left", "new"}


def test_an_external_id_takes_a_user_from_who_has_it_by_a_name(directory: Directory) -> None:
    people = OrganisationPeople(directory, "https://id.example")
    people.link("mallory", Identity("sub-mallory", "newcomer"), now_ms=4)
    service = ScimService(people, "", lambda: 5, lambda: None)
    told = {"userName": "newcomer", "externalId": "sub-new"}
    user = str(service.create("user", told)["id"])
    people.link("new", Identity("sub-new", "newcomer"), now_ms=6)
    service.replace("user", user, told | {"active": False})
    assert people.blocks.everybody() == {"new"}


def test_what_is_refused_blocks_nobody(directory: Directory) -> None:
    people = OrganisationPeople(directory, "https://id.example")
    people.link("mia", Identity("sub", "mia"), now_ms=4)
    service = ScimService(people, "", lambda: 5, lambda: None)
    service.create("user", {"userName": "taken"})
    user = service.create("user", {"userName": "mia", "externalId": "sub"})
    told = {"userName": "taken", "externalId": "sub", "active": False}
    with pytest.raises(ConflictError, match="scim_uniqueness"):
        service.replace("user", user["id"], told)
    assert people.blocks.everybody() == frozenset()


def test_a_creation_that_loses_a_race_leaves_no_block_behind(directory: Directory) -> None:
    people = OrganisationPeople(directory, "https://id.example")
    people.link("mia", Identity("sub", "mia"), now_ms=4)
    raced = OrganisationPeople(late_for(directory), "https://id.example")
    told = {"userName": "mia", "externalId": "sub", "active": False}
    with pytest.raises(ConflictError, match="scim_uniqueness"):
        ScimService(raced, "", lambda: 5, lambda: None).create("user", told)
    assert people.blocks.everybody() == frozenset()
    assert people.blocks.untold(limit=9) == []
    user = ScimService(people, "", lambda: 6, lambda: None).create("user", told)
    assert people.blocks.everybody() == {"mia"}
    assert people.blocks.untold(limit=9) == [("mia", 6)]
    service = ScimService(people, "", lambda: 7, lambda: None)
    service.replace("user", user["id"], told | {"active": True})
    assert people.blocks.everybody() == frozenset()


def test_a_block_that_another_request_took_over_stays(directory: Directory) -> None:
    people = OrganisationPeople(directory, "https://id.example")
    people.link("mia", Identity("sub", "mia"), now_ms=4)
    service = ScimService(people, "", lambda: 5, lambda: None)
    taking = late_for(directory, lambda: people.blocks.block("mia", 6, "her user"))
    raced = OrganisationPeople(taking, "https://id.example")
    told = {"userName": "mia", "externalId": "sub", "active": False}
    with pytest.raises(ConflictError, match="scim_uniqueness"):
        ScimService(raced, "", lambda: 5, lambda: None).create("user", told)
    assert people.blocks.everybody() == {"mia"}
    people.blocks.lift("mia")
    user = service.create("user", told)  # a block that is there is not the refused request's
    with pytest.raises(ConflictError, match="scim_uniqueness"):
        ScimService(raced, "", lambda: 5, lambda: None).create("user", told | {"userName": "m"})
    assert people.blocks.everybody() == {"mia"}
    service.delete("user", user["id"])
    assert people.blocks.everybody() == {"mia"}


def test_a_refused_change_of_a_user_who_left_lets_nobody_in_and_tells_nobody_again(
    directory: Directory,
) -> None:
    people = OrganisationPeople(directory, "https://id.example")
    people.link("mia", Identity("sub", "mia"), now_ms=4)
    service = ScimService(people, "", lambda: 5, lambda: None)
    told = {"userName": "mia", "externalId": "sub", "active": False}
    user = str(service.create("user", told)["id"])
    people.blocks.told("mia", 5)
    raced: Any = Overtaken(directory)
    with pytest.raises(ConflictError, match="scim_uniqueness"):
        ScimService(
            OrganisationPeople(raced, "https://id.example"), "", lambda: 6, lambda: None
        ).replace("user", user, told | {"displayName": "Mia"})
    assert raced.lifted == []
    assert people.blocks.everybody() == {"mia"}
    assert people.blocks.untold(limit=9) == []


class Overtaken:
    """A directory in which another request changes each user first; it notes what is lifted."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self.lifted: list[DirectoryEntry] = []

    def replace(self, entry: DirectoryEntry) -> bool:
        if entry.kind == "block":
            self.lifted.append(entry)
        return entry.kind != "user" and self._directory.replace(entry)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._directory, name)


def test_administrators_are_told_of_each_block_once(directory: Directory) -> None:
    blocks = BlockList(directory)
    blocks.block("mia", 5, "u")
    assert blocks.untold(limit=9) == [("mia", 5)]
    blocks.told("mia", 5)
    blocks.block("mia", 7)  # her user is deleted: the same block
    assert blocks.untold(limit=9) == []
    assert blocks.everybody() == {"mia"}
    blocks.lift("mia")
    blocks.told("mia", 5)
    blocks.block("mia", 9, "u")
    blocks.told("mia", 5)  # of the block before
    assert blocks.untold(limit=9) == [("mia", 9)]


def late_for(directory: Directory, meanwhile: Callable[[], object] = lambda: None) -> Any:
    return Raced(directory, meanwhile)


class Raced:
    """A directory in which another request takes each new user's name first."""

    def __init__(self, directory: Directory, meanwhile: Callable[[], object]) -> None:
        self._directory = directory
        self._meanwhile = meanwhile

    def add(self, entry: DirectoryEntry) -> bool:
        if entry.kind != "user":
            return self._directory.add(entry)
        self._meanwhile()
        return False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._directory, name)


class Interrupted:
    """A directory in which somebody else does something just before the first block is lifted."""

    def __init__(self, directory: Directory, meanwhile: Callable[[], object]) -> None:
        self._directory = directory
        self._meanwhile = [meanwhile]

    def forget(self, kind: DirectoryKind, entry_id: str) -> None:
        if kind == "block" and self._meanwhile:
            self._meanwhile.pop()()
        self._directory.forget(kind, entry_id)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._directory, name)


@pytest.mark.parametrize("how", ["ends", "deletes"])
def test_an_end_holds_although_an_earlier_request_lifts_the_block_late(
    directory: Directory, how: str
) -> None:
    people = OrganisationPeople(directory, "https://id.example")
    people.link("mia", Identity("sub", "mia"), now_ms=4)
    service = ScimService(people, "", lambda: 5, lambda: None)
    told = {"userName": "mia", "externalId": "sub"}
    user = str(service.create("user", told)["id"])

    def end() -> None:
        if how == "ends":
            service.replace("user", user, told | {"active": False})
        else:
            service.delete("user", user)

    late: Any = Interrupted(directory, end)
    OrganisationPeople(late, "https://id.example").after(user)
    assert people.blocks.everybody() == {"mia"}


def test_the_same_subject_of_another_issuer_is_another_account(directory: Directory) -> None:
    OrganisationPeople(directory, "https://old.example").link("a", Identity("sub"), now_ms=1)
    people = OrganisationPeople(directory, "https://id.example")
    people.link("b", Identity("sub"), now_ms=1)
    ScimService(people, "", lambda: 5, lambda: None).create(
        "user", {"userName": "x", "externalId": "sub", "active": False}
    )
    assert people.blocks.everybody() == {"b"}
