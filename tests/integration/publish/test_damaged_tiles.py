"""Damaged tiles: recomputed from the entries, unless the entries are others than were signed."""

import pytest

from ledger.domain.entry import cut, leaf_hash
from tests.support.logs import Ledger
from tests.support.publications import check_published, edit, refusal


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM tile",
        "DELETE FROM tile WHERE level = 1",
        "UPDATE tile SET hashes = zeroblob(length(hashes)) WHERE level = 1",
        "UPDATE tile SET hashes = substr(hashes, 1, 32)",
    ],
)
def test_damaged_tiles_are_rebuilt_from_the_entries(ledger: Ledger, damage: str) -> None:
    ledger.fill(700)
    ledger.publication().catch_up()
    edit(ledger, damage)
    ledger.fill(1400)
    assert ledger.publication().catch_up() == 1400
    check_published(ledger, 1400)


def test_tiles_that_are_damaged_during_a_publication_are_rebuilt(
    ledger: Ledger,
) -> None:
    publication = ledger.publication()
    ledger.fill(700)
    publication.catch_up()
    edit(ledger, "DELETE FROM tile")
    ledger.fill(1400)
    assert publication.catch_up() == 1400
    check_published(ledger, 1400)


def test_tiles_stay_as_they_are_where_the_entries_are_not_those_that_were_signed(
    ledger: Ledger,
) -> None:
    ledger.fill(300)
    ledger.publication().catch_up()
    ((_, state),) = ledger.store.states([7])
    changed = state.replace(b'"at":"2026', b'"at":"2025')
    entry, _ = cut(changed)
    edit(ledger, "UPDATE ev SET entry = ?, leaf = ? WHERE pos = 7", entry, leaf_hash(changed))
    edit(ledger, "DELETE FROM tile WHERE level = 1")
    assert refusal(ledger).code == "log_forked"
    assert ledger.tree.tile(0, 0, 256)[6 * 32 : 7 * 32] == leaf_hash(state)
