"""What the workers of one socket hold together is bounded as a whole."""

import os

import pytest

from ledger.errors import TooManyError
from ledger.http.admission import Admission, ConnectionLimits
from ledger.http.lanes import LaneName, default_lanes
from ledger.http.shared_holdings import MAX_STREAMS, Holdings
from ledger.http.streams import EventStreams
from ledger.http.team import Team
from tests.support.refusals import refused


def test_streams_of_one_member_and_of_all_are_counted_over_all_workers() -> None:
    shared = Holdings(2)
    first, second = (EventStreams(each=2, in_all=3, holding=shared.row(n)) for n in range(2))
    with first.one("alice"), second.one("alice"):
        with refused(TooManyError, "too_many_streams"), first.one("alice"):
            pass
        with second.one("bob"):
            with refused(TooManyError, "too_many_streams"), first.one("carol"):
                pass
            assert (first.open, second.open) == (3, 3)
    assert first.open == 0


def test_one_worker_may_have_every_stream() -> None:
    shared = Holdings(3)
    streams = EventStreams(holding=shared.row(1))
    opened = [streams.one(f"member {number}") for number in range(MAX_STREAMS)]
    for each in opened:
        each.__enter__()
    with refused(TooManyError, "too_many_streams"), streams.one("one more"):
        pass


def test_bytes_of_bodies_are_counted_over_all_workers() -> None:
    shared, limits = Holdings(2), ConnectionLimits(bodies_bytes=1_000)
    first, second = (Admission(limits, holding=shared.row(n)) for n in range(2))
    first.hold(600)
    assert (second.has_room(400, 1), second.has_room(401, 1)) == (True, False)
    assert (first.bodies_bytes, second.bodies_bytes) == (600, 0)
    first.hold(-600)
    assert second.has_room(1_000, 1)


def test_what_a_worker_held_that_died_is_forgotten_when_the_next_one_starts() -> None:
    shared = Holdings(2)
    process = os.fork()
    if not process:
        shared.row(1).hold_bytes(500)
        shared.row(0).open_stream("alice")
        os._exit(0)
    os.waitpid(process, 0)
    assert shared.streams("alice") == (1, 1)  # it is one memory
    shared.row(0)
    shared.row(1)
    assert (shared.streams("alice"), shared.bodies_bytes()) == ((0, 0), 0)


@pytest.mark.parametrize("workers", [1, 2, 4, 8])
def test_lanes_of_all_workers_together_have_the_turns_of_one_server(workers: int) -> None:
    of_one, of_all = default_lanes(), default_lanes(Team(workers).share_of)
    for name in LaneName:
        together = workers * of_all[name]._at_once
        assert of_one[name]._at_once <= together < of_one[name]._at_once + workers
        assert workers * of_all[name]._most_waiting == of_one[name]._most_waiting
