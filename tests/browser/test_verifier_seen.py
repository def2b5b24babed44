"""The offline verifier refuses a bundle without what a decision saw, as the one in Python does."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.offline import Verifier
from tests.support.dossier import log_signer
from tests.support.left_out import LEFT_OUT, whole, without
from tests.vectors.heads.make import PATH

FOUND: dict[str, Any] = json.loads(PATH.read_text("utf-8"))
CHECK_HEADS = """async ([jwt, { root, size }, shown, heads, ledger]) => {
    const { checkHeads } = await import("/verify/verify/heads.js");
    const { fromBase64 } = await import("/verify/encoding.js");
    const raw = jwt === null ? undefined : Uint8Array.from(jwt, (each) => each.charCodeAt(0));
    const streams = new Map(Object.entries(shown));
    try {
        await checkHeads(raw, { root: fromBase64(root), size }, streams, { heads, ledger });
        return null;
    } catch (error) {
        return error.code ?? String(error);
    }
}"""
KEY = log_signer().key.vkey


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_bundle_without_what_a_decision_saw_is_refused(verifier: Verifier, name: str) -> None:
    positions, decision = LEFT_OUT[name]
    later = [each for each in (14, 16, 18) if each > min(positions)]
    report = verifier.check(without([*positions, *later]), KEY)
    (policy,) = [each for each in report["checks"] if each["name"] == "policy"]
    found = (policy["outcome"], policy["code"], policy["position"])
    assert found == ("failed", "seen_mismatch", decision)
    assert report["verdict"] == "invalid"


def test_a_bundle_without_a_later_event_of_a_stream_is_refused(verifier: Verifier) -> None:
    assert verifier.check(whole(), KEY)["verdict"] == "verified"
    report = verifier.check(without([18]), KEY)
    (heads,) = [each for each in report["checks"] if each["name"] == "heads"]
    assert (heads["outcome"], heads["code"]) == ("failed", "events_left_out")
    assert report["verdict"] == "invalid"


@pytest.mark.parametrize("case", FOUND["cases"], ids=lambda case: str(case["name"]))
def test_heads_are_decided_as_the_vector_file_says(page: Page, case: dict[str, Any]) -> None:
    given = [case["jwt"], FOUND["tree"], case["shown"], FOUND["heads"], FOUND["ledger"]]
    assert page.evaluate(CHECK_HEADS, given) == case["code"]
