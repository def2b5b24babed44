"""Servers are killed at any moment while messages go out: each arrives, and repetitions say so.

The receiver refuses half of the requests. Each message arrives; all requests of one message have
the same id and the same bytes; messages about one statement arrive in the order of the log.
"""

import json
import random
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.domain import events
from ledger.domain.events import Event, StatementDrafted, StatementSigned
from tests.integration.conftest import NO_LIMIT
from tests.integration.http.company import Company
from tests.support.actor import Actor, policy_of
from tests.support.carried import carry
from tests.support.check import check_ledger, head, stored, wait_until_published
from tests.support.postgres import Cluster
from tests.support.receiver import Received, Receiver
from tests.support.server import Server
from tests.support.webhooks import SETTINGS, register

STATEMENTS = 340  # three messages each
FEW = 60
KILLS = 6
LONGEST_S = 0.2
SLOW_S = 0.2
MOST_AT_ONCE = 20  # approvals in a request
ALL = SETTINGS | {"LEDGER_RATE_LIMIT": NO_LIMIT, "LEDGER_REGISTRATION": "open"}


class Refusing:
    """Answers of a receiver that refuses half of the requests, slowly until it is let go."""

    def __init__(self) -> None:
        self._chance = random.Random(5)
        self.go = threading.Event()

    def __call__(self) -> tuple[int, dict[str, str]]:
        self.go.wait(SLOW_S)
        return (503 if self._chance.random() < 0.5 else 200), {}


@pytest.fixture
def refusing() -> Refusing:
    return Refusing()


@pytest.fixture
def receiver(refusing: Refusing) -> Iterator[Receiver]:
    found = Receiver(refusing)
    yield found
    found.close()


def write(alice: Actor, count: int) -> None:
    """Draft statements that their creator's approval decides."""
    drafts = [alice.draft(policy=policy_of(1, alice)) for _ in range(count)]
    for start in range(0, count, MOST_AT_ONCE):
        jwts = [alice.approval(each.document) for each in drafts[start : start + MOST_AT_ONCE]]
        answer = alice.client.post("/api/approvals", json={"approvals": jwts})
        assert answer.status_code == 200, answer.text


def expected(server: Server, since: int) -> set[tuple[str, int]]:
    """Return the kind and position of every message about the statements after a position."""
    found = set()
    for position, state, _ in stored(server.log_address, after=since)[0]:
        event = events.read(state)
        assert isinstance(event, Event)
        if isinstance(event.body, StatementDrafted):
            found.add(("statement.drafted", position))
        elif isinstance(event.body, StatementSigned):
            found |= {("statement.approval", position), ("statement.approved", position)}
    return found


def require_all(server: Server, receiver: Receiver, secret: str, since: int) -> None:
    """Require that each message was taken, with one id and one body, in order."""
    wanted = expected(server, since)
    ids: dict[tuple[str, int], set[tuple[str, bytes]]] = defaultdict(set)
    for each in receiver.received:
        ids[_what(each, secret)].add((each.id, each.body))
    assert all(len(found) == 1 for found in ids.values())
    taken = [_what(each, secret) for each in receiver.taken]
    assert wanted <= {*taken}
    assert len({id_ for found in ids.values() for id_, _ in found}) == len(ids)
    order: dict[str, list[int]] = defaultdict(list)
    first = {each.id: each for each in reversed(receiver.taken)}
    for each in sorted(first.values(), key=receiver.received.index):
        data = json.loads(each.body)["data"]
        if "statement" in data:
            order[data["statement"]].append(data["position"])
    assert all(places == sorted(places) for places in order.values())


def _what(received: Received, secret: str) -> tuple[str, int]:
    told = received.verified(secret)
    return told["type"], told["data"]["position"]


def test_nothing_is_lost_when_a_server_is_killed_again_and_again(
    tmp_path: Path, receiver: Receiver, refusing: Refusing
) -> None:
    server = Server(tmp_path / "data", **ALL)
    server.start()
    company = Company(server)
    try:
        alice = company.person("Alice").register("creator")
        _, secret = register(company.ada, receiver)
        since = head(server)
        write(alice, STATEMENTS)
        refusing.go.set()
        for _ in range(KILLS):
            seen = len(receiver.received)
            receiver.wait_for(lambda received, seen=seen: len(received) > seen + 40)  # type: ignore[misc]
            threading.Event().wait(random.uniform(0, LONGEST_S))
            server.kill()
            server.start()
        receiver.wait_for_ids(3 * STATEMENTS)
        require_all(server, receiver, secret, since)
        check_ledger(server)
    finally:
        for client in company.clients:
            client.close()
        server.stop()


def test_two_servers_on_one_database_take_turns_when_they_are_killed(
    tmp_path: Path, receiver: Receiver, refusing: Refusing
) -> None:
    cluster = Cluster()
    cluster.start()
    first = Server(tmp_path / "first" / "data", LEDGER_DATABASE_URL=cluster.url(), **ALL)
    second = Server(
        tmp_path / "second" / "data",
        LEDGER_ORIGIN=first.origin,
        LEDGER_DATABASE_URL=cluster.url(),
        **ALL,
    )
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    try:
        first.start()
        company = Company(first)
        wait_until_published(first)
        carry(first.data, second.data)
        second.start()
        alice = company.person("Alice").register("creator")
        _, secret = register(company.ada, receiver)
        since = head(first)
        write(alice, FEW)
        refusing.go.set()
        for server in (first, second):
            seen = len(receiver.received)
            receiver.wait_for(lambda received, seen=seen: len(received) > seen + 20)  # type: ignore[misc]
            threading.Event().wait(random.uniform(0, LONGEST_S))
            server.kill()
            server.start()
        receiver.wait_for_ids(3 * FEW)
        require_all(first, receiver, secret, since)
        for client in company.clients:
            client.close()
    finally:
        first.stop()
        second.stop()
        cluster.stop()
