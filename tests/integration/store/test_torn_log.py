"""A write-ahead log that a power cut tore, or that lost a bit: SQLite then shows fewer commits.

SQLite says nothing of it, because a torn frame looks like the end of its log. The signer's memory
knows how far the log went, so the ledger neither signs nor takes anything on what is left.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from ledger.data_files import LOG_FILE
from ledger.errors import CorruptError
from tests.support.logs import FOUNDING, opened, settings_of
from tests.support.refusals import refused

COMMITS = 12
FRAME_BYTES = 4096 + 24
HEADER_BYTES = 32


class Cut(NamedTuple):
    """The files as a power cut leaves them, and how many events were acknowledged and signed."""

    data: Path
    size: int

    @property
    def wal(self) -> bytes:
        return (self.data / f"{LOG_FILE}-wal").read_bytes()


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Cut:
    """A ledger whose newest commits are in the write-ahead log alone."""
    data = tmp_path_factory.mktemp("cut") / "data"
    with opened(settings_of(data)) as ledger:
        ledger.publication().catch_up()
    with opened(settings_of(data)) as ledger:
        for size in range(FOUNDING + 1, FOUNDING + COMMITS + 1):
            ledger.fill(size)
            ledger.publication().catch_up()
        copy = data.with_name("copy")
        shutil.copytree(data, copy)
        return Cut(copy, ledger.store.head().stored)


def damages(wal: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the log without its end, at and within frames, and with one bit changed."""
    yield "whole", wal
    for end in range(HEADER_BYTES, len(wal), FRAME_BYTES * 3):
        yield f"cut at {end}", wal[:end]
        yield f"torn at {end}", wal[: end + 512]
    for place in range(HEADER_BYTES + 100, len(wal), FRAME_BYTES * 3):
        yield f"flipped at {place}", wal[:place] + bytes([wal[place] ^ 1]) + wal[place + 1 :]


def test_no_torn_log_is_continued_as_if_nothing_were_missing(cut: Cut, tmp_path: Path) -> None:
    shown = set()
    for name, wal in damages(cut.wal):
        data = tmp_path / name
        shutil.copytree(cut.data, data)
        (data / f"{LOG_FILE}-wal").write_bytes(wal)
        with opened(settings_of(data)) as ledger:
            size = ledger.store.head().stored
            shown.add(size)
            positions = [position for position, _ in ledger.store.read(0, 1_000)]
            assert positions == [*range(1, size + 1)], name
            if size == cut.size:
                assert ledger.publication().catch_up() == cut.size
            else:
                with refused(CorruptError, "log_rolled_back"):
                    ledger.publication().catch_up()
        shutil.rmtree(data)
    assert cut.size in shown
    assert len(shown) > COMMITS // 2  # commits were lost in many ways
