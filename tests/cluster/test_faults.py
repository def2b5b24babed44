"""One part after the other fails: nothing acknowledged is lost or doubled, and writing goes on.

After each fault the log is dense, its order is that in which clients saw answers, the audit finds
nothing, and all read models equal a rebuild.
"""

import time
from datetime import timedelta

from tests.cluster.conftest import Servers, UnderLoad
from tests.cluster.database import Database, wait_until
from tests.cluster.load import attempt
from tests.cluster.places import NODES
from tests.support.actor import Actor
from tests.support.load import Records, Sent

HELD_S = 3


def leader_of(database: Database) -> int:
    return wait_until(database.leader, "a leader")


def test_a_primary_that_crashes_is_replaced(database: Database, under_load: UnderLoad) -> None:
    old = leader_of(database)

    def crash() -> None:
        database.kill_postgres(old)
        wait_until(lambda: database.leader(but=old), "another primary")

    under_load(crash)
    wait_until(database.is_whole, "three nodes")


def test_a_database_node_that_is_lost_is_replaced_and_comes_back(
    database: Database, under_load: UnderLoad
) -> None:
    old = leader_of(database)

    def lose() -> None:
        database.kill_node(old)
        wait_until(lambda: database.leader(but=old), "another primary")

    under_load(lose)
    database.start_node(old)
    wait_until(database.is_whole, "three nodes")


def test_a_database_node_that_freezes_is_replaced_and_comes_back(
    database: Database, under_load: UnderLoad
) -> None:
    old = leader_of(database)

    def freeze() -> None:
        database.freeze(old)
        wait_until(lambda: database.leader(but=old), "another primary")

    try:
        under_load(freeze)
    finally:
        database.thaw(old)
    wait_until(database.is_whole, "three nodes")


def test_a_planned_switchover_loses_nothing(database: Database, under_load: UnderLoad) -> None:
    under_load(database.switch_over)
    wait_until(database.is_whole, "three nodes")


def test_writing_goes_on_without_etcd(database: Database, under_load: UnderLoad) -> None:
    old = leader_of(database)

    def lose() -> None:
        for node in NODES:
            database.kill_etcd(node)
        time.sleep(25)  # longer than the leader's lock lasts

    load = under_load(lose)
    assert load.repeated == 0
    for node in NODES:
        database.start_etcd(node)
    assert wait_until(database.leader, "the leader") == old
    wait_until(database.is_whole, "three nodes")


def test_a_server_that_is_killed_is_left_for_the_others(
    servers: Servers, under_load: UnderLoad
) -> None:
    def kill() -> None:
        servers[0].kill()
        time.sleep(HELD_S)
        servers[0].start()

    assert under_load(kill).repeated > 0


def test_a_server_whose_clock_runs_ahead_writes_times_that_never_decrease(
    servers: Servers, under_load: UnderLoad
) -> None:
    under_load(lambda: servers[1].let_pass(timedelta(minutes=2)))


def test_nothing_is_acknowledged_without_a_standby_not_even_a_repetition(
    database: Database, servers: Servers, creator: Actor, records: Records
) -> None:
    primary = leader_of(database)
    standbys = [node for node in NODES if node != primary]
    for node in standbys:
        database.kill_node(node)
    sent = Sent("create", creator.draft_body(creator.document()))
    for server in servers[:2]:  # each sends it again for half a minute by itself
        with server.client() as client:
            client.timeout = 60
            answer = attempt(client, sent)
        assert answer is not None
        assert answer.status_code == 503
        assert answer.json()["code"] in {"outcome_unknown", "storage_failed"}
    for node in standbys:
        database.start_node(node)
    wait_until(database.is_whole, "three nodes")
    with servers[0].client() as client:
        sent.send(client)
    records.require([sent])
