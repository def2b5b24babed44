"""What an operator does with a server's data: commands, and the loss of a disk."""

import subprocess
from pathlib import Path

import httpx

from ledger.data_files import LOG_FILE
from ledger.tlog.checkpoint import parse_note
from tests.support.programs import run_ledger
from tests.support.publications import until
from tests.support.server import Server

PATIENCE_S = 120
REASON = "The disk of the server failed."


def ledger(server: Server, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run one command of `ledger` on a server's data."""
    command = [*arguments, "--data", server.data]
    return run_ledger(command, server.environment(), timeout_s=PATIENCE_S)


def lose_log(server: Server) -> None:
    for path in server.data.glob(f"{LOG_FILE}*"):
        path.unlink()


def published(client: httpx.Client, size: int) -> bytes:
    """Return the newest checkpoint, once it has this size."""
    until(lambda: client.get("/healthz").json().get("position") == size)
    until(lambda: published_size(client) == size)
    return client.get("/log/checkpoint").content


def published_size(client: httpx.Client) -> int:
    """Return the size of the newest checkpoint, 0 before the first one."""
    answer = client.get("/log/checkpoint")
    if answer.status_code == 503:
        return 0
    return parse_note(answer.content).checkpoint.size
