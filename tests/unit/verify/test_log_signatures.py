"""Which of a log's announced keys signed a checkpoint, and when each of them has to."""

import pytest

from ledger.errors import UnverifiableError
from ledger.verify.log_signatures import signed_by
from tests.support.tlog_vectors import ED25519, ML_DSA_44, NOTE, ORIGIN

BOTH = (ED25519, ML_DSA_44)
TEXT, SIGNATURES = NOTE.split("\n\n")
ED_LINE, ML_LINE = SIGNATURES.splitlines()[:2]


def says(note: str, *, all_keys: bool = False) -> str:
    said, _ = signed_by(note.encode(), BOTH, ORIGIN, announced=BOTH, all_keys=all_keys)
    return said


@pytest.mark.parametrize("all_keys", [True, False])
def test_keys_that_all_signed_are_named(*, all_keys: bool) -> None:
    assert says(NOTE, all_keys=all_keys).endswith("the announced Ed25519 and ML-DSA-44 keys.")


@pytest.mark.parametrize(
    ("line", "signed", "lost"),
    [(ED_LINE, "Ed25519", "ML-DSA-44"), (ML_LINE, "ML-DSA-44", "Ed25519")],
)
def test_a_line_that_is_missing_is_told_and_refused_where_all_are_required(
    line: str, signed: str, lost: str
) -> None:
    note = f"{TEXT}\n\n{line}\n"
    told = f"the announced {signed} key. The line of the announced {lost} key is missing."
    assert says(note).endswith(told)
    with pytest.raises(UnverifiableError) as refused:
        says(note, all_keys=True)
    assert refused.value.code == "log_key_unsigned"
