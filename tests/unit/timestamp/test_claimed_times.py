"""The time that a stamp claims, before anybody verifies it; the page reads the same file."""

import base64
import json
from typing import Any

import pytest

from ledger.timestamp.response import MAX_STAMP_BYTES, claimed_time
from tests.vectors.stamps.make import PATH, flipped

FOUND: dict[str, Any] = json.loads(PATH.read_text("utf-8"))


@pytest.mark.parametrize("case", FOUND["cases"], ids=lambda case: str(case["name"]))
def test_a_stamp_claims_a_time_or_cannot_be_read(case: dict[str, Any]) -> None:
    assert claimed_time(base64.b64decode(case["stamp"])) == case["claims"]


def test_each_changed_byte_claims_what_the_file_says() -> None:
    raw = base64.b64decode(FOUND["stamp"])
    assert claimed_time(raw) == FOUND["claims"] == "2026-11-21T03:04:05.000Z"
    for mask, differing in FOUND["flips"].items():
        for at in range(len(raw)):
            expected = differing.get(str(at), FOUND["claims"])
            assert claimed_time(flipped(raw, at, int(mask))) == expected, (mask, at)


def test_of_the_odd_times_only_the_strict_form_is_one() -> None:
    shown = [case["name"] for case in FOUND["cases"] if case["claims"] is not None]
    assert len(shown) == 7


def test_a_stamp_of_over_64_kib_is_not_read() -> None:
    assert claimed_time(base64.b64decode(FOUND["stamp"]) + bytes(MAX_STAMP_BYTES)) is None
