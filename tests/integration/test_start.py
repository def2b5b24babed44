"""Starting: with matching settings, next to other processes, and after every kind of stop."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from ledger.commands.founding import require_registrable
from ledger.errors import MalformedError
from ledger.jose import SigningKey
from ledger.server import build
from ledger.settings import read_settings
from ledger.store.sqlite.store import SqliteLog
from tests.integration.conftest import NO_LIMIT
from tests.support.actor import Actor, policy_of
from tests.support.check import check_ledger, head, wait_for
from tests.support.logs import FOUNDING
from tests.support.server import Server


def refused_start(server: Server, **settings: str) -> str:
    """Return what `ledger serve` says on standard error when it will not start."""
    done = subprocess.run(
        [sys.executable, "-m", "ledger", "serve", "--data", str(server.data)],
        env=os.environ | server.settings | settings,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("LEDGER_ORIGIN", "http://ledger.example"),
        ("LEDGER_ORIGIN", "https://ledger.example/path"),
        ("LEDGER_ORIGIN", "ledger.example"),
        ("LEDGER_ORIGIN", "https://user@ledger.example"),
        ("LEDGER_ORIGIN", "https://ledger.example:port"),
        ("LEDGER_ORIGIN", ""),
        ("LEDGER_ORIGIN", "https://Ledger.Example.com"),
        ("LEDGER_ORIGIN", "https://ledger.example:443"),
        ("LEDGER_ORIGIN", "https://192.0.2.1"),
        ("LEDGER_RP_ID", "LOCALHOST"),
        ("LEDGER_RP_ID", "evil.example"),
        ("LEDGER_RP_ID", "ocalhost"),
        ("LEDGER_REGISTRATION", "closed"),
        ("LEDGER_PORT", "many"),
        ("LEDGER_PORT", "0"),
        ("LEDGER_PORT", "65536"),
        ("LEDGER_RATE_LIMIT", "-1"),
        ("LEDGER_SERVERS", "two"),
    ],
)
def test_a_setting_that_is_wrong_is_refused(setting: str, value: str) -> None:
    with pytest.raises(MalformedError) as caught:
        read_settings({setting: value})
    assert caught.value.code == "setting_invalid"
    assert setting in caught.value.detail


def test_a_wrong_setting_refuses_the_start_and_leaves_no_ledger_behind(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    assert "setting_invalid" in refused_start(server, LEDGER_ORIGIN="http://ledger.example")
    assert not server.data.exists()
    assert "setting_invalid" in refused_start(server, LEDGER_LOG_ORIGIN="Not A Name")
    assert head(server) == 0


@pytest.mark.parametrize(
    ("origin", "rp_id", "advice"),
    [
        ("https://ledger.co.uk", "co.uk", "such as ledger.co.uk"),
        ("https://a.b.example.com", "com", "such as example.com"),
        ("https://co.uk", "co.uk", "such as co.uk"),
        ("https://me.github.io", "github.io", "such as me.github.io"),
        ("https://ledger.example", "example", "such as ledger.example"),
    ],
)
def test_a_public_suffix_founds_no_ledger(
    origin: str, rp_id: str, advice: str, tmp_path: Path
) -> None:
    with pytest.raises(MalformedError) as caught:
        require_registrable(rp_id, origin)
    assert caught.value.code == "setting_invalid"
    assert advice in caught.value.detail
    if rp_id == "co.uk":
        server = Server(tmp_path / "data")
        assert "is a public suffix" in refused_start(
            server, LEDGER_ORIGIN=origin, LEDGER_RP_ID=rp_id
        )
        assert head(server) == 0


@pytest.mark.parametrize(
    ("origin", "rp_id"),
    [
        ("https://ledger.example.co.uk", "example.co.uk"),
        ("https://me.github.io", "me.github.io"),
        ("https://ledger", "ledger"),
        ("http://localhost:8000", "localhost"),
    ],
)
def test_a_domain_that_is_ones_own_founds_a_ledger(origin: str, rp_id: str) -> None:
    require_registrable(rp_id, origin)


def test_a_first_start_says_what_stays_before_it_founds_anything(
    start_server: Callable[..., Server],
) -> None:
    output = start_server(LEDGER_REGISTRATION="open").output
    assert output.index("These stay as they are") < output.index("Ledger is at")
    for name in ("LEDGER_ORIGIN", "LEDGER_RP_ID", "LEDGER_REGISTRATION", "LEDGER_LOG_ORIGIN"):
        assert name in output


def test_other_settings_than_those_of_the_founding_refuse_the_start(
    start_server: Callable[..., Server],
) -> None:
    server = start_server(LEDGER_SERVERS="several")
    for other in (
        {"LEDGER_ORIGIN": "http://localhost:1"},
        {"LEDGER_REGISTRATION": "invite"},
        {"LEDGER_LOG_ORIGIN": "example.com/another"},
    ):
        assert "settings_mismatch" in refused_start(server, **other)


def test_the_name_of_a_ledger_is_its_own(start_server: Callable[..., Server]) -> None:
    names = set()
    for server in (start_server(), start_server()):
        with server.client() as client:
            dora = Actor(client, "Dora", server.origin)
            dora.begin("investor")
            names.add(dora.ledger)
    assert len(names) == 2
    named = start_server(LEDGER_LOG_ORIGIN="example.com/approvals")
    with named.client() as client:
        dora = Actor(client, "Dora", named.origin)
        dora.begin("investor")
    assert dora.ledger == "example.com/approvals"


@pytest.mark.sqlite("the write-ahead log, a file")
def test_a_process_that_opens_the_log_and_leaves_takes_nothing_with_it(
    start_server: Callable[..., Server],
) -> None:
    server = start_server()
    with server.client() as client:
        for n in range(3):
            Actor(client, f"Before {n}", server.origin).register()
            # The last to close a SQLite file deletes its write-ahead log; this one is not last.
            with closing(SqliteLog(server.data / "log.sqlite")) as log:
                assert log.head().stored == head(server)
            position = head(server)
            Actor(client, f"After {n}", server.origin).register()
            assert head(server) == position + 4
    server.kill()
    server.start()
    assert head(server) == FOUNDING + 4 * 6


@pytest.fixture
def pair(start_server: Callable[..., Server]) -> Iterator[tuple[Server, Server]]:
    """Two servers of one ledger, on one directory."""
    first = start_server(LEDGER_SERVERS="several")
    shared = {"LEDGER_SERVERS": "several", "LEDGER_RATE_LIMIT": NO_LIMIT}
    second = Server(first.data, LEDGER_ORIGIN=first.origin, **shared)
    second.start()
    yield first, second
    second.stop()


def test_two_servers_of_one_ledger_decide_as_one(pair: tuple[Server, Server]) -> None:
    first, second = pair
    with first.client() as here, second.client() as there:
        alice = Actor(here, "Alice", first.origin).register("creator")
        bob = Actor(there, "Bob", first.origin).register()
        for _ in range(20):
            drafted = alice.draft(policy=policy_of(2, alice, bob))
            # What the one has just recorded, the other knows when it decides.
            assert bob.approve(drafted).json()["status"] == "pending"
            assert alice.approve(drafted).json()["status"] == "approved"
            again = bob.individual(drafted.document)
            path = f"/api/statements/{drafted.id}/sign"
            for client in (here, there):
                answer = client.post(path, json={"jwt": again})
                assert answer.json()["code"] == "already_approved"
        new = SigningKey.generate()
        assert bob.add_key(new).status_code == 201
        assert bob.revoke_key(bob.key.kid).status_code == 201
        drafted = alice.draft(policy=policy_of(1, bob))
        jwt = bob.approval(drafted.document)
        refused = here.post(f"/api/statements/{drafted.id}/sign", json={"jwt": jwt})
        assert refused.json()["code"] == "key_revoked"
        for server in pair:
            wait_for(server, head(first))
        found = there.get(f"/api/statements/{drafted.id}").json()
        assert (found["status"], found["position"]) == ("pending", drafted.answer["position"])
    check_ledger(second)


def test_health_tells_that_the_read_models_are_being_rebuilt(tmp_path: Path) -> None:
    """The moment before the follower's thread has folded anything, which a start passes."""
    asyncio.run(_health_of_a_start(tmp_path))


async def _health_of_a_start(tmp_path: Path) -> None:
    served = build(read_settings({"LEDGER_DATA": str(tmp_path / "data")}))
    transport = httpx.ASGITransport(served.front)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        health = await client.get("/healthz")
        assert (health.status_code, health.json()["status"]) == (200, "degraded")
        assert health.json()["position"] == 0
        (reason,) = health.json()["reasons"]
        assert reason == "the read models are being rebuilt, up to 0 so far"
        read = await client.get("/.well-known/jwks.json")
        assert (read.status_code, read.json()["code"]) == (503, "views_rebuilding")
        async with served.application.lifespan():
            # The first request finds the read models.
            assert (await client.get("/.well-known/jwks.json")).status_code == 200
            assert (await client.get("/healthz")).json()["status"] == "ok"
