"""The offline verifier decides each change as the auditor in Python does."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.vectors.changes.make import PATH

FOUND: dict[str, Any] = json.loads(PATH.read_text("utf-8"))
# The code with which the auditor refuses an event and its position; null where it accepts them all.
DECIDED = """async ([events, complete]) => {
    const { decodeEvent } = await import("/verify/domain/events.js");
    const { concat } = await import("/verify/encoding.js");
    const { bytesOf } = await import("/static/js/lib/digest.js");
    const { Auditor } = await import("/verify/verify/auditor.js");
    const decoded = (shown) => decodeEvent(
        shown, shown.position, concat(new Uint8Array(32), bytesOf(JSON.stringify(shown.body))));
    const auditor = new Auditor({ complete });
    let position = 0;
    try {
        for (const shown of events) {
            position = shown.position;
            await auditor.add(await decoded(shown));
        }
        auditor.finish();
        return null;
    } catch (error) {
        return [error.code ?? String(error), position];
    }
}"""


@pytest.mark.parametrize("case", FOUND["cases"], ids=lambda case: str(case["name"]))
def test_the_offline_verifier_decides_each_case(page: Page, case: dict[str, Any]) -> None:
    streams = case.get("streams")
    told = [*FOUND["story"], *case["events"]]
    events = [shown for shown in told if streams is None or shown["stream"] in streams]
    last = None if case["code"] is None else [case["code"], events[-1]["position"]]
    assert page.evaluate(DECIDED, [events, streams is None]) == last
