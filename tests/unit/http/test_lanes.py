"""Lanes: turns in the order of arrival, within bounds, and given back by each request."""

import asyncio

import pytest

from ledger.errors import UnavailableError
from ledger.http.lanes import Lane, LaneName, lane_of


@pytest.mark.parametrize(
    ("method", "path", "is_member", "lane"),
    [
        ("GET", "/healthz", False, LaneName.HEALTH),
        ("GET", "/api/statements", True, LaneName.MEMBERS),
        ("GET", "/api/statements", False, LaneName.STRANGERS),
        ("POST", "/api/statements/create", True, LaneName.WRITES),
        ("POST", "/api/statements/x/sign", False, LaneName.WRITES),
        ("POST", "/api/authenticate", False, LaneName.STRANGERS),
    ],
)
def test_every_request_has_a_lane(method: str, path: str, is_member: bool, lane: LaneName) -> None:
    assert lane_of(method, path, is_member=is_member) is lane


def test_a_full_lane_refuses_at_once_and_leaves_the_others_alone() -> None:
    async def run() -> None:
        lane = Lane(LaneName.STRANGERS, at_once=1, waiting=1, wait_s=0.05)
        async with lane:
            waiting = asyncio.create_task(_take(lane))
            await asyncio.sleep(0)
            with pytest.raises(UnavailableError) as refused:
                await _take(lane)
            assert refused.value.code == "server_busy"
            with pytest.raises(UnavailableError) as late:
                await waiting
            assert late.value.code == "server_busy"
        assert (lane.at_work, lane.waiting) == (0, 0)
        await _take(lane)

    asyncio.run(run())


async def _take(lane: Lane) -> None:
    async with lane:
        pass


def test_turns_are_taken_in_the_order_of_arrival() -> None:
    async def run() -> list[int]:
        lane = Lane(LaneName.WRITES, at_once=1, waiting=9, wait_s=5)
        order: list[int] = []

        async def one(number: int) -> None:
            async with lane:
                order.append(number)
                await asyncio.sleep(0)

        await asyncio.gather(*(one(number) for number in range(9)))
        return order

    assert asyncio.run(run()) == [*range(9)]


def test_a_turn_that_comes_as_its_request_gives_up_goes_to_the_next() -> None:
    async def run() -> None:
        lane = Lane(LaneName.WRITES, at_once=1, waiting=9, wait_s=5)
        async with lane:
            first, second = (asyncio.create_task(_take(lane)) for _ in range(2))
            await asyncio.sleep(0)
        first.cancel()  # the turn is already its own
        with pytest.raises(asyncio.CancelledError):
            await first
        await second
        assert (lane.at_work, lane.waiting) == (0, 0)

    asyncio.run(run())


def test_a_request_that_hangs_up_while_it_waits_takes_nobodys_turn() -> None:
    async def run() -> None:
        lane = Lane(LaneName.WRITES, at_once=1, waiting=9, wait_s=5)
        async with lane:
            first, second = (asyncio.create_task(_take(lane)) for _ in range(2))
            await asyncio.sleep(0)
            first.cancel()
        await second
        with pytest.raises(asyncio.CancelledError):
            await first
        assert (lane.at_work, lane.waiting) == (0, 0)

    asyncio.run(run())
