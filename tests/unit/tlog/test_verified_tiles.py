"""A tile is given out only after it led to the signed root, wherever it came from."""

from collections.abc import Callable

import pytest

from ledger.errors import RefusedError
from ledger.tlog.merkle import Prover, ReadTile, width
from ledger.tlog.tiles import tiles_of
from ledger.tlog.verified_tiles import VerifiedTiles
from ledger.tlog.vkeys import generate
from tests.support.static_log import StaticLog, entries_of
from tests.support.trees import Tree

ORIGIN = "ledger.example.com/a"
SIZES = (0, 1, 255, 256, 257, 511, 512, 1000, 65_536, 65_537, 65_793)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> StaticLog:
    return StaticLog(tmp_path_factory.mktemp("log"), entries_of(SIZES[-1]), generate(ORIGIN)[:1])


@pytest.mark.parametrize("size", SIZES)
def test_every_tile_of_a_tree_is_given_out_as_it_is(log: StaticLog, size: int) -> None:
    tiles = VerifiedTiles(log.tree.at(size), log.tile)
    for level, n, wide in tiles_of(size):
        assert tiles.read(level, n, wide) == log.tile(level, n, wide)


def changed(read: ReadTile, where: tuple[int, int], change: Callable[[bytes], bytes]) -> ReadTile:
    def changed_read(level: int, n: int, wide: int) -> bytes:
        raw = read(level, n, wide)
        return change(raw) if (level, n) == where else raw

    return changed_read


def flipped(raw: bytes) -> bytes:
    return raw[:-1] + bytes([raw[-1] ^ 1])


@pytest.mark.parametrize("change", [flipped, lambda raw: raw[:-1], lambda raw: raw + bytes(32)])
@pytest.mark.parametrize("where", [(0, 0), (0, 256), (0, 257), (1, 0), (1, 1), (2, 0)])
def test_a_tile_that_is_not_of_the_signed_tree_is_refused(
    log: StaticLog, where: tuple[int, int], change: Callable[[bytes], bytes]
) -> None:
    size = SIZES[-1]
    with pytest.raises(RefusedError) as caught:
        VerifiedTiles(log.tree.at(size), changed(log.tile, where, change)).read(*where)
    partial = width(size, *where) < 256
    assert caught.value.code == ("root_mismatch" if partial else "tile_mismatch")


def test_a_source_without_a_tile_or_with_another_is_passed_over(log: StaticLog) -> None:
    asked: list[tuple[int, int]] = []

    def second(level: int, n: int, wide: int) -> bytes:
        asked.append((level, n))
        return log.tile(level, n, wide)

    def first(level: int, n: int, wide: int) -> bytes:
        return {0: log.tile(0, 0, wide), 1: flipped(log.tile(0, 1, wide))}.get(n, b"")

    tiles = VerifiedTiles(log.tree.at(1000), first, second)
    assert [tiles.read(0, n) for n in range(3)] == [log.tile(0, n, 256) for n in range(3)]
    assert asked == [(0, 3), (1, 0), (0, 1), (0, 2)]


def test_a_proof_over_verified_tiles_is_the_trees_own(log: StaticLog) -> None:
    reference: Tree = log.tree
    prover = Prover(65_537, VerifiedTiles(reference.at(65_537), log.tile).read)
    assert prover.root(511) == reference.prover.root(511)
    assert prover.consistency(511) == reference.prover.consistency(511, 65_537)
