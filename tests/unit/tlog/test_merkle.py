"""The tree: hashes, growth from tiles, proofs made, verified and refused."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import RefusedError
from ledger.tlog import merkle
from ledger.tlog.merkle import EMPTY_ROOT, Edge, Prover, verify_consistency, verify_inclusion
from tests.support.trees import root_of

VECTORS = Path(__file__).parents[2] / "vectors" / "tlog"
TREES: list[dict[str, Any]] = json.loads((VECTORS / "trees.json").read_text())["trees"]
MOST = 65_537
SMALL = 70

LEAVES = [hashlib.sha256(b"\0entry %d" % index).digest() for index in range(MOST)]


def grown() -> dict[tuple[int, int], bytes]:
    _, tiles = Edge().extend(b"".join(LEAVES))
    return {(tile.level, tile.n): tile.hashes for tile in tiles}


TILES = grown()


def read(level: int, n: int, width: int) -> bytes:
    hashes = TILES[level, n][: 32 * width]
    assert len(hashes) == 32 * width
    return hashes


def hashes(proof: list[str]) -> list[bytes]:
    return [bytes.fromhex(each) for each in proof]


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: str(tree["size"]))
def test_the_roots_are_those_of_the_vectors(tree: dict[str, Any]) -> None:
    size, root = tree["size"], bytes.fromhex(tree["root"])
    assert root_of(b"".join(LEAVES[:size])) == root
    assert Prover(size, read).root() == root
    assert merkle.edge(size, read).root() == root


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: str(tree["size"]))
def test_inclusion_proofs_are_those_of_the_vectors(tree: dict[str, Any]) -> None:
    size, root = tree["size"], bytes.fromhex(tree["root"])
    for each in tree["inclusion"]:
        proof = hashes(each["proof"])
        assert list(Prover(size, read).inclusion(each["index"])) == proof
        verify_inclusion(LEAVES[each["index"]], each["index"], size, proof, root)


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: str(tree["size"]))
def test_consistency_proofs_are_those_of_the_vectors(tree: dict[str, Any]) -> None:
    roots = {each["size"]: bytes.fromhex(each["root"]) for each in TREES}
    for each in tree["consistency"]:
        old, new, proof = each["from"], tree["size"], hashes(each["proof"])
        assert list(Prover(new, read).consistency(old)) == proof
        verify_consistency(old, roots[old], new, roots[new], proof)


def test_older_trees_are_proved_from_the_tiles_of_a_newer_one() -> None:
    prover = Prover(MOST, read)
    for tree in TREES:
        assert prover.root(tree["size"]) == bytes.fromhex(tree["root"])
        for each in tree["inclusion"]:
            proof = prover.inclusion(each["index"], tree["size"])
            assert list(proof) == hashes(each["proof"])
        for each in tree["consistency"]:
            proof = prover.consistency(each["from"], tree["size"])
            assert list(proof) == hashes(each["proof"])


def test_every_proof_of_every_small_tree_verifies() -> None:
    roots = [root_of(b"".join(LEAVES[:size])) for size in range(SMALL + 1)]
    for size in range(1, SMALL + 1):
        prover = Prover(size, read)
        for index in range(size):
            verify_inclusion(LEAVES[index], index, size, prover.inclusion(index), roots[size])
            proof = prover.consistency(index)
            verify_consistency(index, roots[index], size, roots[size], proof)


def test_an_inclusion_proof_proves_no_other_leaf_place_or_size() -> None:
    for size in range(1, 20):
        prover = Prover(size, read)
        for index in range(size):
            proof = prover.inclusion(index)
            for other in range(25):
                if other != index:
                    with pytest.raises(RefusedError):
                        verify_inclusion(LEAVES[index], other, size, proof, prover.root())
                    with pytest.raises(RefusedError):
                        verify_inclusion(LEAVES[other], index, size, proof, prover.root())


def test_a_consistency_proof_proves_no_other_pair_of_trees() -> None:
    roots = [root_of(b"".join(LEAVES[:size])) for size in range(21)]
    for new in range(1, 20):
        for old in range(1, new):
            proof = Prover(new, read).consistency(old)
            for other in range(1, 21):
                if other != old:
                    with pytest.raises(RefusedError):
                        verify_consistency(old, roots[other], new, roots[new], proof)
                if other != new:
                    with pytest.raises(RefusedError):
                        verify_consistency(old, roots[old], new, roots[other], proof)


def mutated(draw: st.DataObject, proof: list[bytes]) -> list[bytes]:
    """Return the proof with one bit changed, one hash missing, doubled, added or two swapped."""
    place = draw.draw(st.integers(0, len(proof) - 1))
    match draw.draw(st.sampled_from(["bit", "drop", "double", "add", "swap", "shorten"])):
        case "bit":
            bit = draw.draw(st.integers(0, 255))
            changed = bytearray(proof[place])
            changed[bit // 8] ^= 1 << bit % 8
            return [*proof[:place], bytes(changed), *proof[place + 1 :]]
        case "drop":
            return [*proof[:place], *proof[place + 1 :]]
        case "double":
            return [*proof[:place], proof[place], *proof[place:]]
        case "add":
            return [*proof, bytes(32)]
        case "shorten":
            return [*proof[:place], proof[place][:-1], *proof[place + 1 :]]
        case _:
            other = draw.draw(st.integers(0, len(proof) - 1))
            swapped = [*proof]
            swapped[place], swapped[other] = proof[other], proof[place]
            return swapped


@given(st.data(), st.integers(2, MOST))
def test_a_changed_inclusion_proof_is_refused(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    prover = Prover(size, read)
    proof = [*prover.inclusion(index)]
    changed = mutated(data, proof)
    if changed != proof:
        with pytest.raises(RefusedError):
            verify_inclusion(LEAVES[index], index, size, changed, prover.root())


@given(st.data(), st.integers(2, MOST))
def test_a_changed_consistency_proof_is_refused(data: st.DataObject, new: int) -> None:
    old = data.draw(st.integers(1, new - 1))
    prover = Prover(new, read)
    proof = [*prover.consistency(old)]
    changed = mutated(data, proof)
    if changed != proof:
        with pytest.raises(RefusedError):
            verify_consistency(old, prover.root(old), new, prover.root(), changed)


@given(st.lists(st.integers(1, 700), min_size=1, max_size=8))
def test_a_tree_grown_in_any_steps_has_the_same_tiles(steps: list[int]) -> None:
    edge = Edge()
    tiles: dict[tuple[int, int], bytes] = {}
    for step in steps:
        edge, touched = edge.extend(b"".join(LEAVES[edge.size : edge.size + step]))
        tiles |= {(tile.level, tile.n): tile.hashes for tile in touched}
    assert edge.size == sum(steps)
    assert edge.root() == Prover(edge.size, read).root()
    for (level, n), row in tiles.items():
        assert row == read(level, n, merkle.width(edge.size, level, n))


def test_growing_costs_one_interior_hash_a_leaf(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = 0

    def counting(raw: bytes) -> Any:
        nonlocal counted
        counted += 1
        return hashlib.sha256(raw)

    monkeypatch.setattr(merkle, "_sha256", counting)
    Edge().extend(b"".join(LEAVES[:65_536]))
    assert counted == 65_535


@pytest.mark.parametrize(
    ("size", "level", "n", "width"),
    [
        (0, 0, 0, 0),
        (1, 0, 0, 1),
        (1, 0, 1, 0),
        (256, 0, 0, 256),
        (256, 0, 1, 0),
        (256, 1, 0, 1),
        (70_000, 0, 272, 256),
        (70_000, 0, 273, 112),
        (70_000, 0, 274, 0),
        (70_000, 1, 0, 256),
        (70_000, 1, 1, 17),
        (70_000, 2, 0, 1),
        (70_000, 3, 0, 0),
        (70_000, 63, 0, 0),
    ],
)
def test_a_tree_has_the_tiles_of_the_specification(
    size: int, level: int, n: int, width: int
) -> None:
    assert merkle.width(size, level, n) == width


@pytest.mark.parametrize(
    ("old", "old_root", "new", "new_root", "proof"),
    [
        (0, bytes(32), 1, LEAVES[0], []),
        (0, EMPTY_ROOT, 1, LEAVES[0], [LEAVES[0]]),
        (0, EMPTY_ROOT, 0, LEAVES[0], []),
        (0, LEAVES[0], 0, LEAVES[0], []),
        (1, LEAVES[0], 1, LEAVES[1], []),
        (1, LEAVES[0], 1, LEAVES[0], [LEAVES[0]]),
        (2, LEAVES[0], 1, LEAVES[0], []),
        (1, LEAVES[0], 2, LEAVES[1], []),
        (-1, LEAVES[0], 1, LEAVES[0], []),
        (1, LEAVES[0], 2**63, LEAVES[0], [LEAVES[0]]),
        (1, b"", 1, b"", []),
    ],
)
def test_trees_without_anything_to_prove_are_compared(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: list[bytes]
) -> None:
    with pytest.raises(RefusedError):
        verify_consistency(old, old_root, new, new_root, proof)


def test_the_empty_tree_is_the_beginning_of_every_tree() -> None:
    verify_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    verify_consistency(0, EMPTY_ROOT, 1, LEAVES[0], [])


@pytest.mark.parametrize("index", [-1, 1, 2**63])
def test_a_leaf_outside_the_tree_is_refused(index: int) -> None:
    with pytest.raises(RefusedError):
        verify_inclusion(LEAVES[0], index, 1, [], LEAVES[0])
    with pytest.raises(ValueError, match="index must be below"):
        Prover(1, read).inclusion(index)
