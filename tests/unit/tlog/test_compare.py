"""What two checkpoints prove: nothing, that a log grew, or that it lied."""

import pytest

from ledger.errors import RefusedError
from ledger.tlog import checkpoint, vkeys
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.compare import Comparison, ConsistencyProof, compare
from tests.support.trees import NOW_S, Tree

ORIGIN = "ledger.example.com/a"
SIGNERS = vkeys.generate(ORIGIN)
KEYS = [signer.key for signer in SIGNERS]
LEAVES = b"".join(bytes([n]) * 32 for n in range(20))
TREE = Tree(ORIGIN, LEAVES, SIGNERS)
FORK = Tree(ORIGIN, LEAVES[: 32 * 8] + b"f" * 32 + LEAVES[32 * 9 :], SIGNERS)


def found(first: bytes, second: bytes, proof: ConsistencyProof | None = None) -> Comparison:
    there = compare(first, second, KEYS, expected_origin=ORIGIN, proof=proof)
    assert there == compare(second, first, KEYS, expected_origin=ORIGIN, proof=proof)
    return there


def proof_of(tree: Tree, old: int, new: int) -> ConsistencyProof:
    return ConsistencyProof(tree.prover.root(old), tree.prover.consistency(old, new))


def test_one_tree_twice_proves_nothing() -> None:
    assert found(TREE.note(12), TREE.note(12)).outcome == "same"
    assert found(TREE.note(8), FORK.note(8)).outcome == "same"


def test_two_trees_of_one_size_prove_a_fork() -> None:
    finding = found(TREE.note(12), FORK.note(12))
    assert finding == Comparison("forked", "the log signed two different trees of 12 entries")


def test_two_sizes_alone_prove_nothing() -> None:
    assert found(TREE.note(9), TREE.note(12)).outcome == "unproven"
    assert found(TREE.note(9), FORK.note(12)).outcome == "unproven"


@pytest.mark.parametrize(("old", "new"), [(1, 20), (7, 12), (8, 20), (9, 20), (16, 17), (19, 20)])
def test_the_larger_trees_own_proof_tells(old: int, new: int) -> None:
    mine, theirs = proof_of(TREE, old, new), proof_of(FORK, old, new)
    assert found(TREE.note(old), TREE.note(new), mine).outcome == "consistent"
    expected = "forked" if old > 8 else "consistent"
    assert found(TREE.note(old), FORK.note(new), theirs).outcome == expected
    assert found(FORK.note(old), TREE.note(new), mine).outcome == expected


def test_a_proof_of_another_tree_accuses_nobody() -> None:
    real = proof_of(TREE, 9, 20)
    for bad in (
        proof_of(FORK, 9, 20),
        proof_of(TREE, 10, 20),
        ConsistencyProof(real.old_root, ()),
        ConsistencyProof(real.old_root, real.hashes[:-1]),
        ConsistencyProof(bytes(32), real.hashes),
        ConsistencyProof(real.old_root, (bytes(32), *real.hashes[1:])),
        ConsistencyProof(b"", real.hashes),
    ):
        assert found(TREE.note(9), TREE.note(20), bad).outcome == "unproven"


def test_an_empty_log_is_the_beginning_of_every_log() -> None:
    assert found(TREE.note(0), FORK.note(12), proof_of(FORK, 0, 12)).outcome == "consistent"


def test_only_what_the_logs_keys_signed_counts() -> None:
    stranger = checkpoint.sign(FORK.at(12), vkeys.generate(ORIGIN), now_s=NOW_S)
    with pytest.raises(RefusedError) as refused:
        compare(TREE.note(12), stranger, KEYS, expected_origin=ORIGIN)
    assert refused.value.code == "note_unsigned"
    other = checkpoint.sign(Checkpoint("b", 12, bytes(32)), SIGNERS, now_s=NOW_S)
    with pytest.raises(RefusedError) as refused:
        compare(TREE.note(12), other, KEYS, expected_origin=ORIGIN)
    assert refused.value.code == "note_origin_mismatch"
