"""The age of what is committed and not yet published."""

import time as clock

import pytest

from ledger.publish.tail import Tail


class Time:
    """A clock that the test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 100.0
        monkeypatch.setattr(clock, "monotonic", lambda: self.now_s)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    return Time(monkeypatch)


def test_a_log_that_is_published_has_no_tail(time: Time) -> None:
    found = Tail()
    assert found.age_s() == 0
    found.committed(5)
    found.published(5)
    time.now_s += 1000
    assert found.age_s() == 0


def test_the_tail_is_as_old_as_its_oldest_entry(time: Time) -> None:
    found = Tail()
    found.committed(5)
    time.now_s += 10
    found.committed(6)
    time.now_s += 5
    assert found.age_s() == 15
    found.published(5)
    assert found.age_s() == 5
    found.published(6)
    assert found.age_s() == 0


def test_a_checkpoint_within_a_slot_makes_the_tail_no_younger(time: Time) -> None:
    found = Tail()
    found.committed(5)
    time.now_s += 0.1  # the same slot
    found.committed(8)
    time.now_s += 10
    found.published(5)
    assert found.age_s() == pytest.approx(10.1)


def test_hearing_of_the_same_head_again_changes_nothing(time: Time) -> None:
    found = Tail()
    found.committed(5)
    time.now_s += 10
    found.committed(5)
    found.committed(3)
    assert found.age_s() == 10


def test_a_checkpoint_of_another_process_that_is_ahead_leaves_no_tail(time: Time) -> None:
    found = Tail()
    found.committed(5)
    found.published(9)
    found.committed(9)
    time.now_s += 10
    found.committed(10)
    time.now_s += 1
    assert found.age_s() == 1
