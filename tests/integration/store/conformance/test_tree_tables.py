"""The tree and its endorsements: compare and swap, order of arrival, nothing replaced."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from ledger.domain.entry import cut, leaf_hash
from ledger.errors import CorruptError
from ledger.store.ports.endorsements import EndorsementTables, Stamp, name_of
from ledger.store.ports.log import LogStore
from ledger.store.ports.tree import Published, TreeTables
from ledger.tlog import vkeys
from ledger.tlog.merkle import Edge, Tile
from tests.support.refusals import refused
from tests.support.writes import STATE, write

LEAF = leaf_hash(STATE)
W1, W2 = (vkeys.generate(f"w{n}.example.com", cosigner=True)[0].key for n in (1, 2))


@pytest.fixture
def tree(store: LogStore) -> Iterator[TreeTables]:
    store.append([write() for _ in range(300)])
    with closing(store.tree()) as opened:
        yield opened


@pytest.fixture
def endorsements(store: LogStore, tree: TreeTables) -> Iterator[EndorsementTables]:
    for size in (2, 3, 4):
        tree.publish(*grown(size))
    with closing(store.endorsements()) as opened:
        yield opened


def grown(size: int, *, root: bytes | None = None) -> tuple[Published, list[Tile]]:
    """Return the checkpoint of a size and its tiles; the note names the size."""
    edge, tiles = Edge().extend(LEAF * size)
    at = f"2026-11-21T03:04:05.{size:03}Z"
    return Published(size, root or edge.root(), f"note {size}".encode(), at), tiles


def test_entries_and_leaves_are_the_stored_bytes(tree: TreeTables) -> None:
    assert tree.head() == 300
    assert tree.entries(7, 3) == [cut(STATE)[0]] * 3
    assert tree.entries(300, 3) == []
    (leaf,) = tree.leaves(299, 9)
    assert (leaf.position, leaf.entry, leaf.claimed) == (300, cut(STATE)[0], LEAF)


def test_a_checkpoint_and_its_tiles_appear_together(tree: TreeTables) -> None:
    assert tree.latest() is None
    published, tiles = grown(300)
    assert tree.publish(published, tiles)
    assert tree.latest() == tree.checkpoint(300) == published
    assert tree.tile(0, 0, 256) == LEAF * 256
    assert tree.tile(0, 1, 44) == LEAF * 44
    assert tree.checkpoint(299) is None


def test_a_tile_that_is_not_there_is_corruption(tree: TreeTables) -> None:
    tree.publish(*grown(300))
    for level, n, width in ((0, 1, 45), (0, 2, 1), (2, 0, 1)):
        with refused(CorruptError, "tile_missing"):
            tree.tile(level, n, width)


def test_the_same_checkpoint_again_changes_nothing_and_an_older_one_is_late(
    tree: TreeTables,
) -> None:
    assert tree.publish(*grown(200))
    assert tree.publish(*grown(200))
    assert not tree.publish(*grown(100))
    assert [each.size for each in tree.checkpoints(0, 9)] == [200]


def test_another_root_of_a_published_size_is_a_fork(tree: TreeTables) -> None:
    tree.publish(*grown(200))
    with refused(CorruptError, "log_forked"):
        tree.publish(*grown(200, root=bytes(32)))
    published = tree.checkpoint(200)
    assert published is not None
    assert published.root == grown(200)[0].root


def test_a_narrow_tile_is_widened_and_keeps_its_beginning(tree: TreeTables) -> None:
    tree.publish(*grown(10))
    tree.publish(*grown(20))
    assert (tree.tile(0, 0, 10), tree.tile(0, 0, 20)) == (LEAF * 10, LEAF * 20)


def test_tiles_are_mended_for_the_newest_checkpoint_only(tree: TreeTables) -> None:
    tree.publish(*grown(20))
    tree.mend(10, [Tile(0, 0, bytes(32 * 10))])
    assert tree.tile(0, 0, 20) == LEAF * 20
    tree.mend(20, [Tile(0, 0, bytes(32 * 20))])
    assert tree.tile(0, 0, 20) == bytes(32 * 20)


def test_saved_tiles_are_there_before_their_checkpoint(tree: TreeTables) -> None:
    tree.save([Tile(0, 0, LEAF * 256)])
    assert tree.tile(0, 0, 256) == LEAF * 256
    assert tree.latest() is None


def test_checkpoints_are_found_by_size_and_by_time(tree: TreeTables) -> None:
    for size in (5, 6, 7):
        tree.publish(*grown(size))
    assert [each.size for each in tree.checkpoints(5, 9)] == [6, 7]
    assert [each.size for each in tree.checkpoints(0, 2)] == [5, 6]
    early = tree.latest(before="2026-11-21T03:04:05.007Z")
    assert early is not None
    assert early.size == 6
    assert tree.latest(before="2026-11-21T03:04:05.005Z") is None


# --- endorsements --------------------------------------------------------------------------------


def test_a_note_grows_by_cosignatures_in_the_order_of_arrival(
    endorsements: EndorsementTables,
) -> None:
    published = grown(3)[0]
    assert endorsements.note(published) == b"note 3"
    endorsements.cosign(3, W2, b"|two")
    assert endorsements.note(published) == b"note 3|two"
    endorsements.cosign(3, W1, b"|one")
    assert endorsements.note(published) == b"note 3|two|one"


def test_a_second_line_of_one_witness_is_ignored(endorsements: EndorsementTables) -> None:
    endorsements.cosign(3, W1, b"|first")
    endorsements.cosign(3, W1, b"|second")
    assert endorsements.note(grown(3)[0]) == b"note 3|first"


def test_cosignatures_are_found_by_witness_and_since_a_row(
    endorsements: EndorsementTables,
) -> None:
    for size, key in ((2, W1), (3, W1), (3, W2), (4, W2)):
        endorsements.cosign(size, key, b"line")
    assert (endorsements.cosigned_by(W1), endorsements.cosigned_by(W2)) == (3, 4)
    rows = endorsements.cosigned_since(0, 9)
    assert [(row.size, row.witness) for row in rows] == [
        (2, name_of(W1)),
        (3, name_of(W1)),
        (3, name_of(W2)),
        (4, name_of(W2)),
    ]
    assert endorsements.cosigned_since(rows[1].id, 9) == rows[2:]
    assert endorsements.cosigned_since(0, 2) == rows[2:]
    assert endorsements.cosigned_since(rows[3].id, 9) == []


def test_stamps_are_found_by_size_and_the_newest_one_wins(
    endorsements: EndorsementTables,
) -> None:
    stamps = [Stamp(2, b"n2", b"t1", "a"), Stamp(4, b"n4", b"t2", "b"), Stamp(2, b"n2", b"t3", "c")]
    assert endorsements.last_stamp() is None
    for each in stamps:
        endorsements.stamp(each)
    assert (endorsements.last_stamp(), endorsements.last_stamp(4)) == (stamps[2], stamps[1])
    assert endorsements.last_stamp(3) is None
    assert endorsements.stamped(2, 4) == {2: "c", 4: "b"}
    assert endorsements.stamped(3, 3) == {}
