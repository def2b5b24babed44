"""A ledger of any size: founded and registered over HTTP, filled through its store."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.process import Server, free_port
from benchmarks.synthetic import grow, people_of
from ledger.data_files import LOG_FILE
from ledger.store.sqlite.store import SqliteLog
from tests.support.actor import Actor

CATCH_UP_S = 600


class Large:
    """The ledger's files, people, and server, which can be started any number of times."""

    def __init__(self, directory: Path) -> None:
        self._data = directory / "data"
        self._log = directory / "server.log"
        self.port = free_port()
        self.origin = f"http://localhost:{self.port}"
        with self.start(), httpx.Client(base_url=self.origin) as client:
            people = [("Alice", "creator"), ("Bob", "investor"), ("Carol", "investor")]
            self._actors = {
                name: Actor(client, name, self.origin).register(role) for name, role in people
            }
        self.head = 0

    def start(self) -> Server:
        """Start the server, and return when it answers."""
        command = ("ledger", "serve", "--data", str(self._data), "--port", str(self.port))
        # A few people send what thousands would: quotas are not what is measured.
        environment = {"LEDGER_ORIGIN": self.origin, "LEDGER_RATE_LIMIT": "60000"}
        return Server(*command, port=self.port, log=self._log, environment=environment)

    def grow(self, statements: int) -> None:
        """Append this many statements with decisions, and wait for the read models."""
        store = SqliteLog(self._data / LOG_FILE)
        grow(store, people_of(store), statements)
        self.head = store.head().stored
        store.close()
        with self.start():
            deadline = time.monotonic() + CATCH_UP_S
            while httpx.get(f"{self.origin}/healthz").json()["position"] < self.head:
                if time.monotonic() > deadline:
                    raise RuntimeError("the read models did not catch up")
                time.sleep(0.1)

    def sign_in(self, name: str) -> str:
        """Open a session for Alice, Bob or Carol on the running server; return its cookie."""
        with httpx.Client(base_url=self.origin) as client:
            act = self._actors[name].act("sign-in", jti=f"benchmark {time.time_ns()}")
            answer = client.post("/api/sessions", json={"act": act})
            answer.raise_for_status()
            cookie, value = next(iter(answer.cookies.items()))
        return f"{cookie}={value}"


@contextmanager
def ledger_of(statements: int) -> Iterator[Large]:
    """Create a ledger of this many statements, which is deleted after the block."""
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        large = Large(Path(name))
        large.grow(statements)
        yield large


def newest_id(large: Large, cookie: str, at: int) -> str:
    """Return the id of the newest statement as of a position."""
    url = f"{large.origin}/api/statements?limit=1&at={at}"
    newest: str = httpx.get(url, headers={"Cookie": cookie}).json()["items"][0]["id"]
    return newest
