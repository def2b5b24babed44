"""The server is killed under load, again and again: what it acknowledged is there, once."""

import json
import random
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

from ledger.events import StatementDrafted, StatementSigned
from tests.support.actor import Actor
from tests.support.check import audit, check_ledger
from tests.support.server import Server

KILLS = 20
CLIENTS = 8
LOAD_S = (0.3, 1.2)


class Load:
    """Clients that draft and approve until the server is gone, and what they were told."""

    def __init__(self, server: Server, creator: Actor, signers: list[Actor]) -> None:
        self._server = server
        self._creator = creator
        self._signers = signers
        self._lock = threading.Lock()
        self.acknowledged: dict[int, tuple[str, Any]] = {}
        self.unknown: list[tuple[str, dict[str, str]]] = []

    def run_until_killed(self, seconds: float) -> None:
        stopping = threading.Event()
        clients = [threading.Thread(target=self._client, args=(stopping,)) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(seconds)  # the moment of the kill is the one thing that has to be arbitrary
        self._server.kill()
        stopping.set()
        for client in clients:
            client.join()

    def _client(self, stopping: threading.Event) -> None:
        with httpx.Client(base_url=self._server.origin, timeout=10) as client:
            while not stopping.is_set():
                document = self._creator.document()
                if not self._post(client, "create", self._creator.draft_body(document)):
                    return
                path = f"{json.loads(document)['statementId']}/sign"
                for signer in self._signers:
                    if not self._post(client, path, {"jwt": signer.approval(document)}):
                        return

    def _post(self, client: httpx.Client, path: str, body: dict[str, str]) -> bool:
        try:
            answer = client.post(f"/api/statements/{path}", json=body)
        except httpx.TransportError:
            with self._lock:
                self.unknown.append((path, body))
            return False
        assert answer.status_code == 201, answer.text
        with self._lock:
            self.acknowledged[answer.json()["position"]] = (path, answer.json())
        return True

    def send_again(self) -> None:
        """Send what got no answer again, twice: recorded once, answered the same."""
        with httpx.Client(base_url=self._server.origin, timeout=10) as client:
            for path, body in self.unknown:
                first = client.post(f"/api/statements/{path}", json=body)
                again = client.post(f"/api/statements/{path}", json=body)
                assert first.status_code == 201, first.text
                assert again.json() == first.json()
                self.acknowledged[first.json()["position"]] = (path, first.json())
        self.unknown.clear()


def test_twenty_kills_under_load_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    chance = random.Random(20)
    server = Server(tmp_path / "data", LEDGER_RATE_LIMIT="60000")
    server.start()
    with httpx.Client(base_url=server.origin) as client:
        alice = Actor(client, "Alice", server.origin).register("creator")
        bob = Actor(client, "Bob", server.origin).register()
    load = Load(server, alice, [alice, bob])
    for _ in range(KILLS):
        load.run_until_killed(chance.uniform(*LOAD_S))
        server.start()
        load.send_again()
    check_ledger(server)
    events = audit(server)
    server.stop()

    # Every acknowledged event stands where its answer said, and nothing stands twice.
    assert len(load.acknowledged) > KILLS
    for position, (path, answer) in load.acknowledged.items():
        event = events[position - 1]
        expected = StatementDrafted if path == "create" else StatementSigned
        assert isinstance(event.body, expected)
        assert str(event.stream) == answer["statementId"]
    signed = Counter(
        (event.stream, event.body.signer)
        for event in events
        if isinstance(event.body, StatementSigned)
    )
    assert max(signed.values()) == 1
    drafted = [event.stream for event in events if isinstance(event.body, StatementDrafted)]
    assert len(drafted) == len(set(drafted))
