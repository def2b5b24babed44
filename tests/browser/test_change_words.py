"""What a change asks for, in the same sentences on the server and in the browser."""

import json
from typing import Any

import msgspec
import pytest

from ledger.domain.changes.items import KINDS, parse_content
from ledger.http.catalogue import catalogue
from ledger.pages.change_words import describe, summary
from ledger.pages.texts import text
from tests.browser.people import Browser
from tests.support.vectors import vector

VECTORS = vector("web/changes")
CASES: list[dict[str, Any]] = VECTORS["changes"]
NAMES, REPLACED = VECTORS["names"], VECTORS["replaced"]


def expected(case: dict[str, Any]) -> tuple[Any, ...]:
    passkeys = tuple(map(tuple, case.get("passkeys", ())))
    return case["sentence"], case.get("before"), case.get("after"), passkeys


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["sentence"])
def test_an_item_is_the_same_sentence_on_the_server(case: dict[str, Any]) -> None:
    items = parse_content(json.dumps({"items": [case["item"]]}))
    (found,) = describe(items, NAMES, REPLACED)
    assert msgspec.structs.astuple(found) == expected(case)


def test_every_item_is_the_same_sentence_in_the_browser(library: Browser) -> None:
    items = [case["item"] for case in CASES]
    found = library.call("change-words", "describe", items, NAMES, dict(catalogue()), REPLACED)
    assert [expected(each) for each in found] == [expected(case) for case in CASES]


def test_every_kind_of_item_has_a_sentence_and_a_vector() -> None:
    assert {name for case in CASES for name in case["item"]} == KINDS
    assert {f"change.{name}" for name in KINDS} <= catalogue().keys()


def test_a_list_shows_the_first_item_and_how_many_more() -> None:
    one, two = ({"define-role": {"role": role}} for role in ("board", "legal"))
    shown = [
        summary(parse_content(json.dumps({"items": items})), {})
        for items in ([one], [one, two], [one, two, {"close-role": {"role": "legal"}}])
    ]
    assert shown == [
        "Define the role board",
        "Define the role board, and 1 more item",
        "Define the role board, and 2 more items",
    ]


def test_an_unknown_text_or_a_missing_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        text("no.such.text")
    with pytest.raises(KeyError):
        text("change.suspend")
