"""Work in pieces takes rounds of the event loop, and every asker has a turn in each few."""

import asyncio
import socket
from collections import Counter
from functools import partial

from ledger.http.rounds import Rounds
from ledger.http.secure_transport import is_gone

Done = list[tuple[int, str, int]]  # in which round, of whom, their which piece


async def done_in_rounds(asked: dict[str, int]) -> Done:
    """Return when each piece was done of what these askers ask for at once, the first one first."""
    rounds, done, number = Rounds(most=8, each=4), [], 0

    def piece(asker: str, nth: int) -> None:
        done.append((number, asker, nth))

    for asker, count in asked.items():
        for nth in range(count):
            rounds.do(asker, partial(piece, asker, nth))
    while len(done) < sum(asked.values()):
        number += 1
        await asyncio.sleep(0)
        assert number < 1_000
    return done


def test_so_many_pieces_are_done_in_a_round_of_all_and_of_one() -> None:
    done = asyncio.run(done_in_rounds({"a": 50, "b": 50, "c": 50}))
    assert max(Counter(number for number, _, _ in done).values()) == 8
    assert max(Counter((number, who) for number, who, _ in done).values()) == 4


def test_an_asker_with_many_pieces_delays_only_their_own() -> None:
    done = asyncio.run(done_in_rounds({"many": 1_000, "few": 2}))
    assert [number for number, who, _ in done if who == "few"] == [0, 0]
    assert [nth for _, who, nth in done if who == "many"] == list(range(1_000))


def test_the_last_to_come_waits_for_one_turn_of_each_of_the_others() -> None:
    asked = {f"192.0.2.{n}": 100 for n in range(40)} | {"last": 1}
    done = asyncio.run(done_in_rounds(asked))
    (round_of_last,) = (number for number, who, _ in done if who == "last")
    assert round_of_last <= 1 + len(asked) // 8


def test_a_piece_that_fails_leaves_the_others_their_rounds() -> None:
    async def run() -> int:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        rounds, done = Rounds(most=1, each=1), Counter[str]()

        def fail() -> None:
            raise ValueError

        rounds.do("first", lambda: done.update(["first"]))
        rounds.do("second", fail)
        rounds.do("third", lambda: done.update(["third"]))
        for _ in range(9):
            await asyncio.sleep(0)
        return done.total()

    assert asyncio.run(run()) == 2


def test_a_client_that_has_hung_up_is_noticed_before_what_it_sent_is_read() -> None:
    for ended, expected in ((False, False), (True, True)):
        client, server = socket.socketpair()
        with client, server:
            client.send(b"a first message")
            if ended:
                client.close()
            assert is_gone(server) is expected
            assert server.recv(99) == b"a first message"
