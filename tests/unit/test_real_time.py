"""The check of a history finds what no order of records explains, and nothing else."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from tests.support.real_time import Done, longest_gap_s, out_of_order

TIMES = st.tuples(st.integers(0, 9), st.integers(0, 9)).map(sorted)


def done(position: int, sent: float, answered: float) -> Done:
    return Done(f"{position}", position, sent, answered)


def test_one_after_the_other_is_in_order() -> None:
    assert out_of_order([done(1, 0, 1), done(2, 2, 3)]) is None


def test_requests_at_the_same_time_may_stand_either_way() -> None:
    assert out_of_order([done(2, 0, 5), done(1, 1, 4)]) is None


def test_a_record_before_one_that_was_answered_earlier_is_found() -> None:
    late, early = done(1, 5, 6), done(2, 0, 1)
    assert out_of_order([early, late]) == (late, early)
    assert out_of_order([early, late, done(3, 0, 9)]) == (late, early)


def _explained(history: list[Done]) -> bool:
    """Tell by trying all orders whether the order by position is one of those that time allows."""
    allowed = [
        order
        for order in permutations(history)
        if all(
            later.answered_s >= earlier.sent_s
            for number, earlier in enumerate(order)
            for later in order[number + 1 :]
        )
    ]
    return tuple(sorted(history, key=lambda each: each.position)) in allowed


@given(st.lists(TIMES, max_size=5))
def test_the_verdict_is_that_of_trying_every_order(times: list[list[int]]) -> None:
    history = [done(number, sent, answered) for number, (sent, answered) in enumerate(times)]
    assert (out_of_order(history) is None) is _explained(history)


def test_the_longest_gap_is_that_between_answers() -> None:
    assert longest_gap_s([done(1, 0, 1), done(3, 0, 9), done(2, 0, 2)]) == 7
    assert longest_gap_s([]) == 0
