"""Clients that draft and approve at once, what they were told, and what the log has of it."""

import json
import threading
from collections.abc import Callable, Sequence
from typing import Any

import httpx

from ledger.domain import events
from ledger.domain.events import StatementDrafted, StatementSigned
from tests.support.actor import Actor
from tests.support.check import stored
from tests.support.server import Server


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


class Clients:
    """A client of each server that is named, as often as it is named; it leaves one that is gone.

    Each drafts, and lets the signers approve, without end. What got an answer is `acknowledged`.
    """

    def __init__(
        self, servers: Sequence[Server], creator: Actor, signers: Sequence[Actor] = ()
    ) -> None:
        self._servers = servers
        self._creator = creator
        self._signers = signers or [creator]
        self._ends = threading.Event()
        self._threads: list[threading.Thread] = []
        self.acknowledged: list[Sent] = []
        self.unanswered: list[Sent] = []
        self.errors: list[BaseException] = []

    def start(self) -> None:
        """Start a thread for each client."""
        self._ends.clear()
        self._threads = [
            threading.Thread(target=self._noting_errors, args=(number,))
            for number in range(len(self._servers))
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Return when each client has the answer to its last request; raise what failed."""
        self._ends.set()
        for thread in self._threads:
            thread.join()
        assert self.errors == []

    def send_again(self, client: httpx.Client, some: Sequence[Sent] = ()) -> None:
        """Send twice what got no answer, and some of what got one: the answers are the same."""
        for sent in (*self.unanswered, *some):
            sent.send(client)
            sent.send(client)
        self.acknowledged += self.unanswered
        self.unanswered.clear()

    def _noting_errors(self, number: int) -> None:
        try:
            self.run(number)
        except BaseException as error:  # noqa: BLE001  # it would be lost with its thread
            self.errors.append(error)

    def run(self, number: int) -> None:
        """Be the client of this number until the end."""
        with self._servers[number].client() as client:
            while not self._ends.is_set() and self.one_statement(
                lambda sent: self.send(client, sent)
            ):
                pass

    def one_statement(self, send: Callable[[Sent], bool]) -> bool:
        """Draft one statement and approve it; return False once a request got no answer."""
        document = self._creator.document()
        path = f"{json.loads(document)['statementId']}/sign"
        approvals = [Sent(path, {"jwt": each.approval(document)}) for each in self._signers]
        return all(map(send, [Sent("create", self._creator.draft_body(document)), *approvals]))

    def send(self, client: httpx.Client, sent: Sent) -> bool:
        """Send a request once; tell whether it was answered."""
        try:
            sent.send(client)
        except httpx.TransportError:
            self.unanswered.append(sent)
            return False
        self.acknowledged.append(sent)
        return True


class Records:
    """Where each piece of evidence stands in the log; read on from where it was left."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._read = 0
        self.positions: dict[str, int] = {}

    def require(self, acknowledged: Sequence[Sent]) -> None:
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
