"""A real ledger to measure: `ledger serve` on a disk, registered people, prepared requests."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.load import request
from benchmarks.process import Server, free_port
from tests.support.actor import Actor

DOCUMENT_BYTES = 1024
# The ledger records the two approvals that the policy requires, and one later approval.
POLICY: dict[str, Any] = {"threshold": 2, "of": ["role:creator", "role:investor"]}
APPROVALS_PER_STATEMENT = 3
IN_ONE_REQUEST = 100


class Served:
    """A running ledger with a creator and two investors."""

    def __init__(self, server: Server, client: httpx.Client) -> None:
        self.server = server
        self.port = server.port
        self._client = client
        origin = f"http://localhost:{self.port}"
        people = [("Alice", "creator"), ("Bob", "investor"), ("Carol", "investor")]
        self.people = [Actor(client, name, origin).register(role) for name, role in people]

    def draft_requests(self, documents: Sequence[str]) -> list[bytes]:
        """Return a request for each document, signed now."""
        creator = self.people[0]
        return [
            self._post("/api/statements/create", creator.draft_body(document))
            for document in documents
        ]

    def approval_requests(self, documents: Sequence[str]) -> list[bytes]:
        """Return three requests per document, signed now, grouped by signer."""
        return [
            self._post(
                f"/api/statements/{json.loads(document)['statementId']}/sign",
                {"jwt": person.approval(document)},
            )
            for person in self.people
            for document in documents
        ]

    def several_requests(self, documents: Sequence[str]) -> list[bytes]:
        """Return requests of many approvals each: those of `approval_requests`, by session."""
        requests = []
        for person in self.people:
            answer = person.sign_in_by_key(f"benchmark {time.time_ns()}").raise_for_status()
            cookie = "; ".join(f"{name}={value}" for name, value in answer.cookies.items())
            approvals = [person.approval(document) for document in documents]
            for first in range(0, len(approvals), IN_ONE_REQUEST):
                body = {"approvals": approvals[first : first + IN_ONE_REQUEST]}
                requests.append(self._post("/api/approvals", body, f"Cookie: {cookie}\r\n"))
        return requests

    def _post(self, path: str, body: Mapping[str, str | list[str]], headers: str = "") -> bytes:
        raw = json.dumps(body).encode()
        return request("POST", path, port=self.port, body=raw, headers=headers)

    def documents(self, count: int) -> list[str]:
        """Return new documents of about 1 KiB by the creator."""
        return [document(self.people[0]) for _ in range(count)]

    def wait_until_published(self) -> None:
        """Return when a checkpoint has the newest event: then further servers can start."""
        newest = self._client.get("/healthz").json()["position"]
        self._client.get(f"/log/entries/{newest - 1}/proof").raise_for_status()

    def wait_for_views(self) -> None:
        """Return when the read models contain every acknowledged event."""
        before = -1
        while (position := self._client.get("/healthz").json()["position"]) != before:
            before = position
            time.sleep(0.1)


def document(creator: Actor) -> str:
    """Return a new document of about 1 KiB."""
    bare = creator.document(policy=POLICY)
    terms = json.loads(json.loads(bare)["content"])
    terms["notes"] = ("As agreed at the meeting of the board. " * 40)[: DOCUMENT_BYTES - len(bare)]
    return creator.document(policy=POLICY, content=json.dumps(terms))


@contextmanager
def serving(directory: Path, **settings: str) -> Iterator[Served]:
    """Serve a new ledger in a new directory, with further settings."""
    port = free_port()
    origin = f"http://localhost:{port}"
    with (
        Server(
            *("ledger", "serve", "--data", str(directory / "data"), "--port", str(port)),
            port=port,
            log=directory / "server.log",
            # A few people send what thousands would: quotas are not what is measured.
            environment={
                "LEDGER_ORIGIN": origin,
                "LEDGER_RATE_LIMIT": "60000",
                "LEDGER_CONNECTIONS": "512",
            }
            | settings,
        ) as server,
        httpx.Client(base_url=origin) as client,
    ):
        yield Served(server, client)
