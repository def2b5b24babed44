"""SCIM resources: what clients send is read within bounds, and what is not kept is dropped."""

import time
from typing import Any

import pytest

from ledger.errors import MalformedError
from ledger.organisation.scim import (
    MOST_MEMBERS,
    PATCH,
    USER,
    ScimGroup,
    ScimUser,
    group_from,
    parse_filter,
    patched,
    read_json,
    user_from,
)
from tests.support.refusals import refused

ALICE = ScimUser("alice", "ext", "Alice", made_ms=1, changed_ms=1)
BOARD = ScimGroup("Board", members=("a", "b"), made_ms=1, changed_ms=1)


def patch(*operations: Any) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": [*operations]}


def test_a_user_keeps_four_attributes_and_no_more() -> None:
    told = {
        "schemas": [USER],
        "USERNAME": "alice",
        "externalId": "ext",
        "displayName": "Alice",
        "active": False,
        "name": {"givenName": "Alice"},
        "emails": [{"value": "alice@example.com"}],
        "password": "secret",
    }
    found = user_from(told, kept=None, now_ms=7)
    assert found == ScimUser("alice", "ext", "Alice", active=False, made_ms=7, changed_ms=7)


@pytest.mark.parametrize(
    ("operation", "active"),
    [
        ({"op": "replace", "path": "active", "value": False}, False),
        ({"op": "Replace", "path": "active", "value": "False"}, False),  # Entra ID
        ({"op": "replace", "value": {"active": False}}, False),  # Okta
        ({"op": "add", "path": f"{USER}:active", "value": [False]}, False),
        ({"op": "replace", "path": f"{USER.lower()}:active", "value": False}, False),
        ({"op": "replace", "value": {f"{USER.upper()}:Active": False}}, False),
        ({"OP": "replace", "PATH": "ACTIVE", "VALUE": False}, False),
        ({"op": "remove", "path": "active"}, None),
        ({"op": "replace", "path": "name.givenName", "value": "A"}, None),
        ({"op": "replace", "path": 'emails[type eq "work"].value', "value": "A"}, None),
    ],
)
def test_what_providers_send_to_end_a_user_ends_them(
    operation: dict[str, Any], active: bool | None
) -> None:
    found = patched(ALICE, patch(operation), now_ms=9)
    assert isinstance(found, ScimUser)
    assert (found.active, found.user_name, found.changed_ms) == (active, "alice", 9)


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ({"op": "add", "path": "members", "value": [{"value": "b"}, {"value": "c"}]}, "abc"),
        ({"op": "replace", "path": "members", "value": [{"value": "c"}]}, "c"),
        ({"op": "remove", "path": 'members[value eq "a"]'}, "b"),
        ({"op": "remove", "path": "members", "value": [{"value": "b"}]}, "a"),
        ({"op": "remove", "path": "members"}, ""),
        ({"op": "add", "value": {"members": [{"value": "c"}]}}, "abc"),
        ({"op": "replace", "path": "members", "value": []}, ""),
    ],
)
def test_members_are_added_replaced_and_removed(operation: dict[str, Any], members: str) -> None:
    found = patched(BOARD, patch(operation), now_ms=9)
    assert isinstance(found, ScimGroup)
    assert found.members == tuple(members)


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "add", "path": "members", "value": [{"value": "x"}]},
        {"op": "remove", "path": "members", "value": [{"value": "x"}]},
        {"op": "remove", "path": 'members[value eq "x"]'},
        {"op": "add", "value": {f"urn:{n}": "x" for n in range(9)} | {"Members": {"value": "x"}}},
    ],
)
def test_operations_on_a_large_group_cost_what_they_say(operation: dict[str, Any]) -> None:
    """Each copied the group: a request of 56 kB took more than a second of processor time."""
    large = ScimGroup("All", members=tuple(map(str, range(MOST_MEMBERS - 1))))
    began = time.process_time()
    patched(large, patch(*[operation] * 1_000), now_ms=9)
    assert time.process_time() - began < 0.2


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "scim_invalidSyntax"),
        ({"schemas": [PATCH]}, "scim_invalidSyntax"),
        ({"schemas": [PATCH], "Operations": []}, "scim_invalidSyntax"),
        (patch(*[{}] * 1_001), "scim_invalidSyntax"),
        (patch("x"), "scim_invalidSyntax"),
        (patch({"op": "move", "path": "active"}), "scim_invalidSyntax"),
        (patch({"op": "remove"}), "scim_noTarget"),
        (patch({"op": "add", "value": 7}), "scim_noTarget"),
        (patch({"op": "add", "path": 7, "value": 7}), "scim_invalidPath"),
        (patch({"op": "add", "path": "x" * 600, "value": 7}), "scim_invalidPath"),
        (patch({"op": "replace", "path": "active", "value": "maybe"}), "scim_invalidValue"),
        (patch({"op": "replace", "path": "active", "value": None}), "scim_invalidValue"),
        (patch({"op": "replace", "path": "userName", "value": ""}), "scim_invalidValue"),
        (patch({"op": "replace", "path": "userName", "value": "a\nb"}), "scim_invalidValue"),
        (patch({"op": "replace", "path": "userName", "value": "a\0b"}), "scim_invalidValue"),
        (patch({"op": "replace", "path": "userName", "value": "\u3164"}), "scim_invalidValue"),
        (patch({"op": "replace", "path": "userName", "value": "a" * 257}), "scim_invalidValue"),
        (patch({"op": "replace", "path": "id", "value": "a"}), "scim_invalidPath"),
    ],
)
def test_a_patch_of_another_form_is_refused(body: dict[str, Any], code: str) -> None:
    with refused(MalformedError, code):
        patched(ALICE, body, now_ms=9)


def test_groups_neither_nest_nor_grow_without_end() -> None:
    nested = {"displayName": "g", "members": [{"value": "x", "type": "Group"}]}
    with refused(MalformedError, "scim_invalidValue"):
        group_from(nested, kept=None, now_ms=1)
    many = {"displayName": "g", "members": [{"value": f"{n}"} for n in range(100_000)]}
    with refused(MalformedError, "scim_tooMany"):
        group_from(many, kept=None, now_ms=1)
    full = ScimGroup("g", members=tuple(f"{n}" for n in range(MOST_MEMBERS)))
    with refused(MalformedError, "scim_tooMany"):
        patched(full, patch({"op": "add", "path": "members", "value": {"value": "x"}}), now_ms=1)


@pytest.mark.parametrize("told", [{}, {"userName": ""}, {"userName": 7}, {"userName": ["a", "b"]}])
def test_a_user_needs_a_name(told: dict[str, Any]) -> None:
    with refused(MalformedError, "scim_invalidValue"):
        user_from(told, kept=None, now_ms=1)
    with refused(MalformedError, "scim_invalidValue"):
        group_from({"displayName": told.get("userName")}, kept=None, now_ms=1)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"7", b"\xff", b"[" * 5_000, b'"x"'])
def test_a_body_that_is_no_object_is_refused(raw: bytes) -> None:
    with refused(MalformedError, "scim_invalidSyntax"):
        read_json(raw)


def test_a_filter_is_one_comparison() -> None:
    assert parse_filter(None) is None
    assert parse_filter('userName eq "bjensen"') == ("username", "bjensen")
    assert parse_filter(' externalId EQ "a\\"b" ') == ("externalid", 'a"b')


@pytest.mark.parametrize(
    "text",
    [
        "",
        "userName",
        'userName co "a"',
        'userName eq "a" or userName eq "b"',
        'userName eq "a',
        "userName eq a",
        f'userName eq "{"a" * 600}"',
        "(" * 100_000,
        'emails[type eq "work"]',
    ],
)
def test_any_other_filter_is_refused(text: str) -> None:
    with refused(MalformedError, "scim_invalidFilter"):
        parse_filter(text)


def test_many_additions_of_nobody_copy_no_large_group() -> None:
    """A name of an attribute has many spellings, and each of them is an operation."""
    group = ScimGroup("everybody", members=tuple(f"{each:036}" for each in range(10_000)))
    names = [f"members{' ' * 0}"] + [
        "".join(c.upper() if at >> i & 1 else c for i, c in enumerate("members"))
        for at in range(128)
    ]
    body = {
        "schemas": [PATCH],
        "Operations": [{"op": "add", "value": dict.fromkeys(names)}] * 30,
    }
    began = time.process_time()
    after = patched(group, body, now_ms=1)
    assert time.process_time() - began < 0.5
    assert isinstance(after, ScimGroup)
    assert after.members == group.members
