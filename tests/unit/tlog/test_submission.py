"""What a witness decides on a submission: a log goes on, or it is told why not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import LedgerError, MalformedError
from ledger.tlog import checkpoint, vkeys
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.merkle import EMPTY_ROOT
from ledger.tlog.submission import Submission, decide, parse_submission
from tests.support.trees import NOW_S, Tree, root_of

ORIGIN = "ledger.example.com/a"
SIGNERS = vkeys.generate(ORIGIN)
STRANGERS = vkeys.generate(ORIGIN)
LOGS = {ORIGIN: [SIGNERS[0].key, SIGNERS[1].key]}


def signed(point: Checkpoint, signers: tuple[vkeys.NoteSigner, ...] = SIGNERS) -> bytes:
    return checkpoint.sign(point, signers, now_s=NOW_S)


LEAVES = b"".join(bytes([n]) * 32 for n in range(20))
TREE = Tree(ORIGIN, LEAVES, SIGNERS)
FORK = Tree(ORIGIN, LEAVES[: 32 * 8] + LEAVES[32 * 9 :] + bytes(32), SIGNERS)


@pytest.mark.parametrize("new", [0, 1, 7, 8, 20])
def test_a_first_checkpoint_needs_no_proof(new: int) -> None:
    assert decide(TREE.submit(0, new), LOGS, None) == TREE.at(new)


@pytest.mark.parametrize(("old", "new"), [(0, 5), (1, 2), (7, 20), (8, 20), (16, 17), (20, 20)])
def test_a_checkpoint_that_continues_the_last_one_is_cosigned(old: int, new: int) -> None:
    assert decide(TREE.submit(old, new), LOGS, TREE.at(old)) == TREE.at(new)


def refusal(submission: Submission, known: Checkpoint | None) -> tuple[str, str]:
    with pytest.raises(LedgerError) as refused:
        decide(submission, LOGS, known)
    return type(refused.value).__name__, refused.value.code


def test_a_rollback_is_answered_with_the_known_size() -> None:
    with pytest.raises(LedgerError) as refused:
        decide(TREE.submit(7, 9), LOGS, TREE.at(12))
    assert (refused.value.code, refused.value.evidence) == ("size_mismatch", {"size": 12})
    older = TREE.submit(9, 9)
    assert refusal(older, TREE.at(12)) == ("ConflictError", "size_mismatch")
    assert refusal(TREE.submit(12, 9), TREE.at(12)) == ("MalformedError", "submission_malformed")
    assert refusal(TREE.submit(0, 9), TREE.at(12)) == ("ConflictError", "size_mismatch")


@pytest.mark.parametrize(("old", "new"), [(9, 9), (9, 12), (12, 20), (16, 20), (20, 20)])
def test_a_fork_is_refused(old: int, new: int) -> None:
    assert refusal(FORK.submit(old, new), TREE.at(old)) == ("RefusedError", "consistency_refused")


def test_what_forks_later_is_no_fork_yet() -> None:
    assert decide(FORK.submit(8, 9), LOGS, TREE.at(8)) == FORK.at(9)


def test_a_wrong_proof_is_refused() -> None:
    proof = TREE.prover.consistency(7, 20)
    for bad in ((), proof[:-1], (*proof, bytes(32)), (bytes(32), *proof[1:]), proof[::-1]):
        found = refusal(TREE.submit(7, 20, proof=bad), TREE.at(7))
        assert found == ("RefusedError", "consistency_refused")
    for old in (0, 20):
        found = refusal(TREE.submit(old, 20, proof=(bytes(32),)), TREE.at(old))
        assert found == ("RefusedError", "consistency_refused")


def test_an_empty_tree_has_the_root_of_nothing() -> None:
    bad = signed(Checkpoint(ORIGIN, 0, bytes(32)))
    assert refusal(TREE.submit(0, 0, note=bad), None) == ("RefusedError", "consistency_refused")
    assert TREE.at(0).root == EMPTY_ROOT


def test_unknown_logs_and_unsigned_checkpoints_have_different_errors() -> None:
    other = Checkpoint("ledger.example.com/b", 5, bytes(32))
    elsewhere = TREE.submit(0, 5, note=signed(other))
    assert refusal(elsewhere, None) == ("NotFoundError", "origin_unknown")
    stranger = TREE.submit(0, 5, note=signed(TREE.at(5), STRANGERS))
    assert refusal(stranger, None) == ("ForbiddenError", "checkpoint_unsigned")
    text = TREE.at(5).text().encode() + b"\n"
    wrong = text + signed(TREE.at(6)).partition(b"\n\n")[2]
    assert refusal(TREE.submit(0, 5, note=wrong), None) == ("ForbiddenError", "checkpoint_unsigned")


def test_strangers_lines_are_passed_over() -> None:
    note = signed(TREE.at(5)) + checkpoint.sign_lines(TREE.at(5), STRANGERS, now_s=NOW_S)
    assert decide(TREE.submit(0, 5, note=note), LOGS, None) == TREE.at(5)


def test_a_submission_is_text_in_the_form_of_the_specification() -> None:
    submission = TREE.submit(7, 20)
    raw = submission.to_bytes()
    first, *hashes = raw.partition(b"\n\n")[0].decode().split("\n")
    assert first == "old 7"
    assert [len(line) for line in hashes] == [44] * len(submission.proof)
    assert raw.endswith(b"\n\n" + submission.note)
    assert parse_submission(raw) == submission


HASH = "A" * 43 + "="
NOTE = signed(TREE.at(5)).decode()


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "\n",
        "\n\n",
        NOTE,
        f"\n{NOTE}",
        f"old\n\n{NOTE}",
        f"old \n\n{NOTE}",
        f"old 01\n\n{NOTE}",
        f"old -1\n\n{NOTE}",
        f"old +1\n\n{NOTE}",
        f"old 1 \n\n{NOTE}",
        f"old  1\n\n{NOTE}",
        f"old 1_0\n\n{NOTE}",
        f"old 9223372036854775808\n\n{NOTE}",
        f"Old 1\n\n{NOTE}",
        f"new 1\n\n{NOTE}",
        f"old 1\r\n\r\n{NOTE}",
        f"old 1\n{NOTE}",
        f"old 1\n{HASH[:-1]}\n\n{NOTE}",
        f"old 1\nAAAA\n\n{NOTE}",
        f"old 1\n {HASH}\n\n{NOTE}",
        "old 1\n" + f"{HASH}\n" * 64 + f"\n{NOTE}",
        f"old é\n\n{NOTE}",
    ],
)
def test_any_other_submission_is_refused(raw: str) -> None:
    with pytest.raises(MalformedError) as refused:
        parse_submission(raw.encode())
    assert refused.value.code == "submission_malformed"


def test_63_hashes_are_accepted() -> None:
    assert len(parse_submission(("old 1\n" + f"{HASH}\n" * 63 + f"\n{NOTE}").encode()).proof) == 63


@given(st.binary(max_size=200))
def test_bytes_that_are_no_submission_are_refused(raw: bytes) -> None:
    with pytest.raises(LedgerError):
        decide(parse_submission(raw), LOGS, None)


SUBMISSION = TREE.submit(7, 20).to_bytes()


@given(st.integers(0, len(SUBMISSION) - 1), st.integers(0, 7))
def test_a_submission_with_one_changed_bit_never_leads_to_another_checkpoint(
    place: int, bit: int
) -> None:
    raw = bytearray(SUBMISSION)
    raw[place] ^= 1 << bit
    try:
        found = decide(parse_submission(bytes(raw)), LOGS, TREE.at(7))
    except LedgerError:
        return
    assert found == TREE.at(20)
    assert found.root == root_of(LEAVES)
