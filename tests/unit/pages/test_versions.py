"""What a page shows of the differences between two versions, however many and long they are."""

import json
import time

from ledger.pages.versions import MOST_CHANGE_CHARS, MOST_CHANGES, changed_since
from ledger.pages.worded import MOST_STEPS, compared


def document(content: object, **members: object) -> bytes:
    about = {"title": "Terms", "policy": {"threshold": 1, "of": ["user:a"]}} | members
    return json.dumps(about | {"content": json.dumps(content)}).encode()


def test_few_differences_are_shown_as_they_are() -> None:
    found = changed_since(document({"a": 1, "b": 2}), document({"a": 1, "b": 3}, title="New"))
    assert [each.row.place for each in found.changes] == [("content", "b"), ("title",)]
    assert (found.more, [each.is_long for each in found.changes]) == (False, [False, False])


def test_many_changes_of_the_content_do_not_push_out_that_of_the_policy() -> None:
    before = document({f"m{at}": at for at in range(5_000)})
    after = document(
        {f"m{at}": at + 1 for at in range(5_000)}, policy={"threshold": 2, "of": ["user:a"]}
    )
    found = changed_since(before, after)
    assert len(found.changes) == MOST_CHANGES + 1
    assert found.changes[-1].row.place == ("policy", "threshold")
    assert found.more


def test_values_that_are_too_long_are_named_and_others_are_shown() -> None:
    long = "a" * MOST_CHANGE_CHARS
    found = changed_since(document({"a": "", "b": 1}), document({"a": long, "b": 2}))
    assert [each.is_long for each in found.changes] == [True, False]
    assert [each.place for each in found.rows] == [("content", "b")]
    assert not found.more


def test_the_words_of_all_rows_take_no_more_steps_than_those_of_one_text() -> None:
    old, new = " ".join("a" * 250), " ".join("b" * 250)
    assert MOST_STEPS // 2 < 499 * 499 < MOST_STEPS
    rows = changed_since(
        document({f"m{at}": f"{old} end" for at in range(9)}),
        document({f"m{at}": f"{new} end" for at in range(9)}),
    ).rows
    assert len(rows) == 9
    began = time.process_time()
    assert len(compared(rows)) == 9
    assert time.process_time() - began < 0.4
