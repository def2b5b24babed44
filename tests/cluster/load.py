"""Clients that draft and approve at several servers, and send again what they got no answer to."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import cycle, islice

import httpx

from tests.support.actor import Actor
from tests.support.load import Clients, Sent
from tests.support.real_time import Done
from tests.support.server import Server

CLIENTS = 6
PAUSE_S = 0.1
GIVE_UP_S = 180
# What a server may answer while it cannot reach its database, or does not know what was stored.
LATER = {503}


class Load(Clients):
    """Clients as good programs are: they repeat a request, at any server, until it is answered."""

    def __init__(self, servers: Sequence[Server], creator: Actor) -> None:
        super().__init__([*islice(cycle(servers), CLIENTS)], creator)
        self._all = servers
        self.history: list[Done] = []
        self.repeated = 0

    def wait_for(self, more: int) -> None:
        """Return when this many further requests are acknowledged."""
        enough, give_up = len(self.history) + more, time.monotonic() + GIVE_UP_S
        while len(self.history) < enough:
            assert self.errors == []
            assert time.monotonic() < give_up
            time.sleep(0.05)  # threads give no other signal

    def run(self, number: int) -> None:
        """Be the client of this number until the end."""
        with ExitStack() as opened:
            clients = [opened.enter_context(each.client()) for each in self._all]
            turns = islice(cycle(clients), number, None)
            while not self._ends.is_set():
                self.one_statement(lambda sent: self._repeat(turns, sent))

    def _repeat(self, turns: Iterator[httpx.Client], sent: Sent) -> bool:
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
        return True


def attempt(client: httpx.Client, sent: Sent) -> httpx.Response | None:
    """Send a request once; return the answer if there is one."""
    try:
        return client.post(sent.path, json=sent.body)
    except httpx.TransportError:
        return None
