"""A page has a part of a long statement, says where it ends, and costs what a page is worth."""

import json
import time

import pytest

from ledger.domain.content import Value, parse_content
from ledger.pages.shown_part import MOST_CHARS, MOST_VALUES, Room, shown_part


def part_of(content: object, room: Room | None = None) -> tuple[Value, int, int, bool]:
    found = shown_part(parse_content(json.dumps(content)), room or Room())
    return found.content, found.shown, found.count, found.is_all


def test_a_short_statement_is_shown_as_a_whole() -> None:
    content = {"a": [1, "two", {}], "b": None, "": ""}
    part, shown, count, is_all = part_of(content)
    assert (part, shown, count, is_all) == (parse_content(json.dumps(content)), 5, 5, True)


def test_of_many_values_the_first_are_shown_and_the_rest_is_counted() -> None:
    part, shown, count, is_all = part_of({f"m{at}": at for at in range(2_000)})
    # The object that holds them is one of the values that are drawn.
    assert (shown, count, is_all) == (MOST_VALUES - 1, 2_000, False)
    assert part.left_out == 2_000 - shown
    assert [name for name, _ in part.members] == [f"m{at}" for at in range(shown)]


def test_of_a_long_text_the_beginning_is_shown_and_the_rest_is_counted() -> None:
    text = "a" * MOST_CHARS
    part, shown, count, _ = part_of({"ab": text, "next": 1})
    ((_, member),) = part.members
    assert (member.text, member.left_out) == (text[:-2], 2)
    assert (shown, count, part.left_out) == (1, 2, 1)


def test_a_list_of_which_nothing_fits_is_not_shown_as_an_empty_one() -> None:
    room = Room()
    room.values = 3
    part, shown, count, _ = part_of({"a": [[1, 2], 3]}, room)
    outer = part.members[0][1]
    assert (outer.left_out, outer.members[0][1].left_out) == (1, 2)
    assert outer.members[0][1].members == ()
    assert (shown, count) == (0, 3)


def test_several_statements_share_the_room_of_one_page() -> None:
    room = Room()
    texts = [part_of({"a": "b" * 9_000}, room) for _ in range(4)]
    assert [is_all for *_, is_all in texts] == [True, True, False, False]
    assert [shown for _, shown, *_ in texts] == [1, 1, 1, 0]


@pytest.mark.parametrize("at", range(1, 40))
def test_a_part_has_no_more_values_and_characters_than_there_is_room_for(at: int) -> None:
    room = Room()
    room.values, room.chars = at, 2 * at
    part, *_ = part_of({f"name {n}": ["text", {"x": [n, [n]]}] for n in range(20)}, room)
    assert _size(part) <= (at, 2 * at)


def _size(node: Value) -> tuple[int, int]:
    inner = [_size(member) for _, member in node.members]
    names = sum(len(name) for name, _ in node.members)
    return 1 + sum(n for n, _ in inner), len(node.text) + names + sum(chars for _, chars in inner)


def test_the_largest_statement_costs_its_reading_and_no_more() -> None:
    content = parse_content(json.dumps({f"m{at}": f"text {at}" * 5 for at in range(19_000)}))
    began = time.process_time()
    shown_part(content, Room())
    assert time.process_time() - began < 0.5
