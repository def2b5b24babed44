"""Lanes: turns in the order of arrival, within bounds, and given back by each request."""

import asyncio

import pytest

from ledger.errors import UnavailableError
from ledger.http.lanes import (
    Lane,
    LaneName,
    default_lanes,
    end_unsigned,
    lane_of,
    without_turn,
)


@pytest.mark.parametrize(
    ("method", "path", "is_member", "lane"),
    [
        ("GET", "/healthz", False, LaneName.HEALTH),
        ("GET", "/api/statements", True, LaneName.MEMBERS),
        ("GET", "/api/statements", False, LaneName.STRANGERS),
        ("POST", "/api/statements/create", True, LaneName.WRITES),
        ("POST", "/api/statements/x/sign", False, LaneName.WRITES),
        ("POST", "/api/statements/create", False, LaneName.DRAFTS),
        ("POST", "/api/changes", False, LaneName.DRAFTS),
        ("POST", "/api/changes/preview", False, LaneName.STRANGERS),
        ("POST", "/api/passkeys/x/remove", False, LaneName.WRITES),
        ("POST", "/api/authenticate", False, LaneName.STRANGERS),
    ],
)
def test_every_request_has_a_lane(method: str, path: str, is_member: bool, lane: LaneName) -> None:
    assert lane_of(method, path, is_member=is_member) is lane


def test_two_drafts_of_an_address_are_verified_at_once_and_the_others_wait() -> None:
    """All of 118 forged drafts were read one after the other, and a member waited for a second."""

    async def run() -> list[int]:
        lanes = default_lanes()
        drafts = lanes[lane_of("POST", "/api/statements/create", is_member=False)]
        most: list[int] = []

        async def one() -> None:
            async with drafts.turn("192.0.2.1"):  # and answered without any wait
                most.append(drafts.at_work)

        forged = asyncio.gather(*(one() for _ in range(118)))
        rounds = 0
        while not forged.done():
            rounds += 1
            await asyncio.sleep(0)
        assert rounds > 118 / 2  # in each, others are heard
        return most

    found = asyncio.run(run())
    assert (len(found), max(found)) == (118, 2)


@pytest.mark.parametrize(("path", "most"), [("/api/changes", 9), ("/api/register/complete", 2)])
def test_a_draft_whose_signature_is_verified_holds_no_turn(path: str, most: int) -> None:
    async def run() -> int:
        lane, disk = default_lanes()[lane_of("POST", path, is_member=False)], asyncio.Event()
        waiting = 0

        async def one() -> None:
            nonlocal waiting
            async with lane.turn("192.0.2.1"):
                end_unsigned()
                waiting += 1
                await disk.wait()

        asked = [asyncio.create_task(one()) for _ in range(9)]
        for _ in range(50):
            await asyncio.sleep(0)
        found = waiting
        disk.set()
        await asyncio.gather(*asked)
        assert lane.at_work == 0
        return found

    assert asyncio.run(run()) == most


def test_a_full_lane_refuses_at_once_and_leaves_the_others_alone() -> None:
    async def run() -> None:
        lane = Lane(LaneName.STRANGERS, at_once=1, each=1, waiting=1, wait_s=0.05)
        async with lane.turn("alice"):
            waiting = asyncio.create_task(_take(lane))
            await asyncio.sleep(0)
            with pytest.raises(UnavailableError) as refused:
                await _take(lane)
            assert refused.value.code == "server_busy"
            with pytest.raises(UnavailableError) as late:
                await waiting
            assert late.value.code == "server_busy"
        await _take(lane)
        await asyncio.sleep(0)  # a turn is given back at the loop's next round
        assert (lane.at_work, lane.waiting) == (0, 0)

    asyncio.run(run())


async def _take(lane: Lane, asker: str = "alice") -> None:
    async with lane.turn(asker):
        pass


def test_requests_get_turns_in_the_order_of_arrival() -> None:
    async def run() -> list[int]:
        lane = Lane(LaneName.WRITES, at_once=1, each=1, waiting=9, wait_s=5)
        order: list[int] = []

        async def one(number: int) -> None:
            async with lane.turn("alice"):
                order.append(number)
                await asyncio.sleep(0)

        await asyncio.gather(*(one(number) for number in range(9)))
        return order

    assert asyncio.run(run()) == [*range(9)]


def test_a_turn_that_comes_as_its_request_gives_up_goes_to_the_next() -> None:
    async def run() -> None:
        lane = Lane(LaneName.WRITES, at_once=1, each=1, waiting=9, wait_s=5)
        async with lane.turn("alice"):
            first, second = (asyncio.create_task(_take(lane)) for _ in range(2))
            await asyncio.sleep(0)
        first.cancel()  # the turn is already its own
        with pytest.raises(asyncio.CancelledError):
            await first
        await second
        await asyncio.sleep(0)  # a turn is given back at the loop's next round
        assert (lane.at_work, lane.waiting) == (0, 0)

    asyncio.run(run())


def test_a_request_that_hangs_up_while_it_waits_takes_nobodys_turn() -> None:
    async def run() -> None:
        lane = Lane(LaneName.WRITES, at_once=1, each=1, waiting=9, wait_s=5)
        async with lane.turn("alice"):
            first, second = (asyncio.create_task(_take(lane)) for _ in range(2))
            await asyncio.sleep(0)
            first.cancel()
        await second
        with pytest.raises(asyncio.CancelledError):
            await first
        await asyncio.sleep(0)  # a turn is given back at the loop's next round
        assert (lane.at_work, lane.waiting) == (0, 0)

    asyncio.run(run())


def test_askers_take_turns_in_rotation_however_many_requests_one_of_them_has() -> None:
    async def run() -> list[str]:
        lane = Lane(LaneName.MEMBERS, at_once=1, each=1, waiting=20, wait_s=5)
        order: list[str] = []

        async def one(asker: str) -> None:
            async with lane.turn(asker):
                order.append(asker)
                await asyncio.sleep(0)

        async with lane.turn("first"):
            waiting = [asyncio.create_task(one(each)) for each in ["m"] * 9 + ["a", "b", "a"]]
            await asyncio.sleep(0)
        await asyncio.gather(*waiting)
        await asyncio.sleep(0)  # a turn is given back at the loop's next round
        assert (lane.at_work, lane.waiting) == (0, 0)
        return order

    assert asyncio.run(run()) == ["m", "a", "b", "m", "a", *["m"] * 7]


def test_one_asker_cannot_hold_all_turns_of_a_lane() -> None:
    async def run() -> None:
        lane = Lane(LaneName.MEMBERS, at_once=4, each=2, waiting=20, wait_s=0.05)
        async with lane.turn("mallory"), lane.turn("mallory"):
            with pytest.raises(UnavailableError):
                await _take(lane, "mallory")
            await _take(lane, "alice")
        await asyncio.sleep(0)  # a turn is given back at the loop's next round
        assert (lane.at_work, lane.waiting) == (0, 0)

    asyncio.run(run())


def test_a_full_lane_refuses_the_asker_with_the_most_waiting_requests() -> None:
    async def run() -> None:
        lane = Lane(LaneName.MEMBERS, at_once=1, each=1, waiting=3, wait_s=5)
        async with lane.turn("first"):
            flood = [asyncio.create_task(_take(lane, "mallory")) for _ in range(3)]
            await asyncio.sleep(0)
            with pytest.raises(UnavailableError):
                await _take(lane, "mallory")  # nobody makes room for one more of their own
            alice = asyncio.create_task(_take(lane, "alice"))
            await asyncio.sleep(0)
        await alice
        answers = await asyncio.gather(*flood, return_exceptions=True)
        assert [type(each) for each in answers] == [type(None)] * 2 + [UnavailableError]
        await asyncio.sleep(0)  # a turn is given back at the loop's next round
        assert (lane.at_work, lane.waiting) == (0, 0)

    asyncio.run(run())


def test_a_request_that_waits_for_an_event_gives_its_turn_back_meanwhile() -> None:
    async def run() -> None:
        lane = Lane(LaneName.STRANGERS, at_once=1, each=1, waiting=3, wait_s=5)
        came = asyncio.Event()

        async def waits() -> int:
            async with lane.turn("monitor"):
                async with without_turn():
                    await came.wait()
                return lane.at_work

        waiting = asyncio.create_task(waits())
        await asyncio.sleep(0)
        await _take(lane, "alice")
        came.set()
        assert await waiting == 1
        await asyncio.sleep(0)  # a turn is given back at the loop's next round
        assert (lane.at_work, lane.waiting) == (0, 0)

    asyncio.run(run())


def test_a_request_whose_lane_is_full_after_its_wait_is_refused_and_holds_nothing() -> None:
    async def run() -> None:
        lane = Lane(LaneName.STRANGERS, at_once=1, each=1, waiting=1, wait_s=0.05)
        came = asyncio.Event()

        async def waits() -> None:
            async with lane.turn("monitor"), without_turn():
                await came.wait()

        waiting = asyncio.create_task(waits())
        await asyncio.sleep(0)
        async with lane.turn("alice"):
            came.set()
            with pytest.raises(UnavailableError):
                await waiting
        await asyncio.sleep(0)  # a turn is given back at the loop's next round
        assert (lane.at_work, lane.waiting) == (0, 0)

    asyncio.run(run())


@pytest.mark.parametrize("name", [LaneName.STRANGERS, LaneName.DRAFTS])
def test_turns_of_strangers_rest_while_a_member_is_served(
    name: LaneName, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member's read waited for Python's lock at each row, 60 to 120 ms in all."""

    async def begun_in_a_few_rounds(lane: Lane) -> int:
        requests = [asyncio.create_task(one(lane, number)) for number in range(8)]
        for _ in range(10):
            await asyncio.sleep(0)
        begun = sum(each.done() for each in requests)
        await asyncio.wait_for(asyncio.gather(*requests), 5)
        return begun

    async def one(lane: Lane, asker: int) -> None:
        async with lane.turn(asker):
            pass

    async def run() -> list[int]:
        lanes = default_lanes()
        alone = await begun_in_a_few_rounds(lanes[name])
        async with lanes[LaneName.MEMBERS].turn("ada"):
            monkeypatch.setattr("ledger.http.lanes.REST_S", 0.5)
            beside = await begun_in_a_few_rounds(lanes[name])
        return [alone, beside]

    assert asyncio.run(run()) == [8, 4]


@pytest.mark.parametrize("name", [LaneName.MEMBERS, LaneName.STRANGERS, LaneName.DRAFTS])
def test_a_burst_of_many_addresses_waits_and_is_answered(name: LaneName) -> None:
    """Of 300 strangers who came together beside a reading member, 168 were refused."""

    async def run() -> int:
        lanes = default_lanes()

        async def one(asker: int) -> None:
            async with lanes[name].turn(asker):
                pass

        async with lanes[LaneName.MEMBERS].turn("ada"):
            answered = asyncio.gather(*(one(number) for number in range(500)))
            await asyncio.sleep(0)
        return len(await asyncio.wait_for(answered, 20))

    assert asyncio.run(run()) == 500
