"""Headings: the titles of a type's schema, by the places of a content."""

import json
import time
from typing import Any

import pytest

from ledger.domain.content import parse_content, pointer
from ledger.pages.headings import headings, in_groups, titles

AMOUNT = {"type": "string", "title": "Amount"}
MONEY = {"type": "object", "title": "Money", "properties": {"amount": AMOUNT, "unit": True}}


def found(schema: Any, content: Any) -> dict[str, str | None]:
    given = headings(schema, parse_content(json.dumps(content)))
    return {pointer(place): title for place, title in given.items()}


def test_members_have_their_titles_at_every_depth_and_the_others_none() -> None:
    schema = {"properties": {"price": MONEY, "rows": {"items": MONEY}, "a/b": AMOUNT}}
    content = {
        "note": 1,
        "price": {"amount": "1", "x": {"amount": 2}},
        "a/b": "",
        "rows": [{}, {"unit": 1}],
    }
    assert found(schema, content) == {
        "/note": None,
        "/price": "Money",
        "/price/amount": "Amount",
        "/price/x": None,
        "/a~1b": "Amount",
        "/rows": "",
        "/rows/1/unit": "",
    }


def test_other_members_are_titled_inside_by_the_schema_of_all_others() -> None:
    schema = {"properties": {}, "additionalProperties": MONEY}
    assert found(schema, {"x": {"amount": "1"}}) == {"/x": None, "/x/amount": "Amount"}
    assert found({"additionalProperties": MONEY}, {"x": {"amount": "1"}}) == {"/x/amount": "Amount"}


@pytest.mark.parametrize("schema", [None, True, False, {}, {"type": "object"}, {"items": MONEY}])
def test_a_schema_that_names_no_member_gives_no_headings(schema: Any) -> None:
    assert found(schema, {"a": {"b": [1, {"c": 2}]}}) == {}


def test_no_member_is_lost_between_the_groups() -> None:
    node = parse_content('{"z":1,"":2,"amount":3,"y":4}')
    given = headings(MONEY, node)
    known, others = in_groups(node, (), given)
    assert [each.place for each in known] == [("amount",)]
    assert [(each.name, each.value.text) for each in others] == [("z", "1"), ("", "2"), ("y", "4")]
    assert [len(group) for group in in_groups(node, (), {})] == [4, 0]


def test_many_other_members_cost_no_more_than_they_are() -> None:
    content = {f"m{number}": number for number in range(40_000)}
    node = parse_content(json.dumps(content))
    began = time.process_time()
    known, others = in_groups(node, (), headings({"properties": {}}, node))
    assert (len(known), len(others)) == (0, 40_000)
    assert time.process_time() - began < 2


def test_scripts_get_the_titles_of_a_schema_and_nothing_else_of_it() -> None:
    other = {"additionalProperties": False, "items": {"enum": [1]}, "minItems": 3}
    schema = {"type": "object", "title": "All", "properties": {"price": MONEY, "x": other}}
    assert titles(schema) == {
        "title": "All",
        "properties": {
            "price": {
                "title": "Money",
                "properties": {"amount": {"title": "Amount"}, "unit": None},
            },
            "x": {"additionalProperties": None, "items": {}},
        },
    }
    assert titles(True) is None
