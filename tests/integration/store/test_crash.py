"""The server is killed under load, again and again: what it acknowledged is there, once."""

import random
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.actor import Actor
from tests.support.check import audit, audit_whole, check_ledger
from tests.support.load import Clients, Records
from tests.support.logs import FOUNDING
from tests.support.server import Server

KILLS = 20  # of each ledger of the long run
FEW_KILLS = 10
CLIENTS = 10
LOAD_S = (0.1, 0.6)
SENT_AGAIN = 25


def kill_under_load(load: Clients, server: Server, seconds: float) -> None:
    load.start()
    time.sleep(seconds)  # the moment of the kill is the one thing that has to be arbitrary
    server.kill()
    load.end()


def kill_again_and_again(
    directory: Path, kills: int, seed: int, **settings: str
) -> tuple[int, int]:
    """Kill one ledger's server this often; return how many events it acknowledged or lost sight of.

    After each kill everything acknowledged is there once, and the audit finds nothing.
    """
    chance = random.Random(seed)
    server = Server(directory / "data", LEDGER_RATE_LIMIT="60000", **settings)
    server.start()
    with server.client() as one, server.client() as other:
        alice = Actor(one, "Alice", server.origin).register("creator")
        bob = Actor(other, "Bob", server.origin).register()
    load, records = Clients([server] * CLIENTS, alice, [alice, bob]), Records(server)
    unanswered = 0
    for _ in range(kills):
        kill_under_load(load, server, chance.uniform(*LOAD_S))
        records.require(load.acknowledged)
        unanswered += len(load.unanswered)
        server.start()
        some = chance.sample(load.acknowledged, min(SENT_AGAIN, len(load.acknowledged)))
        with server.client() as client:
            load.send_again(client, some)
        records.require(load.acknowledged)
        audit_whole(server)
    check_ledger(server)
    assert len(audit(server)) == FOUNDING + 8 + len(load.acknowledged)
    server.stop()
    return len(load.acknowledged), unanswered


def test_ten_kills_under_load_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    _, unanswered = kill_again_and_again(tmp_path, FEW_KILLS, seed=20)
    assert unanswered > FEW_KILLS  # or it was not under load that the server was killed


def main() -> None:
    """Do the same with as many ledgers as the argument says; print the sums after each."""
    stored_events = unanswered = 0
    for seed in range(int(sys.argv[1])):
        with TemporaryDirectory(prefix="ledger-kills-") as directory:
            more, without = kill_again_and_again(Path(directory), KILLS, seed)
        stored_events, unanswered = stored_events + more, unanswered + without
        kills = (seed + 1) * KILLS
        sys.stdout.write(f"{kills} kills: {stored_events} events, {unanswered} without answer\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
