"""Stopping: requests under way are answered truly, within seconds, however slow the disk is."""

import json
import threading
import time
from contextlib import closing

import httpx

from tests.integration.outages.conftest import FaultyServer, until
from tests.support.actor import Actor
from tests.support.check import check_ledger, head


class Posted:
    """A draft that is sent in a thread of its own, and its answer."""

    def __init__(self, actor: Actor) -> None:
        self.answer: httpx.Response | None = None
        self._actor = actor
        self.thread = threading.Thread(target=self._post)
        self.thread.start()

    def _post(self) -> None:
        self.answer = self._actor.draft_of()

    def wait(self) -> httpx.Response:
        self.thread.join(60)
        assert self.answer is not None
        return self.answer


def queued(server: FaultyServer) -> int:
    """Return how many requests of members are being answered."""
    with server.client() as client:
        lines = client.get("/metrics").text.splitlines()
    (line,) = [each for each in lines if each.startswith('ledger_lane_at_work{lane="writes"}')]
    return int(float(line.split()[-1]))


def test_a_request_whose_commit_runs_at_the_stop_is_answered_after_the_commit(
    faulty: FaultyServer,
) -> None:
    with faulty.client() as client:
        alice = Actor(client, "Alice", faulty.origin).register("creator")
        faulty.fault(sync_s=0.5, only="log.sqlite")
        posted = Posted(alice)
        until(lambda: queued(faulty) == 1)
        faulty.ask_to_end()
        answer = posted.wait()
    assert answer.status_code == 201, answer.text
    faulty.wait()
    faulty.fault()
    faulty.start()
    assert head(faulty) == answer.json()["position"]
    check_ledger(faulty)


def test_a_stop_takes_seconds_and_says_what_is_unknown_when_the_disk_hangs(
    faulty: FaultyServer,
) -> None:
    with faulty.client() as client, closing(httpx.Client(base_url=faulty.origin)) as reader:
        alice = Actor(client, "Alice", faulty.origin).register("creator")
        reader.cookies = client.cookies
        with reader.stream("GET", "/api/stream") as stream:
            next(stream.iter_raw())
            before = head(faulty)
            faulty.fault(sync_s=30.0)
            posted = Posted(alice)
            until(lambda: queued(faulty) == 1)
            began_s = time.monotonic()
            faulty.ask_to_end()
            answer = posted.wait()
            assert (answer.status_code, answer.json()["code"]) == (503, "outcome_unknown")
            faulty.wait()
            assert time.monotonic() - began_s < 15
    assert "nothing acknowledged is lost" in faulty.output
    assert "Traceback" not in faulty.output
    faulty.fault()
    faulty.start()
    assert head(faulty) in (before, before + 1)  # unknown, as it said
    with faulty.client() as again:
        again.cookies = client.cookies
        repeated = again.post("/api/statements/create", json=json.loads(answer.request.content))
    assert (repeated.status_code, repeated.json()["position"]) == (201, before + 1)
    assert head(faulty) == before + 1
    check_ledger(faulty)


def test_a_write_that_waits_for_its_commit_at_the_stop_is_not_stored_and_is_told_so(
    faulty: FaultyServer,
) -> None:
    with faulty.client() as one, faulty.client() as other:
        alice = Actor(one, "Alice", faulty.origin).register("creator")
        bob = Actor(other, "Bob", faulty.origin).register("creator")
        before = head(faulty)
        faulty.fault(sync_s=30.0, only="log.sqlite")
        running = Posted(alice)
        until(lambda: queued(faulty) == 1)
        waiting = Posted(bob)
        until(lambda: queued(faulty) == 2)
        faulty.ask_to_end()
        answers = [posted.wait() for posted in (running, waiting)]
    assert [(each.status_code, each.json()["code"]) for each in answers] == [
        (503, "outcome_unknown"),
        (503, "shutting_down"),
    ]
    faulty.wait()
    faulty.fault()
    faulty.start()
    assert head(faulty) in (before, before + 1)
    sent = json.loads(answers[1].request.content)
    statement = json.loads(sent["document"])["statementId"]
    with faulty.client() as again:
        again.cookies = other.cookies
        assert again.get(f"/api/statements/{statement}").status_code == 404
        repeated = again.post("/api/statements/create", json=sent)
    assert repeated.status_code == 201
    check_ledger(faulty)
