"""A request with two faults is refused for the fault that the order of checks names first."""

from collections import Counter

from tests.vectors.order.cases import ORDER, decided, requests


def test_each_fault_has_its_own_place_in_the_order_of_checks() -> None:
    wrong = [
        (each.kind, each.faults, each.expected, found)
        for each in requests()
        if (found := decided(each)) != each.expected
    ]
    assert wrong == []


def test_every_pair_of_faults_is_tried() -> None:
    counts = Counter(each.kind for each in requests() if len(each.faults) == 2)
    assert counts == {kind: len(order) * (len(order) - 1) // 2 for kind, order in ORDER.items()}
