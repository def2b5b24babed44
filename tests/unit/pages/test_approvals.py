"""The page of several approvals takes the statements that fit on it, the smallest first."""

from ledger.pages.approvals import MOST_BYTES, fitting


def test_a_large_statement_takes_the_place_of_no_small_one() -> None:
    sizes = {1: MOST_BYTES + 1} | {number: 1_000 for number in range(2, 100)}
    assert fitting(sizes) == {*range(2, 100)}


def test_what_does_not_fit_with_the_others_is_the_largest_of_them() -> None:
    assert fitting({1: MOST_BYTES - 10, 2: 10, 3: 11}) == {2, 3}
    assert fitting({1: MOST_BYTES - 21, 2: 10, 3: 11}) == {1, 2, 3}
    assert fitting({1: MOST_BYTES}) == {1}
    assert fitting({}) == set()
