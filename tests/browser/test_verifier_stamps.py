"""The offline page reads the time that a time-stamp claims exactly where Python does."""

import json
from typing import Any

from playwright.sync_api import Page

from tests.vectors.stamps.make import PATH

FOUND: dict[str, Any] = json.loads(PATH.read_text("utf-8"))
DIFFERENT = """async ({ stamp, claims, flips, cases }) => {
    const { claimedTime } = await import("/verify/timestamp/response.js");
    const bytes = (text) => Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
    const wrong = cases.filter((each) => claimedTime(bytes(each.stamp)) !== each.claims);
    const found = wrong.map(({ name }) => name);
    const raw = bytes(stamp);
    for (const [mask, differing] of Object.entries(flips)) {
        for (let at = 0; at < raw.length; at += 1) {
            const changed = raw.slice();
            changed[at] ^= Number(mask);
            const expected = at in differing ? differing[at] : claims;
            if (claimedTime(changed) !== expected) found.push([mask, at]);
        }
    }
    return found;
}"""


def test_both_verifiers_read_the_same_time_in_each_stamp(page: Page) -> None:
    assert page.evaluate(DIFFERENT, FOUND) == []
