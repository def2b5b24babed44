"""The offline verifier refuses a bundle without what a decision saw, as the one in Python does."""

import pytest

from tests.browser.offline import Verifier
from tests.support.dossier import log_signer
from tests.support.left_out import LEFT_OUT, whole, without

KEY = log_signer().key.vkey


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_bundle_without_what_a_decision_saw_is_refused(verifier: Verifier, name: str) -> None:
    positions, decision = LEFT_OUT[name]
    later = [each for each in (12, 14, 16) if each > min(positions)]
    report = verifier.check(without([*positions, *later]), KEY)
    (policy,) = [each for each in report["checks"] if each["name"] == "policy"]
    found = (policy["outcome"], policy["code"], policy["position"])
    assert found == ("failed", "seen_mismatch", decision)
    assert report["verdict"] == "invalid"


def test_what_came_after_the_last_decision_may_be_left_out(verifier: Verifier) -> None:
    assert verifier.check(whole(), KEY)["verdict"] == "verified"
    assert verifier.check(without([16]), KEY)["verdict"] == "verified"
