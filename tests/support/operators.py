"""What an operator does with a server's data: commands, and the loss of a disk."""

import subprocess
from pathlib import Path

import httpx

from ledger.data_files import LOG_FILE, is_database
from ledger.tlog.checkpoint import parse_note
from tests.support.programs import run_ledger
from tests.support.publications import until
from tests.support.server import Server
from tests.support.suite_database import empty, of_owner

PATIENCE_S = 120
REASON = "The disk of the server failed."


def ledger(server: Server, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run one command of `ledger` on a server's data; a restore as the owner of its database."""
    command, environment = [*arguments, "--data", server.data], server.environment()
    if arguments[0] == "restore" and is_database(server.log_address):
        environment["LEDGER_DATABASE_URL"] = of_owner(server.log_address)
    return run_ledger(command, environment, timeout_s=PATIENCE_S)


def lose_log(server: Server) -> None:
    """Delete a server's log; in a database, everything that the ledger has there."""
    if is_database(server.log_address):
        empty(server.log_address)
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
