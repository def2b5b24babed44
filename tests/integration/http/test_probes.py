"""The probes in each state of a server: ready, rebuilding, failing, behind, unsound, going down."""

import asyncio
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger.data_files import LOG_FILE, VIEWS_FILE
from ledger.errors import CorruptError
from ledger.http import probes
from ledger.http.read_models import ReadModels
from ledger.server import build
from ledger.settings import read_settings
from ledger.system.worker import Worker
from tests.support.actor import Actor
from tests.support.server import Server
from tests.support.suite_database import IN_FILES

PROBES = ("/livez", "/readyz", "/healthz")


def codes(answer: httpx.Response) -> list[str]:
    """Return the codes of the reasons why a server is not ready."""
    assert answer.status_code == 503
    assert answer.json()["ready"] is False
    return [reason["code"] for reason in answer.json()["reasons"]]


def until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 15
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.05)  # probes are made to be asked again


def test_a_ready_server_says_so_without_a_session_and_uncached(
    server: Server, stranger: httpx.Client
) -> None:
    for path in PROBES:
        answer = stranger.get(path)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert stranger.get("/livez").json() == {"status": "ok"}
    assert stranger.get("/readyz").json() == {"ready": True, "reasons": []}


def test_views_that_are_being_rebuilt_or_are_far_behind_are_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(_rebuilding_and_behind(tmp_path, monkeypatch))


async def _rebuilding_and_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served = build(read_settings({"LEDGER_DATA": str(tmp_path / "data")}))
    transport = httpx.ASGITransport(served.front)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        assert "views_rebuilding" in codes(await client.get("/readyz"))
        assert (await client.get("/livez")).status_code == 200
        async with served.application.lifespan():
            assert (await client.get("/readyz")).status_code == 200
            models = await _models(served.application)
            models.follower.stop()
            begun = (
                await client.post("/api/credentials", json={"name": "A", "role": "creator"})
            ).json()
            alice = Actor(httpx.Client(), "A")
            alice.user, alice.ledger = begun["user"], begun["ledger"]
            with alice.client:
                body = alice.completion(begun)
            assert (await client.post("/api/register/complete", json=body)).status_code == 201
            assert (await client.get("/readyz")).status_code == 200
            monkeypatch.setattr(probes, "REACH", 2)
            answer = await client.get("/readyz")
            assert codes(answer) == ["views_behind"]
            assert answer.json()["reasons"][0]["detail"] == "the read models are at 2 of 6"
            await _catching_up(client, models)
            monkeypatch.setattr(Worker, "is_over", True)
            page = await client.get("/inbox", headers={"accept": "text/html"})
            assert page.status_code == 503
            assert "could not read its log to the end" in page.text
            assert "<progress" not in page.text
            assert "Try again in a moment." not in page.text
            assert 'class="button primary" href=""' not in page.text
            assert "retry-after" not in page.headers


async def _catching_up(client: httpx.AsyncClient, models: ReadModels) -> None:
    """Ask a server whose read models were far behind when it started."""
    models.follower._goal = 8_000
    for path in ("/.well-known/jwks.json", "/api/users", "/inbox", "/"):
        answer = await client.get(path, headers={"accept": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (503, "views_rebuilding"), path
        assert answer.json()["evidence"] == {"folded": 2, "size": 8_000}
        assert int(answer.headers["retry-after"]) >= 1
    page = await client.get("/inbox", headers={"accept": "text/html"})
    assert page.status_code == 503
    assert "The ledger is still reading its log." in page.text
    assert '<progress value="2" max="8000"' in page.text
    assert "2 of 8000 events so far" in page.text
    assert "views_behind" in codes(await client.get("/readyz"))
    assert (await client.get("/livez")).status_code == 200
    assert (await client.get("/healthz")).json()["status"] == "degraded"


def test_read_models_that_a_failure_keeps_from_catching_up_are_not_said_to_be_rebuilt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise CorruptError("event_malformed", "malformed event at position 1")

    monkeypatch.setattr("projections.follower.facts.decode", refuse)
    asyncio.run(_failing_for_good(tmp_path))


async def _failing_for_good(tmp_path: Path) -> None:
    served = build(read_settings({"LEDGER_DATA": str(tmp_path / "data")}))
    transport = httpx.ASGITransport(served.front)
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client,
        served.application.lifespan(),
    ):
        models = await _models(served.application)
        await asyncio.to_thread(until, lambda: models.follower.worker.is_over)
        answer = await client.get("/.well-known/jwks.json")
        assert (answer.status_code, answer.json()["code"]) == (503, "views_failing")
        assert "retry-after" not in answer.headers
        assert "views_failing" in codes(await client.get("/readyz"))
        assert (await client.get("/healthz")).json()["status"] == "failing"


async def _models(application: Any) -> ReadModels:
    found = await application.dependencies["models"]()
    assert isinstance(found, ReadModels)
    return found


def test_views_that_fail_are_not_ready(fresh_server: Server) -> None:
    with fresh_server.client() as client:
        with closing(sqlite3.connect(fresh_server.data / VIEWS_FILE)) as db:
            db.execute("DROP TABLE timeline")
            db.commit()
        begun = client.post("/api/credentials", json={"name": "A", "role": "creator"}).json()
        alice = Actor(client, "A", fresh_server.origin)
        alice.user, alice.ledger = begun["user"], begun["ledger"]
        client.post("/api/register/complete", json=alice.completion(begun))
        until(lambda: client.get("/readyz").status_code == 503)
        assert codes(client.get("/readyz")) == ["views_failing"]
        assert client.get("/livez").status_code == 200
        assert client.get("/healthz").json()["status"] == "failing"


def test_a_log_that_is_not_the_one_that_was_signed_is_not_ready(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", **IN_FILES)
    server.start()
    try:
        with (
            closing(sqlite3.connect(server.data / LOG_FILE)) as db,
            closing(sqlite3.connect(tmp_path / "backup")) as backup,
        ):
            db.backup(backup)
        with server.client() as client:
            alice = Actor(client, "Alice", server.origin).register("creator")
            drafted = alice.draft()
        server.terminate()
        shutil.copy(tmp_path / "backup", server.data / LOG_FILE)
        server.start(ready=False)
        with server.client() as client:
            until(lambda: "log_rolled_back" in codes(client.get("/readyz")))
            alice.client = client
            answer = alice.approve(drafted)
            assert client.get("/livez").status_code == 200
        line = f"request {answer.headers['x-request-id']}: "
        assert answer.status_code in (404, 422, 503)
        assert (line in server.output) is (answer.status_code == 503)
    finally:
        server.stop()


def test_a_server_that_goes_down_says_so_first_and_answers_meanwhile(
    start_server: Callable[..., Server],
) -> None:
    server = start_server(LEDGER_DRAIN="60")
    with server.client() as client:
        alice = Actor(client, "Alice", server.origin).register("creator")
        server.ask_to_end()
        until(lambda: client.get("/readyz").status_code == 503)
        assert codes(client.get("/readyz")) == ["shutting_down"]
        assert client.get("/livez").status_code == 200
        with server.client() as newcomer:
            assert newcomer.get("/healthz").json()["status"] == "ok"
        assert alice.draft_of().status_code == 201
        began_s = time.monotonic()
    server.terminate()  # a second signal ends the time to drain
    assert time.monotonic() - began_s < 15
    server.start()


def test_the_time_to_drain_ends_by_itself(start_server: Callable[..., Server]) -> None:
    server = start_server(LEDGER_DRAIN="1")
    server.ask_to_end()
    with server.client() as client:
        until(lambda: client.get("/readyz").status_code == 503)
    server.wait()
    server.start()
