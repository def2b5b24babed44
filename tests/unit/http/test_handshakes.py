"""TLS handshakes take turns, and a client that is gone costs none."""

import asyncio
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from ledger.http.admission import Admission
from ledger.http.handshake import BEGUN_AT_ONCE, BEGUN_OF_ONE, secure_connection_class
from ledger.system.tls_files import ServerTls
from tests.support.certificates import make_certificate

Begun = list[tuple[int, str]]  # in which round of the loop, and from which address


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as clients:
        yield clients


async def begun_handshakes(tls: ServerTls, clients: list[socket.socket], gone: int = 0) -> Begun:
    """Return when handshakes began, of clients that connected before the first round."""
    loop, admission = asyncio.get_running_loop(), Admission()
    connection = secure_connection_class(admission, tls)
    configuration = uvicorn.Config(lambda *_: None, ws="none", log_level="critical")
    given = {"config": configuration, "server_state": ServerState(), "app_state": {}}
    begun: Begun = []
    number = 0

    async def begin(_: Any, accepted: socket.socket, **_more: Any) -> None:
        begun.append((number, accepted.getpeername()[0]))
        accepted.close()
        raise ConnectionResetError

    # It is the loop's own method, which a test may replace on its own loop.
    loop.connect_accepted_socket = begin  # type: ignore[method-assign, assignment]
    server = await loop.create_server(lambda: connection(**given), "127.0.0.1", 0)
    place = server.sockets[0].getsockname()
    for each in clients:
        each.connect(place)
    for each in clients[:gone]:
        each.close()
    for number in range(1, 200):  # noqa: B007  # `begin` reads it
        await asyncio.sleep(0)
    assert admission.connections == 0
    server.close()
    return begun


def client_of(address: str, opened: ExitStack) -> socket.socket:
    client = opened.enter_context(socket.socket())
    client.bind((address, 0))
    return client


def test_so_many_handshakes_begin_in_a_round_of_the_loop(tmp_path: Path, opened: ExitStack) -> None:
    clients = [client_of(f"127.0.0.{2 + n % 3}", opened) for n in range(60)]
    found = asyncio.run(begun_handshakes(ServerTls(make_certificate(tmp_path)), clients))
    assert len(found) == 60
    assert max(Counter(number for number, _ in found).values()) <= BEGUN_AT_ONCE
    assert max(Counter(found).values()) <= BEGUN_OF_ONE


def test_a_client_that_has_hung_up_costs_no_handshake(tmp_path: Path, opened: ExitStack) -> None:
    clients = [client_of("127.0.0.2", opened) for _ in range(6)]
    tls = ServerTls(make_certificate(tmp_path))
    assert len(asyncio.run(begun_handshakes(tls, clients, gone=4))) == 2
