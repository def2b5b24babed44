"""The offline verifier and the one in Python say the same of somebody who was re-enrolled."""

import json
from typing import Any

import msgspec
import pytest
from playwright.sync_api import expect

from ledger.verify.bundle import verify
from ledger.verify.container import Mode
from tests.browser.offline import Verifier
from tests.browser.test_verifier import KEY, essence
from tests.support.actor import now_ms
from tests.support.comebacks import admitted_story, returned_story, with_old_key
from tests.support.dossier import APPROVED, REJECTED, bundle_of, log_signer

TOLD = returned_story()
STATES = {
    "as it was": TOLD.states,
    "with an older key": with_old_key(TOLD),
    "suspended since": returned_story(suspended=True).states,
}


def in_python(raw: bytes) -> dict[str, Any]:
    found = verify(raw, expected_keys=[log_signer().key], now_ms=now_ms())
    return essence(json.loads(msgspec.json.encode(found)))


@pytest.mark.parametrize("mode", ["statement", "redacted", "full"])
@pytest.mark.parametrize("states", STATES)
def test_both_verifiers_say_the_same_of_a_re_enrolled_person(
    verifier: Verifier, mode: Mode, states: str
) -> None:
    raw = bundle_of(STATES[states], mode, APPROVED, REJECTED)
    assert essence(verifier.check(raw, KEY)) == in_python(raw)


@pytest.mark.parametrize("mode", ["statement", "full"])
def test_both_verifiers_say_whom_the_operator_let_in(verifier: Verifier, mode: Mode) -> None:
    raw = bundle_of(admitted_story().states, mode, APPROVED)
    shown = essence(verifier.check(raw, KEY))
    assert shown == in_python(raw)
    assert shown["statements"][0]["decisions"][0]["admittedBy"] == "operator"
    expect(verifier.page.get_by_text("person let in by the operator")).to_have_count(1)


def test_the_page_says_it_beside_each_decision(verifier: Verifier) -> None:
    verifier.check(bundle_of(TOLD.states, "full", APPROVED, REJECTED), KEY)
    expect(verifier.page.get_by_text("person re-enrolled")).to_have_count(2)
    expect(verifier.page.get_by_text("person suspended now")).to_have_count(0)


def test_the_page_says_who_is_suspended_beside_each_decision(verifier: Verifier) -> None:
    verifier.check(bundle_of(STATES["suspended since"], "full", APPROVED, REJECTED), KEY)
    expect(verifier.page.get_by_text("person suspended now")).to_have_count(2)
