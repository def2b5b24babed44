"""The server is killed under load, again and again: what it acknowledged is there, once."""

import json
import random
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from ledger.domain import events
from ledger.domain.events import StatementDrafted, StatementSigned
from tests.support.actor import Actor
from tests.support.check import audit, audit_whole, check_ledger, stored
from tests.support.logs import FOUNDING
from tests.support.server import Server

KILLS = 20  # of each ledger of the long run
FEW_KILLS = 10
CLIENTS = 10
LOAD_S = (0.1, 0.6)
SENT_AGAIN = 25


class Sent:
    """A request, named by its evidence, and the answer if there was one."""

    def __init__(self, path: str, body: dict[str, str]) -> None:
        self.path = f"/api/statements/{path}"
        self.body = body
        self.evidence = body.get("act") or body["jwt"]
        self.answer: dict[str, Any] = {}

    def send(self, client: httpx.Client) -> None:
        """Expect the request to be recorded, and to be answered as before if it was before."""
        answer = client.post(self.path, json=self.body)
        assert answer.status_code == 201, answer.text
        assert self.answer in ({}, answer.json())
        self.answer = answer.json()


class Load:
    """Clients that draft and approve until the server is gone, and what they were told."""

    def __init__(self, server: Server, creator: Actor, signers: list[Actor]) -> None:
        self._server = server
        self._creator = creator
        self._signers = signers
        self.acknowledged: list[Sent] = []
        self.unanswered: list[Sent] = []
        self.errors: list[BaseException] = []

    def run_until_killed(self, seconds: float) -> None:
        clients = [threading.Thread(target=self._client) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(seconds)  # the moment of the kill is the one thing that has to be arbitrary
        self._server.kill()
        for client in clients:
            client.join()
        assert self.errors == []

    def _client(self) -> None:
        try:
            with self._server.client() as client:
                while self._one_statement(client):
                    pass
        except BaseException as error:  # noqa: BLE001  # it would be lost with its thread
            self.errors.append(error)

    def _one_statement(self, client: httpx.Client) -> bool:
        document = self._creator.document()
        path = f"{json.loads(document)['statementId']}/sign"
        approvals = [Sent(path, {"jwt": each.approval(document)}) for each in self._signers]
        return all(
            self._post(client, sent)
            for sent in [Sent("create", self._creator.draft_body(document)), *approvals]
        )

    def _post(self, client: httpx.Client, sent: Sent) -> bool:
        try:
            sent.send(client)
        except httpx.TransportError:
            self.unanswered.append(sent)
            return False
        self.acknowledged.append(sent)
        return True

    def send_again(self, chance: random.Random) -> None:
        """Send what got no answer again, and some of what got one: the answer is the same."""
        some = chance.sample(self.acknowledged, min(SENT_AGAIN, len(self.acknowledged)))
        with self._server.client() as client:
            for sent in self.unanswered + some:
                sent.send(client)
                sent.send(client)
        self.acknowledged += self.unanswered
        self.unanswered.clear()


class Records:
    """Where each piece of evidence stands in the log's file; read on from where it was left."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._read = 0
        self.positions: dict[str, int] = {}

    def require(self, acknowledged: list[Sent]) -> None:
        """Expect every acknowledged event where its answer said, and nothing twice."""
        rows, size = stored(self._server.log_address)
        assert [position for position, *_ in rows] == [*range(1, size + 1)]
        for position, state, _ in rows[self._read :]:
            body = events.decode(state).body
            if isinstance(body, StatementDrafted | StatementSigned):
                evidence = body.act if isinstance(body, StatementDrafted) else body.jws
                assert evidence not in self.positions, position
                self.positions[evidence] = position
        self._read = size
        for sent in acknowledged:
            assert self.positions.get(sent.evidence) == sent.answer["position"]


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
    load, records = Load(server, alice, [alice, bob]), Records(server)
    unanswered = 0
    for _ in range(kills):
        load.run_until_killed(chance.uniform(*LOAD_S))
        records.require(load.acknowledged)
        unanswered += len(load.unanswered)
        server.start()
        load.send_again(chance)
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
