"""The offline verifier decides each restore as the auditor in Python does."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.vectors.restores.make import PATH

FOUND: dict[str, Any] = json.loads(PATH.read_text("utf-8"))
# The code with which the auditor refuses the last event, null where it accepts it.
DECIDED = """async ([story, last]) => {
    const { decodeEvent } = await import("/verify/domain/events.js");
    const { concat } = await import("/verify/encoding.js");
    const { bytesOf } = await import("/static/js/lib/digest.js");
    const { Auditor } = await import("/verify/verify/auditor.js");
    const decoded = (shown) => decodeEvent(
        shown, shown.position, concat(new Uint8Array(32), bytesOf(JSON.stringify(shown.body))));
    const auditor = new Auditor();
    for (const shown of story) await auditor.add(await decoded(shown));
    try {
        await auditor.add(await decoded(last));
        return null;
    } catch (error) {
        return error.code ?? String(error);
    }
}"""


@pytest.mark.parametrize("case", FOUND["cases"], ids=lambda case: str(case["name"]))
def test_the_offline_verifier_decides_each_case(page: Page, case: dict[str, Any]) -> None:
    story = FOUND["stories"][case["story"]]
    assert page.evaluate(DECIDED, [story, case["event"]]) == case["code"]
