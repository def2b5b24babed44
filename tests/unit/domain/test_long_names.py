"""What stands below a long name in a content costs no more than it is.

A place that was kept as a text held the name once for each value below it: 120 kB of values below a
name of half a megabyte took ten gigabytes of the server's memory.
"""

import json
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ledger.domain.cautions import of_statement
from ledger.domain.content import MOST_SHOWN_CHARS, parse_content, pointer, shown_pointer
from ledger.domain.content_schema import parse_schema, unmet
from ledger.http.assets import Assets, find_web
from ledger.pages import template_config
from ledger.pages.differences import differences
from ledger.pages.headings import headings, in_groups

NAME = "a" * 200_000
MANY = 2_000
MOST_BYTES = 40_000_000  # the places as texts would take ten times as much
OTHERS: dict[str, Any] = {"additionalProperties": {"properties": {}}}


@contextmanager
def at_most() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()


def below(items: object) -> str:
    return json.dumps({NAME: items}, ensure_ascii=False)


def cautions() -> None:
    found = of_statement("Terms", parse_content(below(["\u200b"] * MANY)))
    assert len(found) == MANY


def changes() -> None:
    before, after = parse_content(below([1] * MANY)), parse_content(below([2] * MANY))
    assert len([*differences(before, after)]) == MANY


def groups() -> None:
    content = parse_content(below({f"m{at}": at for at in range(MANY)}))
    given = headings(OTHERS, content)
    known, others = in_groups(content.members[0][1], (NAME,), given)
    assert (len(known), len(others)) == (0, MANY)


def page() -> None:
    content = parse_content(below([{"m": at} for at in range(MANY)]))
    engine: Any = template_config(Assets(find_web())).instance
    macros: Any = engine.engine.get_template("parts.html").module
    shown = macros.value(content, {(NAME, "1"): "look-1"}, (), headings(OTHERS, content))
    assert shown.count("<dt>m</dt>") == MANY
    assert shown.count('<li id="look-1">') == 1


@pytest.mark.parametrize("look", [cautions, changes, groups, page])
def test_a_long_name_is_not_kept_once_for_each_value_below_it(look: Callable[[], None]) -> None:
    with at_most():
        look()


def test_a_long_place_is_shown_without_its_middle() -> None:
    assert shown_pointer((NAME, "0")) == f"/{'a' * 149}…{'a' * 148}/0"
    assert len(shown_pointer((NAME, "0"))) == MOST_SHOWN_CHARS + 1
    for step in ("~" * 700, "a" * 601, "/" * 600, "b" * 299):
        whole = pointer((step, step, "0"))
        assert shown_pointer((step, step, "0")) == f"{whole[:150]}…{whole[-150:]}"
    assert shown_pointer(("a~/b", "0")) == "/a~0~1b/0"
    assert shown_pointer(()) == ""


def test_what_does_not_meet_a_schema_is_told_by_its_place() -> None:
    schema = parse_schema({"additionalProperties": {"items": {"type": "string"}}})
    found = unmet(schema, {NAME: ["x", 1]})
    assert found is not None
    assert found.place == (NAME, "1")
