"""`ledger backup` beside a server under load, and a second server on one directory."""

import json
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ledger.audit import run
from ledger.audit.run import AuditRequest
from ledger.data_files import LOG_FILE
from ledger.store.engines import audited_log
from tests.support.actor import Actor
from tests.support.check import head, wait_for
from tests.support.programs import run_ledger
from tests.support.server import Server

# Far more than it takes, and far less than a copy that starts again at each commit would.
PATIENCE_S = 30


def ledger(server: Server, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run one command of `ledger` on a server's data."""
    command = [*arguments, "--data", server.data]
    return run_ledger(command, server.environment(), timeout_s=PATIENCE_S)


def test_a_backup_ends_while_people_write_and_passes_the_audit(
    start_server: Callable[..., Server], tmp_path: Path
) -> None:
    server = start_server()
    with server.client() as client:
        alice = Actor(client, "Alice", server.origin).register("creator")
        stop, drafted = threading.Event(), list[float]()

        def write() -> None:
            while not stop.is_set():
                alice.draft()
                drafted.append(time.monotonic())

        thread = threading.Thread(target=write)
        thread.start()
        try:
            began_s, before = time.monotonic(), head(server)
            done = ledger(server, "backup", tmp_path / "monday", "--json")
            ended_s, after = time.monotonic(), head(server)
            more = ledger(server, "backup", tmp_path / "tuesday", "--since", tmp_path / "monday")
        finally:
            stop.set()
            thread.join()
        assert (done.returncode, done.stderr) == (0, "")
        written = json.loads(done.stdout)
        assert before <= written["size"] <= after
        assert [at for at in drafted if began_s < at < ended_s]  # people wrote meanwhile
        assert (more.returncode, more.stderr) == (0, "")
        assert "events to" in more.stdout
        wait_for(server, head(server))
    request = AuditRequest(audited_log(str(tmp_path / "monday" / LOG_FILE)), jobs=1)
    found = run.audit(request, now_ms=time.time_ns() // 1_000_000)
    assert found.finding is None
    assert (found.size, found.root) == (written["size"], written["root"])


def test_a_second_server_on_one_directory_is_told_what_to_do(
    start_server: Callable[..., Server],
) -> None:
    server = start_server()
    done = ledger(server, "serve", "--port", "1")
    assert done.returncode == 2
    assert "data_in_use: another server uses" in done.stderr
    assert "LEDGER_SERVERS=several" in done.stderr
    done = ledger(server, "rebuild")
    assert done.returncode == 2
    assert "stop it first" in done.stderr
