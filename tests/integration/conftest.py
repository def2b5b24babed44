"""Real servers for the tests: one that most share, and others where a test needs its own.

Each test leaves a ledger whose new events an auditor accepts, with read models that equal a replay.
Each file of tests leaves one that passes the whole audit, with read models that equal a rebuild.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import httpx
import pytest

from tests.support.actor import Actor
from tests.support.audited import eventful
from tests.support.check import Witnessed, check_ledger, head
from tests.support.engines import POSTGRES
from tests.support.keys import ed25519_key
from tests.support.postgres import Cluster
from tests.support.server import Server
from tests.support.unused_names import unused

NO_LIMIT = "60000"


class Join(Protocol):
    """Make one more person, with a number in the name; `role` None leaves them unregistered."""

    def __call__(
        self, name: str = ..., role: str | None = ..., *, at: Server | None = ..., **more: Any
    ) -> Actor: ...


class Refuses(Protocol):
    """Expect a problem document of this status and code, and no new event."""

    def __call__(self, send: Callable[[], httpx.Response], status: int, code: str) -> None: ...


@pytest.fixture(scope="session")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a ledger with every kind of row in its log; tests change copies of it only."""
    return eventful(tmp_path_factory.mktemp("eventful") / "data")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """The PostgreSQL that the tests of a process share; none of them stops it."""
    cluster = Cluster()
    try:
        cluster.start()
        os.environ[POSTGRES] = str(cluster.directory)
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that most tests share; its ledger is open to everybody."""
    running = Server(tmp_path_factory.mktemp("shared") / "data", LEDGER_RATE_LIMIT=NO_LIMIT)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def _witnessed(shared_server: Server) -> Iterator[Witnessed]:
    with closing(Witnessed(shared_server)) as witnessed:
        yield witnessed


@pytest.fixture(scope="module")
def _checked_whole(shared_server: Server) -> Iterator[None]:
    yield
    check_ledger(shared_server)


@pytest.fixture
def server(shared_server: Server, _witnessed: Witnessed, _checked_whole: None) -> Iterator[Server]:
    """The shared server, checked when the test ends, and whole when its file ends."""
    yield shared_server
    _witnessed.check()


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Return a function that starts a server with settings of its own, and its own ledger."""
    started: list[Server] = []

    def start(**settings: str) -> Server:
        directory = tmp_path / f"ledger-{len(started)}"
        directory.mkdir()
        running = Server(directory / "data", **({"LEDGER_RATE_LIMIT": NO_LIMIT} | settings))
        running.start()
        started.append(running)
        return running

    yield start
    try:
        for running in started:
            check_ledger(running)
    finally:
        for running in started:
            running.stop()


@pytest.fixture(scope="session")
def _clients() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def _join(server: Server, clients: ExitStack, name: str, role: str | None, **more: Any) -> Actor:
    client = clients.enter_context(server.client())
    actor = Actor(client, name, server.origin, **more)
    return actor if role is None else actor.register(role)


@pytest.fixture
def join(server: Server) -> Iterator[Join]:
    """Return a function that registers one more person on the shared server, or another."""
    with ExitStack() as clients:

        def register(
            name: str = "Somebody",
            role: str | None = "investor",
            *,
            at: Server | None = None,
            **more: Any,
        ) -> Actor:
            return _join(at or server, clients, unused(name), role, **more)

        yield register


@pytest.fixture(scope="session")
def alice(shared_server: Server, _clients: ExitStack) -> Actor:
    """A creator of the shared ledger; tests leave her passkey and key as they are."""
    return _join(shared_server, _clients, "Alice", "creator")


@pytest.fixture(scope="session")
def bob(shared_server: Server, _clients: ExitStack) -> Actor:
    """An investor of the shared ledger, whose key signs any header; tests leave it as it is."""
    return _join(shared_server, _clients, "Bob", "investor", key=ed25519_key(uuid4().int))


@pytest.fixture(scope="session")
def carol(shared_server: Server, _clients: ExitStack) -> Actor:
    """Another investor of the shared ledger; tests leave her passkey and key as they are."""
    return _join(shared_server, _clients, "Carol", "investor")


@pytest.fixture
def stranger(shared_server: Server) -> Iterator[httpx.Client]:
    """Somebody without a session."""
    with shared_server.client() as client:
        yield client


@pytest.fixture
def refuses(server: Server) -> Refuses:
    """Return a function that expects the shared server to refuse, and to record nothing."""
    return lambda send, status, code: refuses_at(server, send, status, code)


def refuses_at(server: Server, send: Callable[[], httpx.Response], status: int, code: str) -> None:
    """Expect a problem document of this status and code, and no new event."""
    before = head(server)
    answer = send()
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert head(server) == before
