"""A stopped process, no descriptors left, a reader that does not end: each passes."""

import json
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.integration.outages.conftest import until
from tests.integration.outages.test_stopping import Posted
from tests.support.actor import Actor
from tests.support.check import check_ledger, head
from tests.support.server import Server

MIB = 1024 * 1024
READER = """
import sqlite3, sys
db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True, isolation_level=None)
db.execute("BEGIN")
print(db.execute("SELECT size FROM log_head").fetchone()[0], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path / "data", LEDGER_RATE_LIMIT="60000")
    running.start()
    yield running
    running.stop()


def test_a_process_that_was_stopped_for_a_while_answers_and_goes_on(server: Server) -> None:
    with server.client() as client:
        alice = Actor(client, "Alice", server.origin).register("creator")
        server.send(signal.SIGSTOP)
        posted = Posted(alice)
        posted.thread.join(2)
        assert posted.answer is None  # it waits, and nobody tells it a lie
        server.send(signal.SIGCONT)
        assert posted.wait().status_code == 201
        assert alice.draft_of().status_code == 201
    check_ledger(server)


def test_without_descriptors_for_new_connections_the_open_ones_are_served(server: Server) -> None:
    with server.client() as client:
        alice = Actor(client, "Alice", server.origin).register("creator")
        with ExitStack() as newcomers, few_descriptors(server):
            for _ in range(40):
                newcomers.enter_context(
                    closing(socket.create_connection(("127.0.0.1", server.port)))
                )
            with server.client() as newcomer, pytest.raises(httpx.TransportError):
                newcomer.get("/livez", timeout=2)
            for _ in range(3):
                assert alice.draft_of().status_code == 201
        until(lambda: _answers(server))
        assert alice.draft_of().status_code == 201
    until(lambda: _is_healthy(server))  # the security record writes again after its pause
    assert "Traceback" not in server.output
    check_ledger(server)


def _answers(server: Server) -> bool:
    with server.client() as client:
        return client.get("/readyz").status_code == 200


def _is_healthy(server: Server) -> bool:
    with server.client() as client:
        found: bool = client.get("/healthz").json().get("reasons") == []
        return found


@contextmanager
def few_descriptors(server: Server) -> Iterator[None]:
    """Leave the process two descriptors more than it has open, inside the block."""
    assert server.pid is not None
    used = max(int(path.name) for path in Path(f"/proc/{server.pid}/fd").iterdir()) + 1
    soft, hard = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (used + 2, hard))
    yield
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.sqlite("the write-ahead log, which a reader lets grow")
def test_a_process_that_reads_the_log_for_long_stops_no_writer_and_leaves_no_large_file(
    server: Server,
) -> None:
    wal = server.data / "log.sqlite-wal"
    with server.client() as client:
        alice = Actor(client, "Alice", server.origin).register("creator")
        command = [sys.executable, "-c", READER, str(server.data / "log.sqlite")]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as reader:
            assert reader.stdout is not None
            assert int(reader.stdout.readline()) == head(server)
            for _ in range(24):
                large = alice.document(content=json.dumps({"terms": "c" * (MIB - 2_000)}))
                answer = alice.draft_of(large)
                assert answer.status_code == 201, answer.text
            assert wal.stat().st_size > 24 * MIB
            assert client.get("/healthz").status_code == 200
            reader.kill()
        until(lambda: alice.draft_of().status_code == 201 and wal.stat().st_size <= 16 * MIB)
    check_ledger(server)
