"""Three servers of one ledger on the replicated database, each with a data directory of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.database import APPLICATION, OWNER, Database
from tests.support.check import wait_until_published
from tests.support.server import Server

CARRIED = ("ledger-key.pem", "heads-key.pem", "log-keys.pem", "signer-memory.sqlite")


@contextmanager
def servers_on(
    database: Database, make_directory: Callable[[], Path], **settings: str
) -> Iterator[list[Server]]:
    """Start three servers as docs/how-to/cluster says; the later ones get the first one's keys."""
    create = [sys.executable, "-m", "ledger", "database", "create", "--role", APPLICATION]
    url = {"LEDGER_DATABASE_URL": database.url(OWNER)}
    subprocess.run(create, check=True, env=os.environ | url, stdout=subprocess.DEVNULL)
    settings |= {
        "LEDGER_DATABASE_URL": database.url(),
        "LEDGER_DATABASE_COMMIT": "quorum",
    }
    first = Server(make_directory() / "data", **settings)
    settings |= {"LEDGER_ORIGIN": first.settings["LEDGER_ORIGIN"]}
    started = [first]
    try:
        first.start()
        wait_until_published(first)
        for _ in range(2):
            directory = make_directory() / "data"
            directory.mkdir(mode=0o700)
            for name in CARRIED:
                shutil.copy(first.data / name, directory)
            started.append(Server(directory, **settings))
            started[-1].start()
        yield started
    finally:
        for each in started:
            each.stop()
