"""The offline verifier decides each change, recovery and loss as the auditor in Python does."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.vectors.changes.make import PATH as CHANGES
from tests.vectors.losses.make import PATH as LOSSES
from tests.vectors.operator_recovery.make import PATH as OPERATORS
from tests.vectors.re_enrolment.make import PATH as RE_ENROLMENTS
from tests.vectors.recovery_codes.make import PATH as RECOVERIES

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


def cases() -> Iterator[Any]:
    """Yield the story and each case of every file."""
    for path in (CHANGES, RECOVERIES, RE_ENROLMENTS, OPERATORS, LOSSES):
        found = json.loads(path.read_text("utf-8"))
        for case in found["cases"]:
            yield pytest.param(found["story"], case, id=f"{path.parent.name}: {case['name']}")


@pytest.mark.parametrize(("story", "case"), [*cases()])
def test_the_offline_verifier_decides_each_case(
    page: Page, story: list[Any], case: dict[str, Any]
) -> None:
    streams = case.get("streams")
    told = [*story, *case["events"]]
    events = [shown for shown in told if streams is None or shown["stream"] in streams]
    last = None if case["code"] is None else [case["code"], events[-1]["position"]]
    assert page.evaluate(DECIDED, [events, streams is None]) == last
