"""Entries, tiles and checkpoints as the log's file holds them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.domain import entry
from ledger.errors import UnavailableError
from tests.support.logs import Ledger, draft, opened, settings_of


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with opened(settings_of(tmp_path / "data")) as ledger:
        yield ledger


def test_entries_are_the_same_bytes_however_long_their_bodies_are(ledger: Ledger) -> None:
    for size in (1, 14_000, 16_000, 17_000, 70_000, 1_000_000):
        ledger.store.append([draft("c" * size)])
    states = [state for _, state in ledger.store.read(0, 100)]
    stored = [entry.split(state)[0] for state in states]
    assert ledger.tree.entries(0, 100) == stored
    leaves = ledger.tree.leaves(0, 100)
    assert [leaf.entry for leaf in leaves] == stored
    assert [leaf.claimed for leaf in leaves] == [entry.leaf_hash(state) for state in states]
    assert [leaf.position for leaf in leaves] == [*range(1, len(stored) + 1)]


def test_a_closed_file_is_unavailable(ledger: Ledger) -> None:
    ledger.tree.close()
    with pytest.raises(UnavailableError):
        ledger.tree.latest()
