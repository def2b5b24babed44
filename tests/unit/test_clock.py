"""Times as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import clock
from ledger.errors import MalformedError
from tests.support.examples import FEW
from tests.support.refusals import refused


@pytest.mark.parametrize(
    ("time_ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1, "1970-01-01T00:00:00.001Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (1_795_230_245_678, "2026-11-21T03:04:05.678Z"),
        (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_a_time_is_utc_to_the_millisecond(time_ms: int, text: str) -> None:
    assert clock.to_text(time_ms) == text
    assert clock.to_ms(text) == time_ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-21",
        "2026-11-21T03:04:05Z",
        "2026-11-21T03:04:05.67Z",
        "2026-11-21T03:04:05.6789Z",
        "2026-11-21T03:04:05,678Z",
        "2026-11-21T03:04:05.678",
        "2026-11-21T03:04:05.678z",
        "2026-11-21t03:04:05.678Z",
        "2026-11-21 03:04:05.678Z",
        "2026-11-21T03:04:05.678+00:00",
        " 2026-11-21T03:04:05.678Z",
        "2026-11-21T03:04:05.678Z\n",
        "2026-02-29T00:00:00.000Z",
        "2026-13-01T00:00:00.000Z",
        "2026-11-31T00:00:00.000Z",
        "2026-11-21T24:00:00.000Z",
        "2026-11-21T03:60:00.000Z",
        "2026-11-21T03:04:60.000Z",
        "0000-01-01T00:00:00.000Z",
        "12026-11-21T03:04:05.678Z",
        "-026-11-21T03:04:05.678Z",
        "\u0662026-11-21T03:04:05.678Z",
    ],
)
def test_any_other_form_of_time_is_refused(text: str) -> None:
    with refused(MalformedError, "time_invalid"):
        clock.to_ms(text)


@pytest.mark.parametrize("end", range(len("2026-11-21T03:04:05.678Z")))
def test_a_truncated_time_is_refused(end: int) -> None:
    with refused(MalformedError, "time_invalid"):
        clock.to_ms("2026-11-21T03:04:05.678Z"[:end])


@FEW
@given(st.text(max_size=26))
def test_garbage_is_no_time(text: str) -> None:
    with refused(MalformedError, "time_invalid"):
        clock.to_ms(text)


@FEW
@given(st.integers(0, 253_402_300_799_999), st.integers(0, 253_402_300_799_999))
def test_times_survive_their_text_and_sort_as_it_does(one: int, other: int) -> None:
    texts = clock.to_text(one), clock.to_text(other)
    assert (clock.to_ms(texts[0]), clock.to_ms(texts[1])) == (one, other)
    assert (texts[0] < texts[1]) is (one < other)


@pytest.mark.parametrize(
    ("time_ms", "fresh"),
    [
        (1_000_000, True),
        (700_000, True),
        (1_300_000, True),
        (699_999, False),
        (1_300_001, False),
        (0, False),
        (-(10**30), False),
        (10**30, False),
    ],
)
def test_fresh_is_within_five_minutes_either_way(time_ms: int, *, fresh: bool) -> None:
    assert clock.is_fresh(time_ms, now_ms=1_000_000) is fresh
