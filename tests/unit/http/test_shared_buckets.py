"""Buckets that processes share hold what those of one process hold."""

import os
import random

from ledger.http.quotas import OwnBuckets, Quota
from ledger.http.shared_buckets import WAYS, SharedBuckets
from ledger.http.team import ALONE, Team

QUOTA = Quota(3, 1)


class Hand:
    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def test_they_answer_as_the_buckets_of_one_process_do() -> None:
    clock, drawn = Hand(), random.Random(7)
    shared, own = SharedBuckets(4_096, clock), OwnBuckets(4_096, clock)
    for _ in range(5_000):
        key = ("draft", f"192.0.2.{drawn.randrange(40)}")
        quota = Quota(drawn.choice((1, 3, 120)), drawn.choice((0.5, 1, 40)))
        assert shared.wait_s(key, quota) == own.wait_s(key, quota)
        if not own.wait_s(key, quota):
            shared.take(key, quota)
            own.take(key, quota)
        clock.now_s += drawn.random()


def test_what_one_process_takes_another_one_misses() -> None:
    buckets = SharedBuckets()
    child = os.fork()
    if not child:
        for _ in range(3):
            buckets.take("key", QUOTA)
        os._exit(0)
    os.waitpid(child, 0)
    assert buckets.wait_s("key", QUOTA) > 0
    assert buckets.wait_s("another", QUOTA) == 0
    assert len(buckets) == 1


def test_a_flood_of_keys_leaves_the_emptiest_bucket_of_each_set_as_it_is() -> None:
    clock = Hand()
    buckets = SharedBuckets(WAYS, clock)  # one set
    for _ in range(3):
        buckets.take("victim", QUOTA)
    for number in range(10_000):
        buckets.take(number, QUOTA)
    assert buckets.wait_s("victim", QUOTA) > 0
    assert len(buckets) == WAYS


def test_a_bound_for_all_processes_is_divided_among_them() -> None:
    assert (ALONE.share_of(20), Team(3).share_of(20), Team(64).share_of(20)) == (20, 7, 1)
