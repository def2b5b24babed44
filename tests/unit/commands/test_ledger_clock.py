"""The time of decisions follows the clock and the log, and a clock that was stepped stops them."""

import pytest

from ledger.commands.ledger_clock import LedgerClock
from ledger.errors import UnavailableError
from ledger.store.ports.log import Head
from ledger.system.wall_clock import WallClock
from tests.support.computer import NOW_MS, Computer
from tests.support.refusals import refused

DAY_MS = 24 * 3600 * 1000
EMPTY = Head(stored=0, sealed=0, epoch=0, at_ms=0)


def head(at_ms: int) -> Head:
    return Head(stored=7, sealed=7, epoch=0, at_ms=at_ms)


@pytest.fixture
def computer() -> Computer:
    return Computer()


def test_a_decision_has_the_time_of_the_clock(computer: Computer) -> None:
    ledger = LedgerClock(computer.clock(), head(NOW_MS - 1))
    computer.passes(10)
    assert (ledger.now_ms(), ledger.decision_ms()) == (NOW_MS + 10, NOW_MS + 10)


def test_a_decision_is_never_before_the_newest_event(computer: Computer) -> None:
    ledger = LedgerClock(computer.clock(), head(NOW_MS + 20_000))
    assert (ledger.now_ms(), ledger.decision_ms()) == (NOW_MS + 20_000, NOW_MS + 20_000)
    ledger.saw(NOW_MS + 25_000)
    ledger.saw(NOW_MS + 1)
    assert ledger.decision_ms() == NOW_MS + 25_000


def test_a_clock_that_jumped_for_a_moment_leaves_nothing_behind(computer: Computer) -> None:
    ledger = LedgerClock(computer.clock(), head(NOW_MS))
    computer.ms += 3650 * DAY_MS
    assert ledger.now_ms() == NOW_MS + 3650 * DAY_MS
    with refused(UnavailableError, "clock_stepped"):
        ledger.decision_ms()
    computer.ms -= 3650 * DAY_MS
    assert (ledger.now_ms(), ledger.decision_ms()) == (NOW_MS, NOW_MS)


def test_the_steady_time_passes_and_no_step_moves_it(computer: Computer) -> None:
    ledger = LedgerClock(computer.clock(), head(NOW_MS + 20_000))
    computer.passes(1_000)
    assert ledger.steady_ms() == NOW_MS + 1_000
    computer.ms += 3650 * DAY_MS
    computer.passes(500)
    assert ledger.steady_ms() == NOW_MS + 1_500


@pytest.mark.parametrize("step_ms", [30_001, -30_001])
def test_a_step_of_over_thirty_seconds_stops_writing(computer: Computer, step_ms: int) -> None:
    ledger = LedgerClock(computer.clock(), EMPTY)
    computer.ms += step_ms
    with refused(UnavailableError, "clock_stepped"):
        ledger.decision_ms()
    problem = ledger.problem()
    assert problem is not None
    assert problem.code == "clock_stepped"
    assert ledger.step_s == step_ms / 1000


@pytest.mark.parametrize("step_ms", [30_000, -30_000])
def test_a_step_of_thirty_seconds_does_not(computer: Computer, step_ms: int) -> None:
    ledger = LedgerClock(computer.clock(), EMPTY)
    computer.ms += step_ms
    assert ledger.problem() is None
    assert ledger.decision_ms() == NOW_MS + step_ms


def test_steps_add_up(computer: Computer) -> None:
    ledger = LedgerClock(computer.clock(), EMPTY)
    for _ in range(4):
        computer.ms += 10_000
        computer.passes(DAY_MS)
    with refused(UnavailableError, "clock_stepped"):
        ledger.decision_ms()


def test_time_that_passes_is_no_step(computer: Computer) -> None:
    ledger = LedgerClock(computer.clock(), head(NOW_MS))
    computer.passes(500 * DAY_MS)
    assert ledger.decision_ms() == NOW_MS + 500 * DAY_MS


# --- the start -----------------------------------------------------------------------------------


@pytest.mark.parametrize("at_ms", [NOW_MS + 30_001, NOW_MS - 400 * DAY_MS - 1])
def test_a_start_far_from_the_newest_event_waits_for_the_operator(
    computer: Computer, at_ms: int
) -> None:
    ledger = LedgerClock(computer.clock(), head(at_ms))
    with refused(UnavailableError, "clock_unconfirmed"):
        ledger.decision_ms()
    problem = ledger.problem()
    assert problem is not None
    assert "LEDGER_CLOCK_CONFIRMED=7" in problem.detail
    confirmed = LedgerClock(computer.clock(), head(at_ms), 7)
    assert confirmed.decision_ms() == max(NOW_MS, at_ms)


@pytest.mark.parametrize("at_ms", [NOW_MS + 30_000, NOW_MS - 400 * DAY_MS])
def test_a_start_near_the_newest_event_does_not_wait(computer: Computer, at_ms: int) -> None:
    ledger = LedgerClock(computer.clock(), head(at_ms))
    assert ledger.decision_ms() == max(NOW_MS, at_ms)


def test_a_confirmation_holds_at_its_position_only(computer: Computer) -> None:
    ledger = LedgerClock(computer.clock(), head(NOW_MS + DAY_MS), 6)
    with refused(UnavailableError, "clock_unconfirmed"):
        ledger.decision_ms()


def test_a_start_goes_on_by_itself_once_the_clock_is_corrected(computer: Computer) -> None:
    ledger = LedgerClock(computer.clock(), head(NOW_MS + DAY_MS))
    assert ledger.problem() is not None
    computer.ms += DAY_MS
    assert ledger.problem() is None
    assert ledger.decision_ms() == NOW_MS + DAY_MS


def test_an_empty_log_says_nothing_of_the_clock(computer: Computer) -> None:
    assert LedgerClock(computer.clock(), EMPTY).decision_ms() == NOW_MS


def test_the_computers_clocks_agree_while_nobody_sets_them() -> None:
    instant = WallClock().read()
    assert abs(instant.step_ms) < 1_000
