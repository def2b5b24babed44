"""A witness's word alone stops nothing: it has to show what this log's own keys signed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.tlog import checkpoint, vkeys
from ledger.tlog.checkpoint import Checkpoint
from tests.integration.publish.test_threads import asking, until
from tests.support.logs import Ledger, opened, settings_of
from tests.support.strangers import Reply, Script
from tests.support.trees import NOW_S


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with opened(settings_of(tmp_path / "data")) as opened_ledger:
        opened_ledger.publication().catch_up()
        yield opened_ledger


def fork(shown: bytes, asked: list[str]) -> Script:
    """Answer that the log is forked, and show this checkpoint of it."""

    def answer(_: str, path: str, __: bytes) -> Reply:
        asked.append(path)
        return Reply(422) if path == "/add-checkpoint" else Reply(200, shown)

    return answer


def test_a_witness_without_a_checkpoint_of_our_keys_stops_nothing(
    ledger: Ledger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = Checkpoint(ledger.keys.origin, 9, bytes(32))
    forged = checkpoint.sign(other, vkeys.generate(ledger.keys.origin), now_s=NOW_S)
    asked: list[str] = []
    before = ledger.memory.get(ledger.keys.origin)
    with asking(ledger, fork(forged, asked), conflicts=tmp_path) as witnesses:
        until(lambda: len(witnesses.alarms()) == 2)
        # What it showed was looked at, and refused.
        until(lambda: caplog.text.count(": note_unsigned:") >= 2)
        assert sum(path.endswith("/checkpoint") for path in asked) >= 2
    assert ledger.memory.get(ledger.keys.origin) == before
    assert [*tmp_path.glob("conflict-*")] == []


def test_a_witness_with_a_checkpoint_of_our_keys_stops_the_publication(
    ledger: Ledger, tmp_path: Path
) -> None:
    other = Checkpoint(ledger.keys.origin, 9, bytes(32))
    signed = checkpoint.sign(other, ledger.keys.signers(9), now_s=NOW_S)
    with asking(ledger, fork(signed, []), conflicts=tmp_path):
        until(lambda: ledger.memory.get(ledger.keys.origin) == other)
    assert [path.read_bytes() for path in tmp_path.glob("conflict-*")] == [signed]
