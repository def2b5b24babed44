"""A bundle without an event that a decision saw is refused, at that decision."""

import pytest

from ledger import clock
from ledger.verify.bundle import verify
from ledger.verify.report import VerificationReport
from tests.support.dossier import AT, log_signer
from tests.support.left_out import LEFT_OUT, without


def reported(raw: bytes) -> VerificationReport:
    return verify(raw, expected_keys=(log_signer().key,), now_ms=clock.to_ms(AT))


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_bundle_without_what_a_decision_saw_is_refused(name: str) -> None:
    positions, decision = LEFT_OUT[name]
    report = reported(without([*positions, *later(positions)]))
    found = {each.name: (each.outcome, each.code, each.position) for each in report.checks}
    assert found["policy"] == ("failed", "seen_mismatch", decision)
    assert report.verdict == "invalid"


def later(positions: list[int]) -> list[int]:
    """Return the later events of Bob's stream, which would have a gap before them."""
    return [each for each in (14, 16, 18) if each > min(positions) and each not in positions]
