"""A whole ledger that speaks HTTPS by itself, at a name that is not this machine's."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger.cli.exit_codes import ExitCode
from ledger.cli.main import main
from tests.integration.cli.test_workers import Workers
from tests.support.actor import Actor, policy_of
from tests.support.check import check_ledger
from tests.support.secure_server import SecureServer

HOST = "ledger.test"


class NamedServer(SecureServer):
    """A server at a name whose cookies must be of HTTPS."""

    host = HOST


class NamedWorkers(NamedServer, Workers):
    """The same with two processes on its socket."""


@pytest.fixture(params=[NamedServer, NamedWorkers])
def server(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[NamedServer]:
    resolve = socket.getaddrinfo

    def resolved(host: Any, *more: Any, **named: Any) -> Any:
        return resolve("127.0.0.1" if host in (HOST, HOST.encode()) else host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    running: NamedServer = request.param(tmp_path / "data")
    running.start()
    try:
        yield running
        check_ledger(running)
        assert "Traceback" not in running.output
    finally:
        running.stop()


def test_people_register_draft_and_approve_without_a_proxy(server: NamedServer) -> None:
    with server.client() as client:
        alice = Actor(client, "Alice", server.origin)
        alice.passkey.rp_id = HOST
        alice.register("creator")
        drafted = alice.draft(policy=policy_of(1, alice))
        assert alice.approve(drafted).json()["status"] == "approved"
        assert [each for each in client.cookies if not each.startswith("__Host-")] == []
        told = client.get("/api/inbox", headers={"X-Forwarded-For": "203.0.113.9"})
        assert told.status_code == 200
        assert told.headers["strict-transport-security"].startswith("max-age=")
        # Nobody in front is believed: what a client says of its address is not in the record.
        client.get("/api/inbox?nothing=1", headers={"X-Forwarded-For": "203.0.113.9"})
    record = server.data / "security.jsonl"
    give_up = time.monotonic() + 5
    while len(lines := record.read_text().splitlines()) < 3 and time.monotonic() < give_up:
        time.sleep(0.05)
    assert {json.loads(line).get("client") for line in lines} == {"127.0.0.1"}


def test_what_is_no_https_is_not_answered(server: NamedServer) -> None:
    with suppress(httpx.RemoteProtocolError, httpx.ReadError):
        found = httpx.get(f"http://127.0.0.1:{server.port}/livez")
        raise AssertionError(f"answered {found.status_code}")


def test_files_that_cannot_be_used_stop_a_first_start_before_it_makes_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (
        ("LEDGER_ORIGIN", f"https://{HOST}"),
        ("LEDGER_DATA", str(tmp_path / "data")),
        ("LEDGER_TLS_CERTIFICATE", str(tmp_path / "none.pem")),
        ("LEDGER_TLS_KEY", str(tmp_path / "none.pem")),
    ):
        monkeypatch.setenv(name, value)
    assert main(["serve"]) == ExitCode.USAGE
    out, error = capsys.readouterr()
    assert (out, "none.pem: No such file" in error) == ("", True)
    assert not (tmp_path / "data").exists()


def test_a_proxy_that_speaks_https_to_the_ledger_tells_who_asks(tmp_path: Path) -> None:
    """Its own connections are not limited, its handshakes neither; those it tells of are."""
    proxies = {"LEDGER_PROXIES": "127.0.0.0/8, ::1"}
    server = SecureServer(
        tmp_path / "data", **proxies, LEDGER_CONNECTIONS="2", LEDGER_RATE_LIMIT="1"
    )
    server.start()
    try:
        with ExitStack() as stack:
            clients = [stack.enter_context(server.client()) for _ in range(6)]
            assert [each.get("/livez").status_code for each in clients] == [200] * 6

            def begin(number: int, address: str) -> int:
                told = {"X-Forwarded-For": address, "Origin": server.origin}
                path = "/api/authenticate/options"
                return clients[number].post(path, json={}, headers=told).status_code

            assert [begin(n, "203.0.113.1") for n in (0, 1)] == [200, 429]
            assert [begin(n, f"203.0.113.{n}") for n in (2, 3, 4)] == [200] * 3
            alice = Actor(clients[5], "Alice", server.origin)
            alice.register("creator")
            assert [each for each in clients[5].cookies if not each.startswith("__Host-")] == []
        check_ledger(server)
    finally:
        server.stop()
    assert "Traceback" not in server.output
