"""A server whose clock was stepped writes nothing, says so, shows everything, and goes on."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from ledger.domain import entry
from ledger.server import build
from ledger.settings import read_settings
from tests.support.computer import NOW_MS, Computer
from tests.support.ledgers import Cast, rows, settled
from tests.support.signers import LEDGER

YEAR_MS = 365 * 24 * 3600 * 1000


@pytest.fixture
def cast(tmp_path: Path) -> Cast:
    return settled(tmp_path / "ledger")


def draft(cast: Cast) -> dict[str, Any]:
    raw = cast.alice.document(statementId=str(uuid4()))
    return {"document": raw.decode(), "act": cast.alice.draft_act(raw)}


def serve(cast: Cast, computer: Computer, **more: str) -> tuple[Any, httpx.AsyncClient]:
    settings = {
        "LEDGER_DATA": str(cast.directory),
        "LEDGER_LOG_ORIGIN": LEDGER,
        "LEDGER_REGISTRATION": "invite",
    }
    served = build(read_settings(settings | more), computer.clock())
    transport = httpx.ASGITransport(served.front)
    client = httpx.AsyncClient(transport=transport, base_url="http://localhost:8000")
    return served, client


def newest_ms(cast: Cast) -> int:
    """Return the newest time of an event in the log."""
    stored = rows(cast.directory / "log.sqlite")
    return max(entry.entry_ms(entry.cut(state)[0]) for _, state, _ in stored)


async def not_ready(client: httpx.AsyncClient) -> list[str]:
    """Return the codes of the reasons why the server is not ready."""
    answer = await client.get("/readyz")
    return [each["code"] for each in answer.json()["reasons"]]


def test_a_clock_that_jumps_for_a_moment_marks_nothing(cast: Cast) -> None:
    asyncio.run(_jump(cast))


async def _jump(cast: Cast) -> None:
    founded_ms, computer = newest_ms(cast), Computer(ms=cast.time.ms)
    served, client = serve(cast, computer)
    async with client, served.application.lifespan():
        create = "/api/statements/create"
        first = draft(cast)
        assert (await client.post(create, json=first)).status_code == 201
        computer.ms += YEAR_MS
        answer = await client.post(create, json=draft(cast))
        assert (answer.status_code, answer.json()["code"]) == (503, "clock_stepped")
        # What is stored is answered, and everything can be read.
        assert (await client.post(create, json=first)).status_code == 201
        assert (await client.get("/.well-known/jwks.json")).status_code == 200
        assert "clock_stepped" in await not_ready(client)
        health = await client.get("/healthz")
        assert (health.status_code, health.json()["status"]) == (503, "failing")
        assert "+31,536,000 s" in " ".join(health.json()["reasons"])
        metrics = (await client.get("/metrics")).text
        assert "ledger_clock_step_seconds 3.1536e+07" in metrics
        computer.ms -= YEAR_MS
        assert "clock_stepped" not in await not_ready(client)
        assert (await client.post(create, json=draft(cast))).status_code == 201
    # An act of the ledger itself is a millisecond later than everything before it.
    assert newest_ms(cast) == founded_ms + 1


def test_a_clock_that_jumps_for_a_moment_ends_no_session_and_forgets_no_act(cast: Cast) -> None:
    asyncio.run(_jump_signed_in(cast))


async def _jump_signed_in(cast: Cast) -> None:
    computer = Computer(ms=cast.time.ms)
    served, client = serve(cast, computer)
    async with client, served.application.lifespan():
        used = {"act": cast.bob.act("sign-in", jti="once")}
        assert (await client.post("/api/sessions", json=used)).status_code == 200
        computer.ms += YEAR_MS
        cast.time.ms += YEAR_MS
        # Another sign-in deletes what is over: by the steady time, that is nothing.
        other = {"act": cast.alice.act("sign-in", jti="during")}
        session = dict(client.cookies)
        await client.post("/api/sessions", json=other)
        computer.ms -= YEAR_MS
        cast.time.ms -= YEAR_MS
        client.cookies = httpx.Cookies(session)
        assert (await client.get("/api/inbox")).status_code == 200
        again = await client.post("/api/sessions", json=used)
        assert (again.status_code, again.json()["code"]) == (422, "already_used")


def test_a_start_before_the_newest_event_waits_for_the_operator(cast: Cast) -> None:
    asyncio.run(_start(cast))


async def _start(cast: Cast) -> None:
    computer = Computer(ms=NOW_MS - 60_000)
    served, client = serve(cast, computer)
    async with client, served.application.lifespan():
        answer = await client.post("/api/statements/create", json=draft(cast))
        assert (answer.status_code, answer.json()["code"]) == (503, "clock_unconfirmed")
        assert "clock_unconfirmed" in await not_ready(client)
    newest = len(rows(cast.directory / "log.sqlite"))  # the start announced the log's keys
    served, client = serve(cast, computer, LEDGER_CLOCK_CONFIRMED=str(newest))
    async with client, served.application.lifespan():
        answer = await client.post("/api/statements/create", json=draft(cast))
        assert answer.status_code == 201
