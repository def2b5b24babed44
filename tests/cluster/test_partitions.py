"""The network parts nodes: nothing acknowledged is lost or doubled, and what can go on does.

What each test requires of the log after its fault is in `conftest.py`, as for the other faults.
"""

import time

import httpx

from tests.cluster.conftest import Servers, UnderLoad
from tests.cluster.database import Database, wait_until
from tests.cluster.places import NODES, SERVERS, Apart
from tests.cluster.test_faults import leader_of
from tests.support.server import Server

ALL_SERVERS = [f"app{number + 1}" for number in SERVERS]
HELD_S = 5


def others(node: int) -> list[str]:
    return [f"db{each + 1}" for each in NODES if each != node]


def readiness(server: Server) -> int:
    with server.client() as client:
        try:
            return client.get("/readyz").status_code
        except httpx.TransportError:
            return 0


def test_a_primary_that_only_clients_reach_acknowledges_nothing_and_is_replaced(
    database: Database, apart: Apart, under_load: UnderLoad
) -> None:
    """It has lost both standbys and etcd, and the servers still write to it."""
    old = leader_of(database)

    def part() -> None:
        apart.cut(f"db{old + 1}", *others(old))
        wait_until(lambda: database.leader(but=old), "another primary")

    under_load(part, apart.heal)
    wait_until(database.is_whole, "three nodes")


def test_a_primary_that_hears_its_peers_and_is_not_heard_is_replaced(
    database: Database, apart: Apart, under_load: UnderLoad
) -> None:
    """Packets are lost in one direction alone."""
    old = leader_of(database)

    def part() -> None:
        for peer in others(old):
            apart.lose(f"db{old + 1}", peer)
        wait_until(lambda: database.leader(but=old), "another primary")

    under_load(part, apart.heal)
    wait_until(database.is_whole, "three nodes")


def test_a_primary_that_loses_etcd_alone_goes_on_and_can_be_replaced_afterwards(
    database: Database, apart: Apart, under_load: UnderLoad
) -> None:
    """It tells both standbys that it goes on, and each believes that for `ttl` seconds more."""
    old = leader_of(database)

    def part() -> None:
        for peer in others(old):
            for service in ("etcd", "peers"):
                apart.lose(f"db{old + 1}", peer, service)
                apart.lose(peer, f"db{old + 1}", service)
        time.sleep(22)  # longer than the leader's lock lasts

    load = under_load(part, apart.heal)
    assert load.repeated == 0
    assert database.leader() == old
    under_load(lambda: database.replace(old, asked=old))
    wait_until(database.is_whole, "three nodes")


def test_a_primary_that_no_server_reaches_stays_until_somebody_replaces_it(
    database: Database, apart: Apart, under_load: UnderLoad
) -> None:
    """Patroni sees nothing wrong: the nodes of the database reach each other and etcd."""
    old = leader_of(database)
    asked = next(node for node in NODES if node != old)

    def part() -> None:
        apart.cut(f"db{old + 1}", *ALL_SERVERS)
        time.sleep(HELD_S)
        assert database.leader() == old
        database.replace(old, asked=asked)

    under_load(part, apart.heal)
    wait_until(database.is_whole, "three nodes")


def test_a_server_that_reaches_no_database_says_so_and_comes_back_by_itself(
    apart: Apart, servers: Servers, under_load: UnderLoad
) -> None:
    def part() -> None:
        apart.cut("app1", *(f"db{node + 1}" for node in NODES))
        wait_until(lambda: readiness(servers[0]) == 503, "a server that is not ready")
        time.sleep(HELD_S)
        assert [readiness(each) for each in servers[1:]] == [200, 200]
        apart.heal()
        wait_until(lambda: readiness(servers[0]) == 200, "a server that is ready")

    under_load(part, apart.heal)
