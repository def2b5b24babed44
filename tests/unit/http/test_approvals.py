"""Several approvals in one request: each is taken out of its quota."""

from ledger.http.approvals import taken_each
from ledger.http.quotas import DEFAULT_RATE_LIMIT, LARGE_PIECE_BYTES, QUOTAS, Asker, Group, Quotas

BOB = Asker("192.0.2.1", "bob")


def test_each_approval_is_taken_out_of_its_quota_and_the_rest_is_refused() -> None:
    quotas = Quotas(DEFAULT_RATE_LIMIT, lambda: 1_000.0)
    burst = int(QUOTAS[Group.DECIDE][0].burst)
    for _ in range(burst - 3):
        quotas.take(Group.DECIDE, BOB)
    quotas.take(Group.DECIDE, BOB)  # the front door, for the request
    refused = taken_each(quotas, BOB, ["a.b.c"] * 5)
    assert [error is None for error in refused] == [True, True, True, False, False]
    assert {error.code for error in refused if error is not None} == {"rate_limited"}


def test_each_large_approval_is_counted_by_its_size_and_small_ones_are_not() -> None:
    quotas = Quotas(DEFAULT_RATE_LIMIT, lambda: 1_000.0)
    burst = int(QUOTAS[Group.LARGE][0].burst)
    large = "a" * (LARGE_PIECE_BYTES * (burst // 2))
    refused = taken_each(quotas, BOB, [large, "a", large, f"{large}a", large, "a"])
    assert [error is None for error in refused] == [True, True, True, False, False, True]
