"""An export ends whose client reads too slowly, and goes on from the primary if a standby fails."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.errors import CorruptError
from ledger.http import exports
from ledger.http.exports import Export, Exports
from ledger.publish.bundle_worker import BundleHead, BundleQuestion, BundleTask
from tests.integration.publish.test_bundle_memory import log_of
from tests.support.refusals import refused


async def unasked(question: BundleQuestion) -> bytes:
    raise AssertionError(f"a bundle of the whole log asks nothing: {question}")


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
        head = await begun.head(unasked)
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


def whole(task: BundleTask, primary: Path) -> tuple[BundleHead, bytes]:
    """Return a bundle as a client gets it."""

    async def read() -> tuple[BundleHead, bytes]:
        running, gone = Exports(at_once=1), asyncio.Event()

        async def receive() -> Any:
            await gone.wait()
            return {"type": "http.disconnect"}

        head, parts = await running.from_anywhere(task, str(primary), receive, unasked)
        raw = b"".join([part async for part in parts])
        gone.set()
        await asyncio.gather(*running._watching)
        assert not running._running
        return head, raw

    return asyncio.run(read())


def test_a_bundle_is_written_from_the_primary_if_the_standby_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    primary, gone, standby = (tmp_path / f"{each}.sqlite" for each in ("log", "gone", "standby"))
    published, statement = log_of(primary, 300)
    gone.write_bytes(b"no log at all" * 1_000)
    shutil.copy(primary, standby)
    task = BundleTask(str(primary), published, {}, None, statement, "full")
    head, raw = whole(task, primary)
    assert len(raw) == head.length
    # It cannot be read at all.
    assert whole(msgspec.structs.replace(task, address=str(gone)), primary) == (head, raw)
    with refused(CorruptError, "file_malformed"):
        whole(msgspec.structs.replace(task, address=str(gone)), gone)
    # It fails when half of the bundle is sent.
    parts, left = Export.parts, [head.length // 2]

    async def half(self: Export) -> AsyncIterator[bytes]:
        async for part in parts(self):
            allowed = part[: left[0]] if left else part
            if allowed:
                yield allowed
            if left:
                left[0] -= len(allowed)
                if not left[0]:
                    left.clear()
                    return

    monkeypatch.setattr(Export, "parts", half)
    assert whole(msgspec.structs.replace(task, address=str(standby)), primary) == (head, raw)
    assert left == []
