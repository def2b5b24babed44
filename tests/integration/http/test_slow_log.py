"""A log that does not answer keeps no probe waiting, and nothing else of the event loop."""

import asyncio
import threading
from pathlib import Path

import httpx
import pytest

from ledger.http import probes
from ledger.server import build
from ledger.settings import read_settings
from ledger.store.log import Log
from tests.support.ledgers import settled
from tests.support.signers import LEDGER


def test_probes_answer_while_the_log_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast = settled(tmp_path / "ledger")
    settings = {
        "LEDGER_DATA": str(cast.directory),
        "LEDGER_LOG_ORIGIN": LEDGER,
        "LEDGER_REGISTRATION": "invite",
    }
    served = build(read_settings(settings))
    head, answers = Log.head, threading.Event()

    def slow(log: Log) -> int:
        answers.wait(30)  # as if the disk took so long
        return head(log)

    async def run() -> None:
        transport = httpx.ASGITransport(served.front)
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client,
            served.application.lifespan(),
        ):
            monkeypatch.setattr(probes, "PATIENCE_S", 0.3)
            with monkeypatch.context() as disk:
                disk.setattr(Log, "head", slow)
                asked = asyncio.gather(client.get("/readyz"), client.get("/healthz"))
                await asyncio.sleep(0.05)
                assert (await client.get("/livez")).status_code == 200
                ready, health = await asked
                answers.set()  # nothing above waited for the disk
            assert "storage_failed" in [each["code"] for each in ready.json()["reasons"]]
            assert health.status_code == 503
            assert any("does not answer" in each for each in health.json()["reasons"])

    asyncio.run(run())
