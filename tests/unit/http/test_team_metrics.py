"""The metrics of several workers in one answer."""

import asyncio
from contextlib import closing

from ledger.http.team_metrics import Inbox, TeamMetrics, joined

FIRST = b"""# HELP a_total Some
# TYPE a_total counter
a_total{code="x y"} 1.0
# HELP b Other
# TYPE b gauge
b 2.0
"""
SECOND = b"""# HELP b Other
# TYPE b gauge
b 3.0
# HELP a_total Some
# TYPE a_total counter
"""
BOTH = b"""# HELP a_total Some
# TYPE a_total counter
a_total{process="0",code="x y"} 1.0
# HELP b Other
# TYPE b gauge
b{process="0"} 2.0
b{process="1"} 3.0
"""


def test_the_series_of_a_metric_stand_together_each_with_its_worker() -> None:
    assert joined({0: FIRST, 1: SECOND}) == BOTH


def test_a_server_without_workers_answers_for_itself() -> None:
    inbox = Inbox(None, 0, lambda: FIRST)

    async def ask() -> bytes:
        inbox.start()
        inbox.stop()
        return await inbox.collect()

    assert asyncio.run(ask()) == FIRST


def test_who_is_asked_answers_for_all_that_answer_and_waits_for_nobody_else() -> None:
    team = TeamMetrics(3)
    first, second = Inbox(team, 0, lambda: FIRST), Inbox(team, 1, lambda: SECOND)

    async def ask() -> bytes:
        first.start()
        second.start()
        for number in range(200):  # the third one answers nobody, and its inbox is full
            team.send(2, b"?" + bytes([number]))
        try:
            return await first.collect()
        finally:
            first.stop()
            second.stop()

    with closing(team):
        assert asyncio.run(ask()) == BOTH


def test_an_answer_to_an_earlier_worker_of_that_number_is_ignored() -> None:
    team = TeamMetrics(2)
    team.send(0, b"!" + bytes([1]) + bytes(8) + b"no text")
    inbox = Inbox(team, 0, lambda: SECOND)

    async def ask() -> bytes:
        inbox.start()
        try:
            return await inbox.collect()
        finally:
            inbox.stop()

    with closing(team):
        assert asyncio.run(ask()) == joined({0: SECOND})
