"""Evidence of somebody who was re-enrolled: reports say so; an older key proves nothing more."""

import pytest

from ledger import clock
from ledger.domain.events import PasskeyAdded
from ledger.verify.bundle import verify
from ledger.verify.container import Mode
from ledger.verify.report import VerificationReport
from ledger.verify.report_words import told_limits
from tests.support.comebacks import returned_story, with_old_key
from tests.support.dossier import APPROVED, REJECTED, bundle_of, log_signer

TOLD = returned_story()
(SINCE,) = (
    each.body.active_from
    for each in TOLD.events
    if isinstance(each.body, PasskeyAdded) and each.body.active_from is not None
)


def report(states: list[bytes], mode: Mode) -> VerificationReport:
    raw = bundle_of(states, mode, APPROVED, REJECTED)
    return verify(raw, expected_keys=[log_signer().key], now_ms=TOLD.time.ms)


@pytest.mark.parametrize("mode", ["statement", "redacted", "full"])
def test_each_decision_of_somebody_re_enrolled_says_since_when(mode: Mode) -> None:
    found = report(TOLD.states, mode)
    assert found.verdict == "verified"
    decided = [each for shown in found.statements for each in shown.decisions]
    assert [(each.name, each.re_enrolled_at) for each in decided] == [("Bob", SINCE)] * 2
    assert [each.key_revoked for each in decided] == [True, False]
    assert told_limits(decided[0]) == f", key revoked later, person re-enrolled {SINCE}"
    assert told_limits(decided[1]) == f", person re-enrolled {SINCE}"
    assert [each.standing for each in decided] == ["active"] * 2


def test_a_re_enrolment_that_waits_is_not_told() -> None:
    states = TOLD.states[:-3]
    since_ms = clock.to_ms(SINCE)
    for now_ms, told in ((since_ms - 1, None), (since_ms, SINCE)):
        raw = bundle_of(states, "full", APPROVED)
        (shown,) = verify(raw, now_ms=now_ms).statements
        assert [each.re_enrolled_at for each in shown.decisions] == [told]


@pytest.mark.parametrize("mode", ["statement", "redacted", "full"])
def test_an_approval_with_an_older_key_fails_the_check_of_keys(mode: Mode) -> None:
    found = report(with_old_key(TOLD), mode)
    assert found.verdict == "invalid"
    failed = [(each.name, each.code) for each in found.checks if each.outcome == "failed"]
    assert ("keys", "key_revoked") in failed


@pytest.mark.parametrize("mode", ["statement", "redacted", "full"])
def test_each_decision_of_somebody_suspended_since_says_so_and_counts(mode: Mode) -> None:
    found = report(returned_story(suspended=True).states, mode)
    assert found.verdict == "verified"
    decided = [each for shown in found.statements for each in shown.decisions]
    assert [each.standing for each in decided] == ["suspended"] * 2
    assert told_limits(decided[1]) == f", person re-enrolled {SINCE}, person suspended now"
