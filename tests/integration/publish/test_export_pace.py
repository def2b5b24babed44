"""An export whose client reads too slowly ends."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ledger.http import exports
from ledger.http.exports import Exports
from ledger.publish.bundle_worker import BundleTask
from tests.integration.publish.test_bundle_memory import log_of


def test_a_client_that_reads_too_slowly_loses_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "START_S", 0.1)
    published, statement = log_of(tmp_path / "log.sqlite", 3_000)
    task = BundleTask(str(tmp_path / "log.sqlite"), published, {}, None, statement, "full")
    monkeypatch.setattr(exports, "LEAST_BYTES_PER_S", 10**9)

    async def export() -> tuple[int, int]:
        running, gone = Exports(at_once=1), asyncio.Event()

        async def receive() -> Any:
            await gone.wait()
            return {"type": "http.disconnect"}

        begun = await running.begin(task, receive)
        head = await begun.head()
        assert begun._process is not None
        while begun._process.returncode is None:  # noqa: ASYNC110  # nobody reads what it writes
            await asyncio.sleep(0.05)
        read = [len(part) async for part in begun.parts()]
        gone.set()
        await asyncio.gather(*running._watching)
        assert not running._running
        return head.length, sum(read)

    length, read = asyncio.run(export())
    assert read < length
