"""Clients that draft and approve at several servers, and send again what they got no answer to."""

import json
import threading
import time
from collections.abc import Sequence
from itertools import cycle, islice

import httpx

from tests.integration.store.test_crash import Sent
from tests.support.actor import Actor
from tests.support.real_time import Done
from tests.support.server import Server

CLIENTS = 6
PAUSE_S = 0.1
GIVE_UP_S = 180
# What a server may answer while it cannot reach its database, or does not know what was stored.
LATER = {503}


class Load:
    """Clients as good programs are: they repeat a request until it is answered."""

    def __init__(self, servers: Sequence[Server], creator: Actor) -> None:
        self._servers = servers
        self._creator = creator
        self._ends = threading.Event()
        self.acknowledged: list[Sent] = []
        self.history: list[Done] = []
        self.repeated = 0
        self._errors: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._run, args=(number,)) for number in range(CLIENTS)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Return when each client has the answer to its last request."""
        self._ends.set()
        for thread in self._threads:
            thread.join()
        assert self._errors == []

    def wait_for(self, more: int) -> None:
        """Return when this many further requests are acknowledged."""
        enough, give_up = len(self.history) + more, time.monotonic() + GIVE_UP_S
        while len(self.history) < enough:
            assert self._errors == []
            assert time.monotonic() < give_up
            time.sleep(0.05)  # threads give no other signal

    def _run(self, number: int) -> None:
        try:
            clients = [each.client() for each in self._servers]
            try:
                turns = islice(cycle(clients), number, None)
                while not self._ends.is_set():
                    self._one_statement(turns)
            finally:
                for client in clients:
                    client.close()
        except BaseException as error:  # noqa: BLE001  # it would be lost with its thread
            self._errors.append(error)

    def _one_statement(self, turns: "islice[httpx.Client]") -> None:
        document = self._creator.document()
        statement = json.loads(document)["statementId"]
        self._record(turns, Sent("create", self._creator.draft_body(document)))
        self._record(turns, Sent(f"{statement}/sign", {"jwt": self._creator.approval(document)}))

    def _record(self, turns: "islice[httpx.Client]", sent: Sent) -> None:
        began_s = time.monotonic()
        while True:
            answer = attempt(next(turns), sent)
            if answer is not None and answer.status_code not in LATER:
                break
            assert time.monotonic() - began_s < GIVE_UP_S, answer and answer.text
            self.repeated += 1
            time.sleep(PAUSE_S)
        assert answer.status_code == 201, answer.text
        sent.answer = answer.json()
        self.acknowledged.append(sent)
        position = sent.answer["position"]
        self.history.append(Done(sent.evidence, position, began_s, time.monotonic()))


def attempt(client: httpx.Client, sent: Sent) -> httpx.Response | None:
    try:
        return client.post(sent.path, json=sent.body)
    except httpx.TransportError:
        return None
