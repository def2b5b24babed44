"""`ledger serve --workers N`: processes on one socket, supervised and renewed without a gap."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ledger.cli.main import main
from ledger.http.streams import MAX_STREAMS_EACH
from tests.support.actor import Actor, policy_of
from tests.support.check import check_ledger, wait_until_published
from tests.support.engines import DATABASES
from tests.support.load import Clients, Records, Sent
from tests.support.server import Server
from tests.support.suite_database import IN_FILES

LIMIT = "60000"


class Workers(Server):
    """A server of several processes, started by `python` itself as an operator does."""

    count = 2

    def begin(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "ledger", "serve", "--workers", str(self.count)]
        places = ["--port", str(self.port), "--data", str(self.data)]
        with (self.data.parent / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *places], stdout=log, stderr=log, env=self.environment()
            )
        return self._process

    def workers(self) -> set[int]:
        """Return the processes of the workers."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return {int(each) for each in children.split()}

    def kill(self) -> None:
        """Kill the parent; its workers end by themselves."""
        workers = self.workers() if self.pid else set()
        super().kill()
        for worker in workers:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Workers]]:
    started: list[Workers] = []

    def begin(**settings: str) -> Workers:
        server = Workers(tmp_path / "data", **({"LEDGER_RATE_LIMIT": LIMIT} | IN_FILES | settings))
        started.append(server)
        server.start()
        until(lambda: "2 workers serve" in server.output)
        return server

    yield begin
    for server in started:
        server.stop()


def until(is_so: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.05)  # a process has no other signal


def is_gone(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    with suppress(OSError):
        return stat.read_text().rpartition(") ")[2].startswith("Z")
    return True


class Load(Clients):
    """Clients that draft, each request on a connection of its own."""

    def run(self, _number: int) -> None:
        """Draft until the end, and go on when a request gets no answer."""
        while not self._ends.is_set():
            document = self._creator.document()
            with self._servers[0].client() as client:
                self.send(client, Sent("create", self._creator.draft_body(document)))


@contextmanager
def drafting(server: Workers, creator: Actor) -> Iterator[Load]:
    load = Load([server] * 3, creator)
    load.start()
    try:
        yield load
    finally:
        load.end()


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_workers_serve_one_ledger_survive_the_kill_of_one_and_end_together(
    engine: str, start: Callable[..., Workers], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    settings = {}
    if engine == "postgres":
        request.getfixturevalue("postgres")
        settings["LEDGER_DATABASE_URL"] = DATABASES.url(tmp_path / "database")
    server = start(**settings)
    first = server.workers()
    with server.client() as client:
        alice = Actor(client, "Alice", server.origin).register("creator")
        drafted = alice.draft(policy=policy_of(1, alice))
        with drafting(server, alice) as load:
            time.sleep(0.5)  # the moment of the kill has to be arbitrary
            killed = min(first)
            os.kill(killed, signal.SIGKILL)
            until(lambda: len(server.workers() - first) == 1 and is_gone(killed))
            before = len(load.acknowledged)
            until(lambda: len(load.acknowledged) > before + 20 or bool(load.errors))
        approval = {"jwt": alice.approval(drafted.document)}
        assert client.post(f"/api/statements/{drafted.id}/sign", json=approval).status_code == 201
        records = Records(server)
        records.require(load.acknowledged)
        for sent in load.unanswered:
            sent.send(client)
        records.require(load.acknowledged + load.unanswered)
        wait_until_published(server)
    check_ledger(server)
    assert server.output.count("register once at") == 1  # the first link, from one of them
    workers = server.workers()
    assert server.terminate() == 0
    assert all(map(is_gone, workers))
    if engine == "postgres":
        DATABASES.give_back()


def test_a_signal_starts_the_program_anew_without_a_gap(start: Callable[..., Workers]) -> None:
    server = start()
    parent, first = server.pid, server.workers()
    with server.client() as client:
        alice = Actor(client, "Alice", server.origin).register("creator")
        with drafting(server, alice) as load:
            until(lambda: len(load.acknowledged) > 5 or bool(load.errors))
            server.send(signal.SIGHUP)
            until(lambda: all(map(is_gone, first)))
            before = len(load.acknowledged)
            until(lambda: len(load.acknowledged) > before + 5 or bool(load.errors))
    assert load.unanswered == []
    assert server.pid == parent
    assert not server.workers() & first
    Records(server).require(load.acknowledged)
    check_ledger(server)
    other = Server(server.data, LEDGER_ORIGIN=server.origin)
    other.begin()
    assert other.wait() == 2  # the directory is still held


def test_a_new_program_that_does_not_start_leaves_the_workers_as_they_are(
    start: Callable[..., Workers], tmp_path: Path
) -> None:
    policy = tmp_path / "witnesses"
    policy.write_text("quorum none\n")
    server = start(LEDGER_WITNESSES=str(policy))
    first = server.workers()
    policy.write_text("nonsense\n")
    server.send(signal.SIGHUP)
    until(lambda: "the workers of the earlier one go on" in server.output)
    assert server.workers() == first
    with server.client() as client:
        assert client.get("/readyz").status_code == 200
    policy.write_text("quorum none\n")
    server.send(signal.SIGHUP)
    until(lambda: all(map(is_gone, first)))
    with server.client() as client:
        assert client.get("/readyz").status_code == 200
    check_ledger(server)


def test_workers_whose_parent_was_killed_end_by_themselves(start: Callable[..., Workers]) -> None:
    server = start()
    workers = server.workers()
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    until(lambda: all(map(is_gone, workers)))
    server.start()
    check_ledger(server)


def test_a_client_has_one_quota_however_many_workers_there_are(
    start: Callable[..., Workers],
) -> None:
    server = start(LEDGER_RATE_LIMIT="1")
    statuses = []
    for _ in range(12):  # connections of their own, so that both workers get some
        with server.client() as client:
            statuses.append(client.post("/api/authenticate/options", json={}).status_code)
    assert statuses.count(429) == 11
    record = server.data / "security.jsonl"

    def refusals() -> int:
        lines = map(json.loads, record.read_text().splitlines())
        return sum(each["count"] for each in lines if each["code"] == "rate_limited")

    until(lambda: refusals() == 11)  # of both workers, none lost


def test_a_first_worker_that_does_not_start_ends_the_parent_with_its_code(
    start: Callable[..., Workers],
) -> None:
    server = start()
    server.terminate()
    (server.data / "log.sqlite").write_bytes(b"no database")
    server.begin()
    assert server.wait() == 1
    busy = Workers(server.data.parent / "other" / "data", LEDGER_ORIGIN=server.origin)
    busy.data.parent.mkdir()
    with socket.create_server(("127.0.0.1", busy.port)):
        busy.begin()
        assert busy.wait() == 5


@pytest.mark.parametrize("count", ["0", "65", "-1", "two", "\u0661"])
def test_a_wrong_number_of_workers_is_refused(count: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["serve", "--workers", count])


def series(server: Workers) -> dict[str, dict[str, float]]:
    """Return the metrics: by name and labels but that of the worker, then by worker."""
    with server.client() as client:
        answer = client.get("/metrics")
    assert answer.status_code == 200
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(answer.text):
        for each in family.samples:
            labels = dict(each.labels)
            worker = labels.pop("process")
            found.setdefault(f"{each.name}{labels or ''}", {})[worker] = each.value
    return found


def test_the_metrics_are_those_of_all_workers_that_answer(start: Callable[..., Workers]) -> None:
    server = start()
    workers = server.workers()
    for _ in range(20):  # each on a connection of its own
        with server.client() as client:
            assert client.get("/log/checkpoint").status_code == 200
    found = series(server)
    counted = found[
        "ledger_requests_total{'method': 'GET', 'route': '/log/checkpoint', 'status': '200'}"
    ]
    assert sum(counted.values()) == 20
    assert found["ledger_log_positions"].keys() == {"0", "1"}
    stopped = max(workers)
    os.kill(stopped, signal.SIGSTOP)
    try:
        until(lambda: answering(server) == 1)
    finally:
        os.kill(stopped, signal.SIGCONT)
    until(lambda: answering(server) == 2)


def answering(server: Workers) -> int:
    """Return how many workers answer; 0 if the connection came to one that is stopped."""
    try:
        # The address is on this machine.
        with urllib.request.urlopen(f"{server.origin}/metrics", timeout=2) as answer:  # noqa: S310
            return int(answer.read().count(b"\nledger_log_positions{"))
    except OSError:
        return 0


def test_streams_and_bodies_are_counted_over_all_workers(start: Callable[..., Workers]) -> None:
    server = start()
    with ExitStack() as opened, server.client() as client:
        alice = Actor(client, "Alice", server.origin).register("creator")
        codes = []
        for _ in range(MAX_STREAMS_EACH + 2):  # each on a connection of its own
            other = opened.enter_context(server.client())
            other.cookies.jar = alice.client.cookies.jar
            answer = opened.enter_context(other.stream("GET", "/api/stream"))
            codes.append(answer.status_code)
    assert codes == [200] * MAX_STREAMS_EACH + [429, 429]
