"""Two servers with a data directory each, on one database: any of them serves any request."""

import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import takewhile
from uuid import uuid4

import httpx
import pytest

from tests.support.actor import Actor, policy_of
from tests.support.carried import carry
from tests.support.check import check_ledger, head, wait_for, wait_until_published
from tests.support.load import Clients, Records
from tests.support.postgres import Cluster
from tests.support.server import Server

LOAD_S = 1.0
Pair = tuple[Server, Server]


@pytest.fixture(scope="module")
def pair(own_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two servers as on two machines: the second got the first one's keys and memory."""
    settings = {"LEDGER_DATABASE_URL": own_cluster.url(), "LEDGER_RATE_LIMIT": "60000"}
    first = Server(tmp_path_factory.mktemp("first") / "data", **settings)
    directory = tmp_path_factory.mktemp("second") / "data"
    second = Server(directory, LEDGER_ORIGIN=first.origin, **settings)
    first.start()
    wait_until_published(first)
    carry(first.data, directory)
    second.start()
    yield first, second
    first.stop()
    second.stop()


@pytest.fixture
def clients(pair: Pair) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """A client of each server, with one person's cookies for both."""
    with pair[0].client() as here, pair[1].client() as there:
        there.cookies.jar = here.cookies.jar
        yield here, there


def test_who_begins_at_one_server_goes_on_at_the_other(
    pair: Pair, clients: tuple[httpx.Client, httpx.Client]
) -> None:
    here, there = clients
    alice = Actor(here, "Alice", pair[0].origin)
    body = alice.completion(alice.begin("creator"))
    registered = there.post("/api/register/complete", json=body)
    assert registered.status_code == 201, registered.text
    repeated = here.post("/api/register/complete", json=body)
    assert repeated.status_code in (201, 409), repeated.text
    drafted = alice.draft(policy=policy_of(1, alice))
    signed = there.post(
        f"/api/statements/{drafted.id}/sign", json={"jwt": alice.approval(drafted.document)}
    )
    assert signed.json()["status"] == "approved"
    position = signed.json()["position"]
    shown = here.get(f"/api/statements/{drafted.id}?minPosition={position}")
    assert (shown.status_code, shown.json()["status"]) == (200, "approved")
    assert len(there.get("/api/sessions").json()["items"]) == 1
    begun = alice.begin_sign_in()
    alice.client = there
    assert alice.post_assertion(begun).status_code == 200
    alice.client = here
    assert alice.post_assertion(begun).status_code == 422
    act = {"act": alice.act("sign-in", jti="once")}
    assert there.post("/api/sessions", json=act).status_code == 200
    assert here.post("/api/sessions", json=act).json()["code"] == "already_used"
    assert there.post("/api/logout", json={}).status_code == 204
    check_ledger(pair[1])


def test_a_stream_of_one_server_tells_what_the_other_appends(
    pair: Pair, clients: tuple[httpx.Client, httpx.Client]
) -> None:
    here, there = clients
    bob = Actor(here, "Bob", pair[0].origin).register("creator")
    wait_for(pair[1], head(pair[0]))
    with there.stream("GET", "/api/stream") as stream:
        lines = stream.iter_lines()
        drafted = bob.draft()
        expected = f'data: {{"position":{drafted.answer["position"]}}}'
        before_heartbeat = takewhile(lambda line: line != ": still here", lines)
        assert expected in before_heartbeat


def test_both_know_every_checkpoint_and_one_of_them_publishes(pair: Pair) -> None:
    for server in pair:
        wait_until_published(server)
    with pair[0].client() as here, pair[1].client() as there:
        assert here.get("/log/checkpoint").text == there.get("/log/checkpoint").text


@pytest.fixture(scope="module")
def ada(pair: Pair) -> Iterator[Actor]:
    """The first administrator."""
    (token,) = re.findall(r"/register#invitation=(\S+)", pair[0].output)
    with pair[0].client() as client:
        yield Actor(client, "Ada", pair[0].origin).register("administrator", token)


def at_once(*sends: Callable[[], httpx.Response]) -> list[httpx.Response]:
    """Send requests at the same moment, and return the answers in their order."""
    ready = threading.Barrier(len(sends))

    def run(send: Callable[[], httpx.Response]) -> httpx.Response:
        ready.wait()
        return send()

    with ThreadPoolExecutor(len(sends)) as threads:
        return [*threads.map(run, sends)]


@pytest.mark.parametrize("number", range(2))
def test_of_two_who_use_an_invitation_at_once_on_two_servers_one_comes(
    pair: Pair, ada: Actor, number: int
) -> None:
    token = f"invitation {number}"
    assert ada.invite("auditor", token).status_code == 201
    with pair[0].client() as here, pair[1].client() as there:
        people = [
            Actor(client, f"Guest {'ABC'[number]}{nth}", pair[0].origin)
            for nth, client in (("x", here), ("y", there))
        ]
        begun = [(who, who.completion(who.begin(None, token), token)) for who in people]
        answers = at_once(
            *(partial(who.client.post, "/api/register/complete", json=body) for who, body in begun)
        )
        assert sorted(each.status_code for each in answers) == [201, 409]
        assert {each.json().get("code") for each in answers} == {None, "invitation_used"}
    check_ledger(pair[1])


@pytest.mark.parametrize("number", range(2))
def test_an_invitation_that_is_cancelled_and_used_at_once_is_one_of_the_two(
    pair: Pair, ada: Actor, number: int
) -> None:
    token, invitation = f"cancelled {number}", str(uuid4())
    assert ada.invite("auditor", token, invitation=invitation).status_code == 201
    change = ada.change_body({"cancel-invitation": {"invitation": invitation}})
    with pair[1].client() as there:
        guest = Actor(there, f"Late Guest {'ABC'[number]}", pair[0].origin)
        body = guest.completion(guest.begin(None, token), token)
        used, cancelled = at_once(
            partial(there.post, "/api/register/complete", json=body),
            partial(ada.client.post, "/api/changes", json=change),
        )
        assert {used.status_code, cancelled.status_code} == {201, 409}
        codes = (used.json().get("code"), cancelled.json().get("code"))
        assert codes in ((None, "invitation_used"), ("invitation_cancelled", None))
    check_ledger(pair[1])


def test_a_server_that_is_stopped_with_the_turn_to_publish_keeps_nobody_waiting(
    pair: Pair, clients: tuple[httpx.Client, httpx.Client]
) -> None:
    """One of the two has the turn: each is stopped once."""
    dave = Actor(clients[0], "Dave", pair[0].origin).register("creator")
    for stopped, client, running in ((0, clients[1], pair[1]), (1, clients[0], pair[0])):
        pair[stopped].send(signal.SIGSTOP)
        try:
            dave.client = client
            position = dave.draft().answer["position"]
            give_up = time.monotonic() + 20
            while client.get(f"/log/entries/{position - 1}/proof").status_code != 200:
                assert time.monotonic() < give_up, running.output
        finally:
            pair[stopped].send(signal.SIGCONT)
        wait_until_published(pair[stopped])
    with pair[0].client() as here, pair[1].client() as there:
        assert here.get("/log/checkpoint").text == there.get("/log/checkpoint").text


def test_a_server_that_is_killed_under_load_loses_nothing_and_the_other_goes_on(
    pair: Pair, clients: tuple[httpx.Client, httpx.Client]
) -> None:
    first, second = pair
    carol = Actor(clients[0], "Carol", first.origin).register("creator")
    load = Clients(pair * 3, carol)
    load.start()
    time.sleep(LOAD_S)  # the moment of the kill has to be arbitrary
    first.kill()
    time.sleep(LOAD_S)
    load.end()
    assert load.unanswered
    wait_until_published(second)
    records = Records(second)
    records.require(load.acknowledged)
    with second.client() as client:
        load.send_again(client)
    records.require(load.acknowledged)
    check_ledger(second)
    first.start()
    wait_for(first, head(second))
    check_ledger(first)
